import * as vscode from 'vscode';
import { printable } from '../base/text';
import type { CommandName } from './names';
import { commands } from './names';

/** A name from a file inside Markdown: nothing in it is taken for markup. */
export function escaped(name: string): string {
  return printable(name, 120).replace(/[\\`*_{}[\]()#+\-.!|<>~&]/g, '\\$&');
}

/** A link that runs one of our commands. */
export function commandLink(label: string, command: CommandName, argument?: unknown): string {
  const query = argument === undefined ? '' : `?${encodeURIComponent(JSON.stringify([argument]))}`;
  return `[${label}](command:${commands[command]}${query})`;
}

/** Markdown whose links may run `allowed` and no other command, because names in it come from model files. */
export function trustedMarkdown(
  text: string,
  allowed: readonly CommandName[],
): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString(text, true);
  markdown.isTrusted = { enabledCommands: allowed.map((name) => commands[name]) };
  return markdown;
}

/** A table without a heading row, which Markdown itself does not know. */
export function table(rows: readonly (readonly [label: string, value: string])[]): string {
  return ['| | |', '|:--|:--|', ...rows.map(([label, value]) => `| ${label} | ${value} |`)].join(
    '\n',
  );
}

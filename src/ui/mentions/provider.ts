import * as vscode from 'vscode';
import { formatBytes, formatCount } from '../../base/format';
import type { Inspection } from '../../protocol/types';
import { onSettings, setting } from '../config';
import { commandLink, escaped, trustedMarkdown } from '../markdown';
import { exists } from '../models/localFile';
import { commands } from '../names';
import type { Services } from '../services';
import { findMentions, type Mention } from './find';
import { ModelPeek } from './peek';

const languages = [
  'python',
  'javascript',
  'javascriptreact',
  'typescript',
  'typescriptreact',
  'json',
  'jsonc',
  'yaml',
];

/** Each mention may cost a look at the disk: a list of thousands of files is not worth that. */
const mostMentions = 50;

class MentionLens extends vscode.CodeLens {
  constructor(
    readonly model: vscode.Uri,
    range: vscode.Range,
  ) {
    super(range);
  }
}

/** Says what a model costs wherever source code or configuration names its file. */
class Mentions
  implements vscode.CodeLensProvider<MentionLens>, vscode.HoverProvider, vscode.Disposable
{
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changes.event;
  private readonly settings = onSettings(['mentionLenses'], () => this.changes.fire());

  constructor(private readonly peek: ModelPeek) {}

  async provideCodeLenses(document: vscode.TextDocument): Promise<MentionLens[]> {
    if (!setting('mentionLenses', document.uri)) return [];
    const found = findMentions(document.getText(), document.languageId).slice(0, mostMentions);
    const lenses = await Promise.all(
      found.map(async (mention) => {
        const model = await resolveMention(mention.path, document.uri);
        return model ? [new MentionLens(model, rangeOf(mention))] : [];
      }),
    );
    return lenses.flat();
  }

  async resolveCodeLens(lens: MentionLens): Promise<MentionLens> {
    const inspection = await this.peek.inspect(lens.model);
    lens.command = {
      title: inspection
        ? `${figuresLine(inspection)} · ${vscode.l10n.t('Open profile')}`
        : vscode.l10n.t('This file is not a readable ONNX model'),
      command: commands.openDashboard,
      arguments: [lens.model],
    };
    return lens;
  }

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.Hover | undefined> {
    if (!setting('mentionHovers', document.uri)) return undefined;
    const line = document.lineAt(position.line).text;
    const found = findMentions(line, document.languageId).find(
      ({ from, to }) => from <= position.character && position.character <= to,
    );
    const model = found && (await resolveMention(found.path, document.uri));
    const inspection = model && (await this.peek.inspect(model));
    if (!inspection) return undefined;
    return new vscode.Hover(
      hoverText(model, inspection),
      rangeOf({ ...found, line: position.line }),
    );
  }

  dispose(): void {
    this.settings.dispose();
    this.changes.dispose();
  }
}

export function registerMentions({ engine, models }: Services): vscode.Disposable {
  const mentions = new Mentions(new ModelPeek(engine, models));
  const selector = languages.flatMap((language) =>
    ['file', 'vscode-notebook-cell'].map((scheme) => ({ language, scheme })),
  );
  return vscode.Disposable.from(
    mentions,
    vscode.languages.registerCodeLensProvider(selector, mentions),
    vscode.languages.registerHoverProvider(selector, mentions),
  );
}

function rangeOf({ line, from, to }: Mention): vscode.Range {
  return new vscode.Range(line, from, line, to);
}

/** The file that a path in a source means: absolute, beside the source, or below a folder of the workspace. */
async function resolveMention(path: string, source: vscode.Uri): Promise<vscode.Uri | undefined> {
  const beside = vscode.Uri.file(vscode.Uri.joinPath(source, '..').path);
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri);
  const isAbsolute = /^([\\/]|[a-z]:)/i.test(path);
  const candidates = isAbsolute
    ? [vscode.Uri.file(path)]
    : [beside, ...folders].map((folder) => vscode.Uri.joinPath(folder, path));
  for (const candidate of candidates) {
    if (candidate.scheme === 'file' && (await exists(candidate))) return candidate;
  }
  return undefined;
}

/** "22.7 M params · 90.9 MB". */
function figuresLine({ totals }: Inspection): string {
  const parameters = vscode.l10n.t('{0} params', formatCount(totals.parameters));
  return `${parameters} · ${formatBytes(totals.weightBytes)}`;
}

function hoverText(model: vscode.Uri, inspection: Inspection): vscode.MarkdownString {
  const { structure, model: facts } = inspection;
  const name = model.path.split('/').pop() ?? '';
  const address = model.toString();
  const what = [
    structure.family,
    structure.blocks > 0 && vscode.l10n.t('{0} blocks', structure.blocks),
    escaped(facts.producer),
  ].filter(Boolean);
  const links = [
    commandLink(vscode.l10n.t('Open profile'), 'openDashboard', address),
    commandLink(vscode.l10n.t('Open as text'), 'openText', address),
  ];
  return trustedMarkdown(
    [`**${escaped(name)}** · ${what.join(' · ')}`, figuresLine(inspection), links.join(' · ')].join(
      '\n\n',
    ),
    ['openDashboard', 'openText'],
  );
}

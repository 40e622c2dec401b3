import * as vscode from 'vscode';
import { isCancelled, isUserError, messageOf } from '../base/errors';
import { commands } from './names';

/** Tells the user that something they asked for failed: what, why, and what to do next. `about` names the file. */
export async function showError(error: unknown, about?: string): Promise<void> {
  if (isCancelled(error)) return;
  const log = vscode.l10n.t('Show Log');
  const restart = vscode.l10n.t('Restart Engine');
  const crashed = isUserError(error) && error.code === 'crash';
  const choice = await vscode.window.showErrorMessage(
    sentenceOf(error, about),
    ...(crashed ? [restart, log] : [log]),
  );
  if (choice === log) await vscode.commands.executeCommand(commands.showLog);
  if (choice === restart) await vscode.commands.executeCommand(commands.restartEngine);
}

/** Message and hint in one line; the file's name in front unless the message already says it. */
function sentenceOf(error: unknown, about?: string): string {
  const message = messageOf(error);
  const named = about === undefined || message.includes(about) ? message : `${about}: ${message}`;
  return isUserError(error) && error.hint ? `${named} ${error.hint}` : named;
}

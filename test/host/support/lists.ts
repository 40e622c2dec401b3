import * as vscode from 'vscode';
import { until } from './editor';

/** Presses Enter in the list that is open. */
export const accept = () =>
  vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');

/** Presses Enter in every list that comes up, until the command is done. */
export async function acceptAll(command: Thenable<unknown>): Promise<void> {
  let isDone = false;
  void command.then(() => (isDone = true));
  await until(async () => {
    await accept();
    return isDone;
  }, 'the command is done');
}

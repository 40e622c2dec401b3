import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { OpenModel } from '../../../src/ui/models/openModel';
import type { Extension } from '../../../src/extension';
import { views } from '../../../src/ui/names';
import { textUriOf } from '../../../src/ui/text/uri';

/** The extension's parts, as `activate` returned them. */
export async function parts(): Promise<Extension> {
  const extension = vscode.extensions.getExtension<Extension>('featherweight.featherweight');
  assert.ok(extension, 'the extension is installed');
  return extension.activate();
}

/** A file of the test's workspace. */
export function file(path: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'a workspace is open');
  return vscode.Uri.joinPath(folder.uri, path);
}

/** Opens a model as dashboard, by the way the explorer does, and waits until it is read. */
export async function openModel(uri: vscode.Uri): Promise<OpenModel> {
  await vscode.commands.executeCommand('vscode.open', uri);
  const { models } = await parts();
  const inFront = () =>
    models.active?.uri.toString() === uri.toString() ? models.active : undefined;
  const model = await until(inFront, 'the model is in front');
  await model.load();
  return model;
}

/** Opens a model as text. */
export async function openText(uri: vscode.Uri): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(textUriOf(uri), { preview: false });
}

/** Whether a dashboard of a model is open. */
export function hasDashboard(uri: vscode.Uri): boolean {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .some(
      ({ input }) =>
        input instanceof vscode.TabInputCustom &&
        input.viewType === views.dashboard &&
        input.uri.toString() === uri.toString(),
    );
}

/** Waits until `find` gives something; fails with `what` when it has not within `ms`. */
export async function until<T>(
  find: () => T | Promise<T>,
  what: string,
  ms = 15_000,
): Promise<NonNullable<T>> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await find();
    if (found) return found as NonNullable<T>;
    if (Date.now() > end) throw new Error(`Waited ${ms} ms in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export async function closeAll(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** Sets a setting for one test; the function it gives takes it back. */
export async function withSetting<T>(id: string, value: T): Promise<() => Thenable<void>> {
  const { ConfigurationTarget, workspace } = vscode;
  const update = (to: T | undefined) =>
    workspace.getConfiguration().update(id, to, ConfigurationTarget.Global);
  await update(value);
  return () => update(undefined);
}

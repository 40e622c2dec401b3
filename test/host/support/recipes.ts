import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import * as vscode from 'vscode';
import type { OpenModel } from '../../../src/ui/models/openModel';
import { commands } from '../../../src/ui/names';
import { recipeUriOf } from '../../../src/ui/recipes/address';
import type { OpenRecipe } from '../../../src/ui/recipes/openRecipe';
import { file, openModel, parts, until } from './editor';

/** Every file of tests is a program of its own: their folders must not meet. */
const prefix = `recipes-${Math.random().toString(36).slice(2, 8)}`;
let count = 0;

/** A copy of the sample in a folder of its own, opened: what a test leaves beside it meets no other. */
export async function freshSample(): Promise<{ model: OpenModel; recipe: OpenRecipe }> {
  const folder = file(`${prefix}-${count++}`);
  cpSync(file('digits-vit').fsPath, folder.fsPath, { recursive: true });
  const model = await openModel(vscode.Uri.joinPath(folder, 'model.onnx'));
  // The folder's watcher may tell of the files only now, and have them read once more.
  await until(() => model.inspection && !model.isReading, 'the model is read');
  const recipe = (await parts()).recipes.of(model);
  await recipe.load();
  return { model, recipe };
}

/** The same, once the folder's watcher has told of everything: what it tells later ends a measurement, as a change of the file does. */
export async function settledSample(): ReturnType<typeof freshSample> {
  const fresh = await freshSample();
  let last = Date.now();
  const listener = fresh.model.onDidChange(() => (last = Date.now()));
  await until(() => Date.now() - last > quietMs && !fresh.model.isReading, 'the folder is quiet');
  listener.dispose();
  return fresh;
}

/** Longer than VS Code takes to tell of a file, and the model to wait for the next one. */
const quietMs = 1000;

/** Ids of the layers of a part that hold weights. */
export function layersOf(model: OpenModel, part: string): readonly string[] {
  const layers = model.inspection!.layers.filter(
    (layer) => layer.part === part && layer.parameters > 1000,
  );
  assert.ok(layers.length > 0, part);
  return layers.map(({ id }) => id);
}

/** Adds a step by the way that lenses and the dashboard do. */
export async function quantize(
  model: OpenModel,
  layers: readonly string[],
  action = 'int8Dynamic',
  params: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const argument = { model: model.uri.toString(), layers, action, params };
  await vscode.commands.executeCommand(commands.quantizeLayer, argument);
}

/** Writes a recipe's text to disk and opens it in an editor. */
export async function writeRecipe(
  model: OpenModel,
  content: unknown,
): Promise<vscode.TextDocument> {
  const uri = recipeUriOf(model.uri);
  const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
  await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: false });
  const recipe = (await parts()).recipes.at(uri);
  await until(() => recipe.text === document.getText() && recipe.parsed, 'the recipe is read');
  await recipe.load();
  return document;
}

/** Closes every editor, and throws away what was not saved. */
export async function discardAll(): Promise<void> {
  for (const document of vscode.workspace.textDocuments) {
    if (!document.isDirty || document.isUntitled) continue;
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  }
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** Removes the folders of `freshSample`. */
export function removeSamples(): void {
  for (let at = 0; at < count; at++) {
    rmSync(file(`${prefix}-${at}`).fsPath, { recursive: true, force: true });
  }
}

import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import * as vscode from 'vscode';
import { commands } from '../../../src/ui/names';
import type { OpenModel } from '../../../src/ui/models/openModel';
import { recipeUriOf } from '../../../src/ui/recipes/address';
import { parts, until, withSetting } from '../support/editor';
import { discardAll, settledSample, layersOf, quantize, removeSamples } from '../support/recipes';
import { accept } from '../support/lists';

const beside = ({ uri }: OpenModel, name: string) => vscode.Uri.joinPath(uri, '..', name);

/** Presses Enter in every list and box that comes up, until `isDone`. */
async function acceptUntil(isDone: () => unknown, what: string, ms = 150_000): Promise<void> {
  await until(
    async () => {
      if (isDone()) return true;
      await accept();
      return false;
    },
    what,
    ms,
  );
}

describe('planning and advice', function () {
  // Planning runs every choice of every layer: seconds, and minutes where other programs run as well.
  this.timeout(180_000);
  afterEach(discardAll);
  after(removeSamples);

  it('plans within a limit and writes the steps with their reasons as one edit', async () => {
    const { model, recipe } = await settledSample();
    model.setData(beside(model, 'test.npz').fsPath);
    const asked = vscode.commands.executeCommand(commands.plan, model.uri);
    await acceptUntil(() => (recipe.recipe?.steps.length ?? 0) > 0, 'the plan is written');
    await asked;
    assert.equal(model.busy, undefined);
    assert.ok(model.planned?.kept);
    assert.deepEqual(recipe.recipe!.steps, model.planned.steps);
    assert.ok(
      recipe.recipe!.steps.some(({ note }) => note),
      'reasons are written',
    );
    assert.equal(recipe.recipe!.data?.calibration, 'test.npz');
    await vscode.commands.executeCommand('undo');
    await until(() => recipe.recipe?.steps.length === 0, 'one undo takes it back');
  });

  it('stops planning at once', async () => {
    const { model } = await settledSample();
    const request = { data: beside(model, 'test.npz').fsPath, samples: 64, threads: 1 };
    const limit = { kind: 'damage', value: 0.01 } as const;
    const run = assert.rejects(model.plan({ ...request, limit }), { code: 'cancelled' });
    await until(() => (model.busy?.fraction ?? 0) > 0, 'it plans');
    const start = Date.now();
    model.cancel();
    await run;
    assert.ok(Date.now() - start < 1000, `${Date.now() - start} ms`);
    assert.equal(model.planned, undefined);
    assert.equal(model.error, undefined);
  });

  it('asks the five questions and makes a recipe of what is chosen', async () => {
    const { model, recipe } = await settledSample();
    const asked = vscode.commands.executeCommand(commands.advise, model.uri);
    await acceptUntil(
      () => (recipe.recipe?.steps.length ?? 0) > 0 || model.planned,
      'a proposal is taken',
    );
    await asked;
    assert.ok(recipe.recipe!.steps.length > 0);
    assert.equal(vscode.window.activeTextEditor?.document.uri.path, recipeUriOf(model.uri).path);
  });

  it('leaves everything as it was for Esc', async () => {
    const { model, recipe } = await settledSample();
    const asked = vscode.commands.executeCommand(commands.advise, model.uri);
    let isDone = false;
    void asked.then(() => (isDone = true));
    await until(async () => {
      await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
      return isDone;
    }, 'the list is closed');
    assert.equal(recipe.text, undefined);
  });

  it('keeps other files that were measured for the chart, until they are gone', async () => {
    const restore = await withSetting('featherweight.compare.rounds', 3);
    const { model } = await settledSample();
    const other = beside(model, 'other.onnx');
    copyFileSync(model.uri.fsPath, other.fsPath);
    await vscode.commands.executeCommand(commands.addCandidate, model.uri, other);
    await restore();
    const { candidates } = await parts();
    const views = candidates.viewsOf(model);
    assert.deepEqual(
      views.map(({ name, isOriginal }) => [name, isOriginal]),
      [
        ['model.onnx', true],
        ['other.onnx', false],
      ],
    );
    assert.equal(views[1]?.damage, 0);
    assert.ok(views[1].speed! > 0);
    await candidates.reload(model);
    assert.equal(candidates.viewsOf(model).length, 2, 'it comes back from the workspace’s memory');
    rmSync(other.fsPath);
    await candidates.reload(model);
    assert.deepEqual(candidates.viewsOf(model), []);
  });

  it('measures a build for the chart as well', async () => {
    const restore = await withSetting('featherweight.compare.rounds', 3);
    const { model } = await settledSample();
    await quantize(model, layersOf(model, 'feedForward'));
    const { recipes, candidates } = await parts();
    const recipe = recipes.of(model);
    void vscode.commands.executeCommand(commands.measureCandidate, recipe.uri);
    await until(() => candidates.viewsOf(model).length === 2, 'it is measured', 60_000);
    await restore();
    const [, candidate] = candidates.viewsOf(model);
    assert.ok(candidate!.bytes < model.inspection!.model.bytes);
  });
});

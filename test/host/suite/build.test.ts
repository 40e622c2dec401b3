import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { commands, settings } from '../../../src/ui/names';
import type { OpenRecipe } from '../../../src/ui/recipes/openRecipe';
import { openModel, parts, until, withSetting } from '../support/editor';
import { engineProcesses } from '../support/processes';
import { discardAll, freshSample, layersOf, quantize, removeSamples } from '../support/recipes';

const filesBeside = ({ uri }: OpenRecipe) => readdirSync(dirname(uri.fsPath)).sort();
const beside = ({ uri }: OpenRecipe, name: string) => vscode.Uri.joinPath(uri, '..', name);

/** Builds as the lens does, or with a place to write to. Returns when it is done, failed or cancelled. */
const build = (recipe: OpenRecipe, options: { output?: vscode.Uri; overwrite?: boolean } = {}) =>
  vscode.commands.executeCommand(commands.build, {
    recipe: recipe.uri.toString(),
    ...(options.output ? { output: options.output.toString() } : {}),
    overwrite: options.overwrite ?? false,
  });

describe('build', () => {
  afterEach(discardAll);
  after(removeSamples);

  it('writes the model that the recipe asks for, saved or not', async () => {
    const { model, recipe } = await freshSample();
    await quantize(model, layersOf(model, 'feedForward'));
    await build(recipe);
    const { candidate } = recipe;
    assert.equal(candidate?.model, beside(recipe, 'model.int8.onnx').toString());
    const uri = vscode.Uri.parse(candidate!.model);
    assert.equal(candidate?.bytes, statSync(uri.fsPath).size);
    assert.ok(candidate!.bytes < statSync(model.uri.fsPath).size * 0.7);
    assert.equal((await recipe.document()).isDirty, true);
    const built = await openModel(uri);
    assert.equal(built.error, undefined);
  });

  it('compares what it built with the original and writes that into the recipe', async () => {
    const { model, recipe } = await freshSample();
    const restore = await withSetting(settings.compareRounds.id, 5);
    await quantize(model, layersOf(model, 'feedForward'));
    await vscode.commands.executeCommand(commands.measureCandidate, recipe.uri);
    const { comparison } = recipe;
    assert.equal(comparison?.value.complete, true);
    assert.equal(comparison?.value.bytes.candidate, recipe.candidate?.bytes);
    const { measured } = JSON.parse((await recipe.document()).getText());
    assert.equal(measured.bytes.after, recipe.candidate?.bytes);
    assert.ok(measured.latencyRatio.median > 0);
    await vscode.commands.executeCommand('vscode.open', recipe.uri);
    await vscode.commands.executeCommand('undo');
    await until(() => recipe.recipe?.measured === undefined, 'the figures are undone as any edit');
    await restore();
  });

  it('asks before it overwrites, and keeps the file until then', async () => {
    const { model, recipe } = await freshSample();
    await quantize(model, layersOf(model, 'feedForward'));
    const output = beside(recipe, 'taken.onnx');
    writeFileSync(output.fsPath, 'mine');
    const asked = build(recipe, { output });
    // The question cannot be answered from here: it stands until the test ends.
    await new Promise((done) => setTimeout(done, 1500));
    assert.equal(readFileSync(output.fsPath, 'utf8'), 'mine');
    assert.equal(recipe.candidate, undefined);
    void asked;
    await build(recipe, { output, overwrite: true });
    assert.notEqual(readFileSync(output.fsPath, 'utf8').slice(0, 4), 'mine');
  });

  it('leaves nothing behind when it is cancelled', async () => {
    const { model, recipe } = await freshSample();
    await quantize(model, layersOf(model, 'feedForward'));
    const before = filesBeside(recipe);
    const building = build(recipe);
    await until(() => recipe.isBusy, 'the build has begun');
    recipe.cancel();
    await building;
    assert.equal(recipe.candidate, undefined);
    assert.equal(recipe.error, undefined);
    await until(() => filesBeside(recipe).length === before.length, 'nothing is left');
    assert.deepEqual(filesBeside(recipe), before);
  });

  it('says why when its engine is killed, and leaves nothing behind', async () => {
    const { model, recipe } = await freshSample();
    await quantize(model, layersOf(model, 'feedForward'));
    const before = filesBeside(recipe);
    (await parts()).engine.restart();
    void build(recipe);
    await until(() => recipe.isBusy, 'the build has begun');
    await until(() => {
      for (const pid of engineProcesses()) process.kill(pid, 'SIGKILL');
      return recipe.error;
    }, 'the recipe tells of it');
    assert.match(recipe.error!.message, /engine stopped while building from model\.onnx/);
    await until(() => filesBeside(recipe).length === before.length, 'nothing is left');
    await build(recipe, { output: beside(recipe, 'again.onnx') });
    assert.ok(recipe.candidate);
  });

  it('refuses a recipe without steps', async () => {
    const { recipe, model } = await freshSample();
    await vscode.commands.executeCommand(commands.openRecipe, model.uri);
    void build(recipe);
    await new Promise((done) => setTimeout(done, 500));
    assert.equal(recipe.candidate, undefined);
    assert.equal(recipe.isBusy, false);
  });
});

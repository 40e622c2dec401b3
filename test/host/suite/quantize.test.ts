import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { commands } from '../../../src/ui/names';
import type { OpenModel } from '../../../src/ui/models/openModel';
import { openText, parts, until } from '../support/editor';
import { discardAll, freshSample, layersOf, quantize, removeSamples } from '../support/recipes';
import { accept, acceptAll } from '../support/lists';

const escape = () => vscode.commands.executeCommand('workbench.action.closeQuickOpen');
const argumentFor = ({ uri }: OpenModel, layers: readonly string[]) => ({
  model: uri.toString(),
  layers,
});

describe('quantizing', () => {
  afterEach(discardAll);
  after(removeSamples);

  it('asks what to do and how, and takes what stands first', async () => {
    const { model, recipe } = await freshSample();
    const [layer] = layersOf(model, 'feedForward');
    await acceptAll(
      vscode.commands.executeCommand(commands.quantizeLayer, argumentFor(model, [layer!])),
    );
    assert.deepEqual([...recipe.choices.keys()], [layer]);
  });

  it('changes nothing when the list is left, or nothing in it fits', async () => {
    const { model, recipe } = await freshSample();
    const fitting = await (await parts()).recipes.quantizable(model);
    const bare = model.inspection!.layers.find(
      ({ id, parameters }) => parameters === 0 && !fitting.has(id),
    )!;
    const asked = vscode.commands.executeCommand(
      commands.quantizeLayer,
      argumentFor(model, [bare.id]),
    );
    let isDone = false;
    void asked.then(() => (isDone = true));
    for (let i = 0; i < 5; i++) {
      await new Promise((done) => setTimeout(done, 100));
      await accept();
    }
    await until(async () => {
      await escape();
      return isDone;
    }, 'the list is closed');
    assert.equal(existsSync(recipe.uri.fsPath), false);
  });

  it('does what an entry of the menu says, to the layers that it fits', async () => {
    const { model, recipe } = await freshSample();
    const fitting = layersOf(model, 'attention');
    const norms = model.inspection!.layers.filter(({ part }) => part === 'norm');
    const layers = [...norms.map(({ id }) => id), ...fitting];
    await vscode.commands.executeCommand(commands.quantizeBits4, argumentFor(model, layers));
    const [step] = recipe.recipe!.steps;
    assert.equal(step?.action, 'weightOnly');
    assert.deepEqual([...step.targets.layers!].sort(), [...fitting].sort());
  });

  it('makes one step of layers that are treated alike, and moves one that is not', async () => {
    const { model, recipe } = await freshSample();
    const [first, second] = layersOf(model, 'attention');
    await quantize(model, [first!]);
    await quantize(model, [second!]);
    assert.equal(recipe.recipe?.steps.length, 1);
    await quantize(model, [first!], 'weightOnly');
    const steps = recipe.recipe!.steps.map(({ action, targets }) => [action, targets.layers]);
    assert.deepEqual(steps, [
      ['int8Dynamic', [second]],
      ['weightOnly', [first]],
    ]);
  });

  it('writes a step for the whole model without a list of layers', async () => {
    const { model, recipe } = await freshSample();
    await acceptAll(vscode.commands.executeCommand(commands.quantizeModel, model.uri));
    assert.deepEqual(
      recipe.recipe?.steps.map(({ targets }) => targets),
      [{}],
    );
    assert.ok(recipe.choices.size >= layersOf(model, 'attention').length);
    await acceptAll(vscode.commands.executeCommand(commands.quantizeModel, model.uri));
    assert.equal(recipe.recipe?.steps.length, 1, 'the new step takes the place of the old one');
  });

  it('applies a ready recipe', async () => {
    const { model, recipe } = await freshSample();
    await acceptAll(vscode.commands.executeCommand(commands.applyRecipe, model.uri));
    await until(() => (recipe.recipe?.steps.length ?? 0) > 0, 'the recipe has steps');
    await until(() => recipe.choices.size > 0, 'they are held against the model');
    assert.equal(vscode.window.activeTextEditor?.document.uri.path, recipe.uri.path);
  });

  it('works on the row of the dashboard that was clicked, and on the selection around it', async () => {
    const { model, recipe } = await freshSample();
    const { selection } = await parts();
    const [first, second, third] = layersOf(model, 'attention');
    selection.set(model, [first!, second!], 'dashboard');
    const clicked = (layer: string) =>
      vscode.commands.executeCommand(commands.quantizeInt8Dynamic, {
        webviewSection: 'layer',
        layer,
      });
    await clicked(third!);
    assert.deepEqual([...recipe.choices.keys()], [third]);
    await clicked(first!);
    assert.deepEqual([...recipe.choices.keys()].sort(), [first, second, third].sort());
  });

  it('selects every layer of the lines that are marked in the text', async () => {
    const { model } = await freshSample();
    const editor = await openText(model.uri);
    const { texts, selection } = await parts();
    const { view } = (await texts.shown(editor.document.uri))!;
    const [from, , to] = view.sections.filter(({ kind }) => kind === 'layer');
    const start = new vscode.Position(from!.line, 0);
    editor.selection = new vscode.Selection(start, start);
    const value = to!.line - from!.line;
    await vscode.commands.executeCommand('cursorMove', { to: 'down', select: true, value });
    await until(() => selection.of(model).length > 0, 'layers are selected');
    const wanted = view.sections.filter(
      (it) => it.kind === 'layer' && it.line >= from!.line && it.line <= to!.line,
    );
    assert.deepEqual(
      selection.of(model),
      wanted.map(({ id }) => id),
    );
  });
});

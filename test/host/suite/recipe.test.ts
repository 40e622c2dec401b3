import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { commands } from '../../../src/ui/names';
import { openText, parts, until } from '../support/editor';
import {
  discardAll,
  freshSample,
  layersOf,
  quantize,
  removeSamples,
  writeRecipe,
} from '../support/recipes';

const lensesOf = (uri: vscode.Uri) =>
  vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 1000);
const titlesOf = async (uri: vscode.Uri) =>
  (await lensesOf(uri)).map(({ command }) => command?.title ?? '');

describe('recipe', () => {
  afterEach(discardAll);
  after(removeSamples);

  it('is made with the first action, and not saved', async () => {
    const { model, recipe } = await freshSample();
    assert.equal(existsSync(recipe.uri.fsPath), false);
    const layers = layersOf(model, 'feedForward');
    await quantize(model, layers);
    const document = await recipe.document();
    assert.equal(document.isDirty, true);
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const dashboards = tabs.filter(({ input }) => input instanceof vscode.TabInputCustom);
    assert.deepEqual(
      dashboards.map(({ isDirty }) => isDirty),
      [false],
      'only the recipe has something to save',
    );
    assert.deepEqual(JSON.parse(readFileSync(recipe.uri.fsPath, 'utf8')).steps, []);
    const written = JSON.parse(document.getText());
    assert.deepEqual(written.steps, [{ action: 'int8Dynamic', targets: { layers } }]);
    assert.equal(written.model.file, 'model.onnx');
    assert.equal(written.model.sha256, recipe.check?.sha256);
    assert.deepEqual([...recipe.choices.keys()].sort(), [...layers].sort());
  });

  it('is undone, done again and reverted as any text', async () => {
    const { model, recipe } = await freshSample();
    const [first, second] = layersOf(model, 'feedForward');
    await quantize(model, [first!]);
    await vscode.commands.executeCommand('workbench.action.files.save');
    const document = await recipe.document();
    await vscode.window.showTextDocument(document);
    await document.save();
    await quantize(model, [second!], 'weightOnly');
    const chosen = () => [...recipe.choices.keys()];
    assert.deepEqual(chosen(), [first, second]);
    await vscode.commands.executeCommand('undo');
    await until(() => chosen().length === 1, 'the second layer is left alone');
    assert.equal(document.isDirty, false);
    await vscode.commands.executeCommand('redo');
    await until(() => chosen().length === 2, 'both are chosen again');
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await until(() => chosen().length === 1, 'the saved text is back');
    assert.deepEqual(chosen(), [first]);
  });

  it('shows in the text what it does to a layer, and takes that back', async () => {
    const { model, recipe } = await freshSample();
    const { document } = await openText(model.uri);
    const before = await titlesOf(document.uri);
    assert.ok(before.filter((title) => title === 'Quantize layer').length >= 4 * 6);
    const [layer] = layersOf(model, 'feedForward');
    await quantize(model, [layer!]);
    const after = await lensesOf(document.uri);
    const own = after.find(({ command }) => /^int8 · 3\.\dx smaller$/.test(command?.title ?? ''));
    assert.ok(own, 'the choice has a lens');
    const undo = after.find(({ command }) => command?.title === 'Undo')!;
    assert.equal(undo.range.start.line, own.range.start.line);
    await vscode.commands.executeCommand(undo.command!.command, ...undo.command!.arguments!);
    await until(() => recipe.choices.size === 0, 'nothing is chosen any more');
    assert.deepEqual(await titlesOf(document.uri), before);
  });

  it('has lenses that say what its steps do and lead to their layers', async () => {
    const { model } = await freshSample();
    const document = await writeRecipe(model, {
      version: 1,
      model: { file: 'model.onnx' },
      steps: [{ action: 'int8Dynamic', targets: { parts: ['attention'] } }],
    });
    const lenses = await lensesOf(document.uri);
    const titles = lenses.map(({ command }) => command!.title);
    assert.ok(titles.some((title) => title.endsWith('Build')));
    assert.ok(titles.includes('Measure') && titles.includes('Remove step'));
    const go = lenses.find(({ command }) => /^Go to \d+ layers · .* smaller$/.test(command!.title));
    assert.ok(go, titles.join(' | '));
    await vscode.commands.executeCommand(go.command!.command, ...go.command!.arguments!);
    const { selection } = await parts();
    assert.deepEqual([...selection.of(model)].sort(), [...layersOf(model, 'attention')].sort());
    const remove = lenses.find(({ command }) => command!.title === 'Remove step')!;
    await vscode.commands.executeCommand(remove.command!.command, ...remove.command!.arguments!);
    assert.deepEqual(JSON.parse(document.getText()).steps, []);
  });

  it('marks what is wrong with it and why layers are left out', async () => {
    const { model } = await freshSample();
    const document = await writeRecipe(model, {
      version: 1,
      model: { file: 'model.onnx', sha256: '0'.repeat(64) },
      steps: [
        { action: 'int8Dynamic', targets: { layers: ['no.such.layer'] } },
        { action: 'int8Dynamic', targets: { parts: ['norm'] } },
        { action: 'halve', targets: {} },
      ],
    });
    const marks = () => vscode.languages.getDiagnostics(document.uri);
    const ours = (code: string) => marks().filter((mark) => mark.code === code);
    await until(() => ours('text').length > 0, 'the unknown action is marked');
    assert.match(ours('text')[0]!.message, /halve/);
    const edit = new vscode.WorkspaceEdit();
    const text = document.getText();
    const at = text.indexOf('halve');
    edit.replace(
      document.uri,
      new vscode.Range(document.positionAt(at), document.positionAt(at + 5)),
      'int8Dynamic',
    );
    await vscode.workspace.applyEdit(edit);
    const layer = await until(() => ours('layer')[0], 'the layer is marked');
    assert.equal(document.getText(layer.range), '"no.such.layer"');
    assert.equal(layer.severity, vscode.DiagnosticSeverity.Error);
    assert.equal(ours('nothing').length, 1);
    assert.equal(ours('hash').length, 1);
  });

  it('has remedies for its marks', async () => {
    const { model, recipe } = await freshSample();
    const document = await writeRecipe(model, {
      version: 1,
      model: { file: 'model.onnx', sha256: '0'.repeat(64) },
      steps: [{ action: 'int8Dynamic', targets: { parts: ['norm'] } }],
    });
    const marks = () => vscode.languages.getDiagnostics(document.uri);
    await until(() => marks().some(({ code }) => code === 'hash'), 'the hash is marked');
    for (const code of ['hash', 'nothing']) {
      const mark = marks().find((each) => each.code === code)!;
      const [fix] = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        'vscode.executeCodeActionProvider',
        document.uri,
        mark.range,
        vscode.CodeActionKind.QuickFix.value,
      );
      assert.ok(fix?.edit, code);
      await vscode.workspace.applyEdit(fix.edit);
      await until(() => marks().every((each) => each.code !== code), `${code} is gone`);
    }
    assert.deepEqual(recipe.recipe?.steps, []);
    assert.equal(recipe.recipe?.model.sha256, recipe.check?.sha256);
  });

  it('completes names of layers, also where the text is not yet a recipe', async () => {
    const { model } = await freshSample();
    const document = await writeRecipe(model, {
      version: 1,
      model: { file: 'model.onnx' },
      steps: [{ action: 'int8Dynamic', targets: { layers: [''] } }],
    });
    const at = document.positionAt(document.getText().indexOf('""') + 1);
    const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      document.uri,
      at,
    );
    const labels = items.map(({ label }) => String(label));
    for (const layer of layersOf(model, 'attention')) {
      assert.ok(labels.includes(JSON.stringify(layer)), layer);
    }
  });

  it('is helped with before it is saved for the first time', async () => {
    const { model, recipe } = await freshSample();
    const uri = recipe.uri.with({ scheme: 'untitled' });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    const content = {
      version: 1,
      model: { file: 'model.onnx' },
      steps: [
        { action: 'int8Dynamic', targets: { parts: ['attention'] } },
        { action: 'int8Dynamic', targets: { layers: ['no.such.layer'] } },
      ],
    };
    const edit = new vscode.WorkspaceEdit();
    edit.insert(uri, new vscode.Position(0, 0), JSON.stringify(content, null, 2));
    await vscode.workspace.applyEdit(edit);
    const marked = () => vscode.languages.getDiagnostics(uri).find(({ code }) => code === 'layer');
    const mark = await until(marked, 'the layer that is not there is marked');
    assert.equal(document.getText(mark.range), '"no.such.layer"');
    const titles = await titlesOf(uri);
    assert.ok(titles.some((title) => /^Go to \d+ layers · .* smaller$/.test(title)));
    const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      uri,
      document.positionAt(document.getText().indexOf('no.such')),
    );
    const labels = items.map(({ label }) => String(label));
    assert.ok(labels.includes(JSON.stringify(layersOf(model, 'attention')[0])), labels.join(' '));
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  it('says what an action does where the pointer rests', async () => {
    const { model } = await freshSample();
    const document = await writeRecipe(model, {
      version: 1,
      model: { file: 'model.onnx' },
      steps: [{ action: 'weightOnly', targets: {} }],
    });
    const at = document.positionAt(document.getText().indexOf('weightOnly') + 2);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      at,
    );
    const text = hovers
      .flatMap(({ contents }) => contents as vscode.MarkdownString[])
      .map(({ value }) => value)
      .join('\n');
    assert.match(text, /with data|no data/);
    assert.match(text, /Here: \d+ layers, .* smaller/);
  });

  it('says nothing of preparations that nothing needs', async () => {
    const { model, recipe } = await freshSample();
    const document = await writeRecipe(model, {
      version: 1,
      model: { file: 'model.onnx' },
      steps: [
        { action: 'foldBatchNorm', targets: {} },
        { action: 'int8Dynamic', targets: { parts: ['norm'] } },
      ],
    });
    assert.deepEqual(
      recipe.check?.steps.map(({ layers }) => layers.length),
      [0, 0],
    );
    const nothing = vscode.languages
      .getDiagnostics(document.uri)
      .filter(({ code }) => code === 'nothing');
    const [step] = nothing;
    assert.equal(nothing.length, 1);
    assert.ok(document.offsetAt(step!.range.start) > document.getText().indexOf('int8Dynamic'));
  });

  it('is one for two editors on the model', async () => {
    const { model, recipe } = await freshSample();
    await vscode.commands.executeCommand('workbench.action.splitEditor');
    const [layer] = layersOf(model, 'feedForward');
    await quantize(model, [layer!]);
    assert.deepEqual([...recipe.choices.keys()], [layer]);
    assert.equal((await parts()).recipes.of(model), recipe);
  });

  it('opens empty where there is none', async () => {
    const { model, recipe } = await freshSample();
    await vscode.commands.executeCommand(commands.openRecipe, model.uri);
    const { document } = vscode.window.activeTextEditor!;
    assert.equal(document.uri.toString(), recipe.uri.toString());
    assert.deepEqual(JSON.parse(document.getText()).steps, []);
  });
});

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TreeRow } from '../../../src/ui/tree/layers';
import { commands, textView } from '../../../src/ui/names';
import { closeAll, file, hasDashboard, openModel, openText, parts, until } from '../support/editor';

const sample = () => file('digits-vit/model.onnx');

async function allRows(): Promise<TreeRow[]> {
  const { tree } = await parts();
  const below = async (row?: TreeRow): Promise<TreeRow[]> => {
    const rows = await tree.getChildren(row);
    return [...rows, ...(await Promise.all(rows.map(below))).flat()];
  };
  return below();
}

describe('tree and selection', () => {
  afterEach(closeAll);

  it('shows every layer of the model in front with its cost', async () => {
    const model = await openModel(sample());
    const rows = await allRows();
    const layers = rows.filter(({ item }) => item.section.kind === 'layer');
    assert.deepEqual(
      layers.map(({ item }) => item.section.id).sort(),
      model.inspection!.layers.map(({ id }) => id).sort(),
    );
    const { tree } = await parts();
    const items = rows.map((row) => tree.getTreeItem(row));
    assert.equal(new Set(items.map(({ id }) => id)).size, items.length, 'ids are unique');
    assert.ok(items.some(({ description }) => /MACs/.test(String(description))));
    assert.ok(items.every(({ accessibilityInformation }) => accessibilityInformation?.label));
  });

  it('tells what a row is when it is pointed at', async () => {
    await openModel(sample());
    const { tree } = await parts();
    for (const row of (await allRows()).slice(0, 10)) {
      const item = tree.resolveTreeItem(tree.getTreeItem(row), row);
      assert.match((item.tooltip as vscode.MarkdownString).value, /MACs/);
    }
  });

  it('is empty when no model is in front', async () => {
    await closeAll();
    const { models } = await parts();
    await until(() => models.active === undefined, 'no model is in front');
    assert.deepEqual(await allRows(), []);
  });

  it('goes from a layer to its line of text', async () => {
    const model = await openModel(sample());
    const { id } = model.inspection!.layers.find(({ role }) => role === 'down')!;
    const layer = { model: model.uri.toString(), layers: [id] };
    await vscode.commands.executeCommand(commands.showInText, layer);
    const editor = vscode.window.activeTextEditor!;
    assert.equal(editor.document.uri.scheme, textView.scheme);
    const { texts, selection } = await parts();
    const { view } = (await texts.shown(editor.document.uri))!;
    const section = view.sections.find((it) => it.kind === 'layer' && it.id === id);
    assert.equal(editor.selection.active.line, section?.line);
    assert.deepEqual(selection.of(model), [id]);
  });

  it('goes from the dashboard’s context menu to the text', async () => {
    const model = await openModel(sample());
    const { id } = model.inspection!.layers[5]!;
    const clicked = { webview: 'featherweight.dashboard', webviewSection: 'layer', layer: id };
    await vscode.commands.executeCommand(commands.showInText, clicked);
    assert.deepEqual((await parts()).selection.of(model), [id]);
  });

  it('goes from the text to the dashboard', async () => {
    await openText(sample());
    const { models } = await parts();
    const model = await until(() => models.get(sample()), 'the model is open');
    await model.load();
    const { id } = model.inspection!.layers[3]!;
    await vscode.commands.executeCommand(commands.showInDashboard, {
      model: sample().toString(),
      layers: [id],
    });
    assert.ok(hasDashboard(sample()));
    assert.deepEqual((await parts()).selection.of(model), [id]);
  });

  it('selects the layer that the cursor is moved to', async () => {
    const editor = await openText(sample());
    const { texts, selection } = await parts();
    const { view, model } = (await texts.shown(editor.document.uri))!;
    const section = view.sections.find(({ kind, end, line }) => kind === 'layer' && end > line)!;
    editor.selection = new vscode.Selection(section.line, 0, section.line, 0);
    await vscode.commands.executeCommand('cursorDown');
    await until(() => selection.of(model)[0] === section.id, 'the layer is selected');
  });

  it('copies figures and names of all that is selected', async () => {
    const model = await openModel(sample());
    const chosen = model.inspection!.layers.filter(({ role }) => role === 'up').slice(0, 2);
    const layers = chosen.map(({ id }) => id);
    (await parts()).selection.set(model, layers, 'dashboard');
    const clicked = { layer: layers[0] };
    await vscode.commands.executeCommand(commands.copyName, clicked);
    assert.equal(await vscode.env.clipboard.readText(), chosen.map(({ name }) => name).join('\n'));
    await vscode.commands.executeCommand(commands.copyFigures, clicked);
    const [head, first] = (await vscode.env.clipboard.readText()).split('\n');
    assert.equal(head?.split('\t').length, first?.split('\t').length);
    assert.ok(first?.includes(chosen[0]!.name));
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { commands, settings, textView } from '../../../src/ui/names';
import { textUriOf, modelUriOf } from '../../../src/ui/text/uri';
import { closeAll, file, openText, parts, until, withSetting } from '../support/editor';

const sample = () => file('digits-vit/model.onnx');
const few = { runs: 5, warmup: 1, threads: 1, provider: 'cpu', seed: 0 };

const ask = <T>(what: string, ...args: unknown[]) =>
  vscode.commands.executeCommand<T>(`vscode.execute${what}Provider`, ...args);
const allLensesOf = (uri: vscode.Uri) => ask<vscode.CodeLens[]>('CodeLens', uri, 1000);
/** Those that say what things cost. */
const lensesOf = async (uri: vscode.Uri) =>
  (await allLensesOf(uri)).filter(({ command }) => command?.command === commands.showInDashboard);
const actionsOf = async (uri: vscode.Uri) =>
  (await allLensesOf(uri)).filter(({ command }) => command?.command === commands.quantizeLayer);
const textOf = (hovers: vscode.Hover[]) =>
  hovers
    .flatMap(({ contents }) => contents)
    .map((content) => (typeof content === 'string' ? content : content.value))
    .join('\n');

async function shownSample() {
  const editor = await openText(sample());
  const shown = await (await parts()).texts.shown(editor.document.uri);
  assert.ok(shown);
  const { document } = editor;
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  const layer = (role: string) => {
    const { id } = shown.model.inspection!.layers.find((it) => it.role === role)!;
    return shown.view.sections.find((it) => it.kind === 'layer' && it.id === id)!;
  };
  return { ...shown, editor, document, whole, layer };
}

describe('text view', () => {
  afterEach(closeAll);

  it('is a read-only document of its own language', async () => {
    const { document } = await shownSample();
    assert.equal(document.languageId, textView.language);
    assert.equal(vscode.workspace.fs.isWritableFileSystem(textView.scheme), false);
    assert.ok(document.lineCount > 100);
    assert.equal(modelUriOf(document.uri)?.toString(), sample().toString());
  });

  it('has an address that leads back to models of any kind', () => {
    for (const address of ['file:///c%3A/m/a.ONNX', 'vscode-vfs://github/o/r/a.onnx?x%3D1']) {
      const uri = vscode.Uri.parse(address);
      assert.equal(modelUriOf(textUriOf(uri))?.toString(), uri.toString());
    }
  });

  it('is the same text every time', async () => {
    const first = (await shownSample()).document.getText();
    await closeAll();
    assert.equal((await shownSample()).document.getText(), first);
  });

  it('undoes what others do to it', async () => {
    const { document, whole } = await shownSample();
    const before = document.getText();
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, whole, 'gone');
    await vscode.workspace.applyEdit(edit);
    await until(() => document.getText() === before, 'the text is back');
    assert.equal(document.isDirty, false);
  });

  it('says why a model cannot be shown', async () => {
    const broken = file('broken.onnx');
    writeFileSync(broken.fsPath, 'no model');
    const { document } = await openText(broken);
    assert.match(document.getText(), /^# broken\.onnx/);
  });

  it('has a lens over every layer, with time once it is profiled', async () => {
    const { document, model } = await shownSample();
    await until(() => model.inspection, 'the model is read');
    const before = await lensesOf(document.uri);
    assert.ok(before.length >= model.inspection!.layers.length);
    assert.ok(before.some(({ command }) => /params/.test(command?.title ?? '')));
    await model.measure(few);
    const after = await lensesOf(document.uri);
    const titled = after.filter(({ command }) => /(ms|µs) · [<\d.]+ %/.test(command?.title ?? ''));
    assert.ok(titled.length > model.inspection!.layers.length / 2, `${titled.length}`);
  });

  it('clears its lenses until the next profile', async () => {
    const { document, model } = await shownSample();
    await vscode.commands.executeCommand(commands.clearLenses);
    assert.deepEqual(await lensesOf(document.uri), []);
    await model.measure(few);
    assert.ok((await lensesOf(document.uri)).length > 0);
  });

  it('hovers with a profile, a chart and links to known commands', async () => {
    const { document, layer, model } = await shownSample();
    await model.measure(few);
    const { line } = layer('up');
    const text = textOf(await ask('Hover', document.uri, new vscode.Position(line, 6)));
    assert.match(text, /of the model’s time/);
    assert.match(text, /of the block/);
    assert.match(text, /MAC\/s/);
    assert.match(text, /data:image\/svg\+xml;base64,/);
    assert.match(text, /σ /);
    const links = [...text.matchAll(/\(command:([\w.]+)/g)].map((match) => match[1]!);
    assert.ok(links.length > 0);
    const known = new Set<string>(Object.values(commands));
    assert.ok(links.every((link) => known.has(link)));
  });

  it('hovers over a weight with its statistics', async () => {
    const { document, view } = await shownSample();
    const weight = view.values.find((it) => it.weight && it.places.length > 0)!;
    const [line, from] = weight.places.at(-1)!;
    const text = textOf(await ask('Hover', document.uri, new vscode.Position(line, from + 1)));
    assert.match(text, /values/);
    assert.match(text, /mean/);
    assert.match(text, /Histogram/);
  });

  it('hints at shapes', async () => {
    const { document, whole, view } = await shownSample();
    const hints = await ask<vscode.InlayHint[]>('InlayHint', document.uri, whole);
    assert.equal(hints.length, view.nodes.filter(({ shape }) => shape).length);
    assert.ok(hints.every(({ label }) => String(label).length < 43));
  });

  it('has an outline and folds', async () => {
    const { document, view } = await shownSample();
    const symbols = await ask<vscode.DocumentSymbol[]>('DocumentSymbol', document.uri);
    const count = (items: readonly vscode.DocumentSymbol[]): number =>
      items.reduce((sum, { children }) => sum + 1 + count(children), 0);
    assert.equal(count(symbols), view.sections.length + view.nodes.length);
    const folds = await ask<vscode.FoldingRange[]>('FoldingRange', document.uri);
    assert.ok(folds.length > 0 && folds.every(({ start, end }) => end > start));
  });

  it('goes to the definition of a value, and finds its uses', async () => {
    const { document, view } = await shownSample();
    const value = view.values.find(({ weight, places }) => !weight && places.length > 2)!;
    const [line, from] = value.places.at(-1)!;
    const at = new vscode.Position(line, from);
    const [definition] = await ask<vscode.Location[]>('Definition', document.uri, at);
    assert.equal(definition?.range.start.line, value.places[0]![0]);
    const uses = await ask<vscode.Location[]>('Reference', document.uri, at);
    assert.equal(uses.length, value.places.length);
  });

  it('links to the source line where the file is in the workspace', async () => {
    const dynamo = file('digits-vit/model-dynamo.onnx');
    const { view } = await (async () => {
      const { document } = await openText(dynamo);
      return (await (await parts()).texts.shown(document.uri))!;
    })();
    const [source] = view.sources;
    assert.ok(source, 'the exporter left source lines');
    const name = source.file.split('/').pop()!;
    mkdirSync(file('code').fsPath, { recursive: true });
    writeFileSync(file(`code/${name}`).fsPath, '\n'.repeat(source.sourceLine));
    const links = await ask<vscode.DocumentLink[]>('Link', textUriOf(dynamo), 1000);
    const link = links.find(({ range }) => range.start.line === source.line);
    assert.equal(link?.target?.path, file(`code/${name}`).path);
    assert.equal(link?.target?.fragment, `L${source.sourceLine}`);
  });

  it('shows each kind of help only where its setting says so', async () => {
    const { document, whole, layer } = await shownSample();
    const at = new vscode.Position(layer('up').line, 6);
    const kinds = [
      [settings.textLenses.id, () => lensesOf(document.uri)],
      [settings.textActions.id, () => actionsOf(document.uri)],
      [settings.textHovers.id, () => ask<unknown[]>('Hover', document.uri, at)],
      [settings.textShapes.id, () => ask<unknown[]>('InlayHint', document.uri, whole)],
    ] as const;
    for (const [id, given] of kinds) {
      assert.ok((await given()).length > 0, id);
      const restore = await withSetting(id, false);
      assert.deepEqual(await given(), [], id);
      await restore();
    }
  });

  it('compares two models', async () => {
    const pair = [sample(), file('digits-vit/model-dynamo.onnx')];
    await vscode.commands.executeCommand(commands.compare, pair[0], pair);
    const { input } = vscode.window.tabGroups.activeTabGroup.activeTab!;
    assert.ok(input instanceof vscode.TabInputTextDiff);
    assert.deepEqual(
      [input.original, input.modified].map(String),
      pair.map((uri) => textUriOf(uri).toString()),
    );
  });
});

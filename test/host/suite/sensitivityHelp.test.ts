import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { findingsOf } from '../../../src/report/sensitivity/verdict';
import type { OpenModel } from '../../../src/ui/models/openModel';
import { commands, settings } from '../../../src/ui/names';
import type { TreeRow } from '../../../src/ui/tree/layers';
import { openModel, openText, parts, until, withSetting } from '../support/editor';
import { discardAll, settledSample, removeSamples } from '../support/recipes';
import { acceptAll } from '../support/lists';

const sweep = { tier: 'exact', probes: ['int8', 'int4', 'int2'], samples: 8 } as const;
const run = { ...sweep, probes: [...sweep.probes], threads: 1, seed: 0 };

describe('help by sensitivity', () => {
  let model: OpenModel;
  let recipe: Awaited<ReturnType<typeof settledSample>>['recipe'];
  let layer: string;

  before(async () => {
    ({ model, recipe } = await settledSample());
    await model.measureSensitivity(run);
    layer = model.sensitivity!.layers.find(({ bytes }) => bytes !== null)!.id;
  });
  after(async () => {
    await discardAll();
    removeSamples();
  });

  it('says above every measured layer how few bits it bears, by the limit that is set', async () => {
    const lenses = await sensitivityLenses(model);
    const measured = new Set(model.sensitivity!.layers.map(({ id }) => id));
    assert.equal(lenses.length, measured.size);
    for (const title of lenses)
      assert.match(
        title,
        /^(int8|\d-bit): KL [\d.e-]+ on made-up inputs, (safe|near the limit|not safe)$/,
      );
    const restore = await withSetting(settings.sensitivitySafe.id, { kl: 1e9 });
    const lenient = await sensitivityLenses(model);
    await restore();
    assert.ok(
      lenient.every((title) => /^2-bit: .*, safe$/.test(title)),
      lenient[0],
    );
    const quiet = await withSetting(settings.textSensitivity.id, false);
    const none = await sensitivityLenses(model);
    await quiet();
    assert.deepEqual(none, []);
  });

  it('draws the layer’s curve in its hover', async () => {
    const text = await hoverOn(model, layer);
    assert.match(text, /Sensitivity.*KL.*8 synthetic inputs/);
    assert.match(text, /!\[KL against what is left of the weight\]\(data:image\/svg/);
    assert.match(text, /command:featherweight\.showLayerSensitivity/);
  });

  it('tells the figure beside the tree’s layers, and ranks them', async () => {
    await openModel(model.uri);
    const { tree } = await parts();
    const ids = new Set(model.sensitivity!.layers.map(({ id }) => id));
    const described = (rows: readonly TreeRow[]) =>
      rows
        .filter(({ item }) => item.section.kind === 'layer' && ids.has(item.section.id))
        .map((row) => String(tree.getTreeItem(row).description));
    assert.ok(described(await rowsBelow()).every((text) => /4-bit: KL/.test(text)));
    await vscode.commands.executeCommand(commands.rankTree);
    const ranked = await tree.getChildren();
    await vscode.commands.executeCommand(commands.orderTree);
    assert.deepEqual(
      ranked.slice(0, ids.size).map(({ item }) => item.section.id),
      model.sensitivity!.ranking.find(({ probe }) => probe === 'int4')!.layers,
    );
    assert.ok((await tree.getChildren()).length < ranked.length, 'modules are back');
  });

  it('adds what a layer bears to the recipe from its list', async () => {
    const argument = { model: model.uri.toString(), layers: [layer] };
    await acceptAll(vscode.commands.executeCommand(commands.showSensitivity, argument));
    const [first] = findingsOf(model.sensitivity!, layer, {});
    assert.deepEqual(
      recipe.recipe?.steps.map(({ action, targets }) => [action, targets.layers]),
      [[first?.probe.step?.action, [layer]]],
    );
  });

  it('measures some layers again and leaves the others', async () => {
    const before = model.sensitivity!;
    await model.measureSensitivity({ ...run, probes: ['int3'], layers: [layer] });
    const now = model.sensitivity!;
    assert.equal(now.layers.length, before.layers.length + 1);
    assert.deepEqual(
      now.layers.filter(({ probe }) => probe === 'int3').map(({ id }) => id),
      [layer],
    );
  });

  it('marks what was measured as stale when the file holds something else', async () => {
    // A field that no reader of models knows: another content, and the same model.
    appendFileSync(model.uri.fsPath, Buffer.from([0xf8, 0x7f, 0x01]));
    await until(() => model.isSensitivityStale && model.sensitivity, 'it is marked');
    assert.deepEqual(await sensitivityLenses(model), []);
    assert.match(await hoverOn(model, layer), /another content/);
    await model.measureSensitivity({ ...run, layers: [layer] });
    assert.equal(model.isSensitivityStale, false);
    assert.deepEqual(new Set(model.sensitivity!.layers.map(({ id }) => id)), new Set([layer]));
  });
});

async function sensitivityLenses(model: OpenModel): Promise<string[]> {
  const { document } = await openText(model.uri);
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    document.uri,
    1000,
  );
  return lenses
    .filter(({ command }) => command?.command === commands.showSensitivity)
    .map(({ command }) => command!.title);
}

async function hoverOn(model: OpenModel, layer: string): Promise<string> {
  const { document } = await openText(model.uri);
  const shown = await (await parts()).texts.shown(document.uri);
  const { line } = shown!.view.sections.find((it) => it.kind === 'layer' && it.id === layer)!;
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    new vscode.Position(line, 6),
  );
  const contents = hovers.flatMap((hover) => hover.contents as vscode.MarkdownString[]);
  return contents.map(({ value }) => value).join('\n');
}

async function rowsBelow(row?: TreeRow): Promise<TreeRow[]> {
  const { tree } = await parts();
  const rows = await tree.getChildren(row);
  return [...rows, ...(await Promise.all(rows.map(rowsBelow))).flat()];
}

import assert from 'node:assert/strict';
import { cpus, loadavg } from 'node:os';
import * as vscode from 'vscode';
import type { OpenModel } from '../../../src/ui/models/openModel';
import { commands } from '../../../src/ui/names';
import { closeAll, file, openModel, openText, parts, until } from '../support/editor';

const sample = () => file('digits-vit/model.onnx');
/** A seed of its own each time: rows that an earlier sweep kept would be there at once. */
const options = () => ({
  ...{ probes: [], samples: 8, threads: 1 },
  seed: 1 + Math.floor(Math.random() * 1e6),
});

/** The engine has 200 ms to end by itself before it is ended; other programs stretch that. */
const mostMs = () => 500 * Math.max(1, (loadavg()[0] ?? 0) / cpus().length);

describe('sensitivity', () => {
  afterEach(closeAll);

  it('is measured on data that lies beside the model where none is chosen, and said in hovers', async () => {
    const model = await openModel(sample());
    const arrived = rowsAsTheyCome(model);
    const asked = vscode.commands.executeCommand(commands.measureSensitivity);
    await until(async () => {
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return model.isMeasuring || model.sensitivity;
    }, 'it is measured');
    await asked;
    arrived.dispose();
    const { sensitivity } = model;
    assert.equal(model.error, undefined);
    assert.equal(sensitivity?.complete, true);
    assert.match(sensitivity?.data ?? '', /test\.npz$/);
    assert.deepEqual(
      sensitivity?.probes.map(({ name }) => name),
      ['int8', 'int4', 'int2', 'prune50'],
    );
    assert.ok(arrived.counts.length > 1, `${arrived.counts.length} partial results`);
    assert.match(
      await hoverOn(sensitivity!.layers[0]!.id),
      /Sensitivity.*2\\-bit \d.*KL divergence, 128 samples of test/,
    );
  });

  it('keeps finished rows when it is cancelled, and goes on from them', async () => {
    const model = await openModel(sample());
    model.setData(undefined);
    await model.reload();
    const once = options();
    const run = assert.rejects(model.measureSensitivity(once), { code: 'cancelled' });
    await until(() => model.sensitivity?.layers.length, 'rows arrive');
    const asked = Date.now();
    model.cancel();
    await run;
    assert.ok(Date.now() - asked < mostMs(), `${Date.now() - asked} ms`);
    const kept = model.sensitivity?.layers.length ?? 0;
    assert.equal(model.sensitivity?.complete, false);
    assert.ok(kept > 0);
    assert.equal(model.busy, undefined);
    assert.equal(model.error, undefined, 'cancelling is no failure');
    await model.measureSensitivity(once);
    assert.equal(model.sensitivity?.complete, true);
    assert.equal(model.sensitivity?.data, 'synthetic');
    assert.ok((model.sensitivity?.reused ?? 0) >= kept);
    const measured = model.sensitivity;
    await model.reload();
    await until(() => model.sensitivity, 'what was measured comes back');
    assert.deepEqual(model.sensitivity, measured);
    assert.equal(model.isSensitivityStale, false);
  });
});

/** How many rows there were whenever the model told of a change. */
function rowsAsTheyCome(model: OpenModel) {
  const counts: number[] = [];
  const listener = model.onDidChange(() => {
    const rows = model.sensitivity?.layers.length ?? 0;
    if (rows > (counts.at(-1) ?? 0)) counts.push(rows);
  });
  return { counts, dispose: () => listener.dispose() };
}

/** What the text view's hover says of a layer. */
async function hoverOn(layer: string): Promise<string> {
  const { document } = await openText(sample());
  const shown = await (await parts()).texts.shown(document.uri);
  const { line } = shown!.view.sections.find((it) => it.kind === 'layer' && it.id === layer)!;
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    new vscode.Position(line, 6),
  );
  return hovers
    .flatMap(({ contents }) => contents as vscode.MarkdownString[])
    .map(({ value }) => value)
    .join('\n');
}

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { OpenModel } from '../../../src/ui/models/openModel';
import { commands } from '../../../src/ui/names';
import { closeAll, file, openModel, parts, until, withSetting } from '../support/editor';
import { engineProcesses } from '../support/processes';

const sample = () => file('digits-vit/model.onnx');
const few = { runs: 5, warmup: 1, threads: 1, provider: 'cpu', seed: 0 };
/** So many that they do not end while a test looks. */
const endless = { ...few, runs: 1_000_000 };

describe('profile', () => {
  afterEach(closeAll);

  it('measures every layer of the sample', async () => {
    const restore = await withSetting('featherweight.profile.runs', 5);
    const model = await openModel(sample());
    await vscode.commands.executeCommand(commands.profile);
    await restore();
    const { profile, inspection } = model;
    assert.equal(model.error, undefined);
    assert.equal(profile?.complete, true);
    assert.equal(profile?.measured.runs, 5);
    assert.equal(profile?.measured.data, 'synthetic');
    assert.ok((profile?.measured.latencyMs.median ?? 0) > 0);
    const timed = inspection!.layers.filter(({ id }) => profile!.layers[id] !== undefined);
    assert.ok(timed.length > inspection!.layers.length * 0.9, `${timed.length} layers`);
  });

  it('is measured with the data that was chosen', async () => {
    const model = await openModel(sample());
    model.setData(file('digits-vit/test.npz').fsPath);
    await model.measure(few);
    assert.match(model.profile?.measured.data ?? '', /test\.npz/);
    model.setData(undefined);
    await model.measure(few);
    assert.equal(model.profile?.measured.data, 'synthetic');
  });

  it('says what is wrong with data that does not fit', async () => {
    const model = await openModel(sample());
    model.setData(file('digits-vit/README.md').fsPath);
    await assert.rejects(model.measure(few));
    assert.match(model.error?.message ?? '', /README\.md/);
    assert.equal(model.busy, undefined);
    model.setData(undefined);
  });

  it('stops at once when it is cancelled', async () => {
    const model = await openModel(sample());
    const run = assert.rejects(model.measure(endless), { code: 'cancelled' });
    await running(model);
    const asked = Date.now();
    model.cancel();
    await run;
    assert.ok(Date.now() - asked < 1000, `${Date.now() - asked} ms`);
    assert.equal(model.busy, undefined);
    assert.equal(model.error, undefined, 'cancelling is no failure');
  });

  it('survives an engine that is killed in mid-run', async function () {
    if (process.platform === 'win32') this.skip();
    const model = await openModel(sample());
    await killDuringRun(model);
    assert.match(model.error?.message ?? '', /engine stopped while running model\.onnx/);
    assert.ok(model.error?.hint);
    assert.ok(model.inspection, 'the model stays open');
    await model.measure(few);
    assert.equal(model.error, undefined);
    assert.equal(model.profile?.complete, true);
  });

  it('reads again after the engine was restarted', async () => {
    const model = await openModel(sample());
    await vscode.commands.executeCommand(commands.restartEngine);
    await model.reload();
    assert.equal(model.inspection?.totals.parameters, 202_186);
  });

  it('learns what the runtime can run on', async () => {
    const { engine } = await parts();
    await engine.learnProviders();
    assert.ok(engine.providers.includes('cpu'));
  });
});

async function killDuringRun(model: OpenModel): Promise<void> {
  const { engine } = await parts();
  engine.restart();
  await until(() => engineProcesses().length === 0, 'no engine is left');
  const failed = assert.rejects(model.measure(endless), { code: 'crash' });
  await running(model);
  for (const id of engineProcesses()) process.kill(id, 'SIGKILL');
  await failed;
}

/** Waits until a run has been counted. */
function running(model: OpenModel): Promise<unknown> {
  return until(() => /[1-9]\d* of/.test(model.busy?.note ?? ''), 'it runs');
}

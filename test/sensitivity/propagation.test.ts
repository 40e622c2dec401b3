import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { noProgress } from '../../src/base/progress';
import { Models, type SizedModel } from '../../src/engine/models';
import { makeTensor } from '../../src/onnx/builder';
import { applyEdits, type Edit } from '../../src/onnx/edit';
import { floatValues } from '../../src/onnx/weights';
import type { Calibration, CalibrationBatch } from '../../src/runtime/calibration';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { changedRows, channelsOf } from '../../src/sensitivity/channels';
import { weightProbes } from '../../src/sensitivity/probes';
import { errorsByRole, propagation, type Propagated } from '../../src/sensitivity/propagation';
import type { SweepLayer } from '../../src/sensitivity/sweep';
import { calibrationOf, syntheticCalibration } from '../support/calibration';
import { someFloats } from '../support/equal';
import { modelsFolder, withoutModels } from '../support/models';
import { feedForwards, sizedModel, streamWidth } from '../support/residuals';

const propagated = (sized: SizedModel, data: Calibration, layers?: readonly SweepLayer[]) =>
  propagation({
    ...{ structure: sized.structure, shapes: sized.shapes, probe: 'int4', data, memory: 1e9 },
    layers: layers ?? candidatesOf(sized.structure).layers,
    output: sized.index.model.graph.outputs[0]!.name,
    ...{ open: sized.external.open, signal: undefined, progress: noProgress },
  });

/** Error ratios of these values when a layer is changed, from running the whole model twice; `isReal` tells which rows count. */
async function wholeRatios(
  sized: SizedModel,
  { layer, weight }: SweepLayer,
  names: readonly string[],
  data: Calibration,
  isReal: (batch: CalibrationBatch, row: number) => boolean = () => true,
): Promise<number[]> {
  const values = floatValues(weight.tensor);
  const changed = changedRows(weightProbes.int4.change, values, channelsOf(layer, weight));
  const tensor = makeTensor(weight.name, 'float32', weight.tensor.shape, changed);
  const outputs = names.map((name): Edit => ({ kind: 'addOutput', name }));
  const change: Edit = { kind: 'setTensor', scope: layer.main.scope, tensor };
  const sessions = [
    await data.load(applyEdits(sized.index, outputs), { optimize: 'basic' }),
    await data.load(applyEdits(sized.index, [...outputs, change]), { optimize: 'basic' }),
  ];
  const sums = names.map(() => ({ error: 0, signal: 0 }));
  for (const batch of data.batches()) {
    const [a, b] = await Promise.all(
      sessions.map(async (session) => (await session.run(batch.feeds, names)).outputs),
    );
    names.forEach((name, at) => {
      const other = b![name]!.data as Float32Array;
      const width = b![name]!.shape.at(-1)!;
      (a![name]!.data as Float32Array).forEach((value, i) => {
        if (!isReal(batch, Math.floor(i / width))) return;
        sums[at]!.error += (value - other[i]!) ** 2;
        sums[at]!.signal += value ** 2;
      });
    });
  }
  for (const session of sessions) await session.release();
  return sums.map(({ error, signal }) => error / signal);
}

const near = (found: number, wanted: number, what: string) =>
  assert.ok(Math.abs(found - wanted) <= 1e-4 * wanted + 1e-12, `${what}: ${found}, not ${wanted}`);

async function agrees(t: TestContext, norm: 'pre' | 'post', masked: boolean): Promise<void> {
  const sized = sizedModel(t, feedForwards(norm));
  const mask = { batch: 2, sequence: 3, real: Uint8Array.of(1, 1, 0, 1, 0, 0) };
  const batches = [1, 2].map((seed) => ({
    feeds: { x: someFloats([2, 3, streamWidth], seed) },
    labels: undefined,
    mask: masked ? mask : undefined,
  }));
  const data = calibrationOf(batches, undefined);
  const rows = await propagated(sized, data);
  assert.equal(rows.length, 6);
  const { layers } = candidatesOf(sized.structure);
  for (const [at, row] of rows.entries()) {
    const each = layers.find(({ layer }) => layer.id === row.id)!;
    const own = Math.floor(at / 2);
    assert.equal(row.block, own);
    assert.deepEqual(
      row.blocks.map(({ id }) => id),
      sized.structure.blocks.slice(own).map(({ id }) => id),
    );
    const ends = ['h1', 'h2', 'y'].slice(own);
    const [local = NaN, ...errors] = await wholeRatios(
      sized,
      each,
      [each.layer.nodes.at(-1)!.node.outputs[0]!, ...ends],
      data,
      (batch, row) => batch.mask?.real[row] !== 0,
    );
    near(row.local, local, row.id);
    errors.forEach((error, i) => near(row.blocks[i]!.error, error, `${row.id} ${ends[i]}`));
    near(row.output, errors.at(-1)!, row.id);
    assert.ok(row.local > 1e-4 && row.local < 0.1);
  }
}

for (const norm of ['pre', 'post'] as const) {
  test(`errors of a ${norm}-norm model are those of running all of it`, (t) =>
    agrees(t, norm, false));
}

test('padded positions count neither as error nor as signal', (t) => agrees(t, 'pre', true));

test(
  'on a vision transformer every layer has its error, and the blocks behind it theirs',
  { skip: withoutModels },
  async () => {
    const sized = new Models().sized(join(modelsFolder, 'digits-vit', 'model.onnx'), {});
    const { layers } = candidatesOf(sized.structure);
    const rows = await propagated(sized, syntheticCalibration(sized, 4));
    assert.equal(rows.length, layers.length);
    for (const { id, local, blocks, output, block } of rows) {
      assert.ok(local > 0 && output > 0, id);
      const count = sized.structure.blocks.length;
      const behind = block === null ? blocks.length : count - block;
      assert.equal(blocks.length, behind, id);
      assert.ok(blocks.every(({ error }) => error > 0 && error < 1));
    }
    // Normed inputs and a sum with the stream: what enters is less at the block's end.
    const roles = errorsByRole(rows);
    assert.ok(roles.find(({ role }) => role === 'query')!.entering! < 1);
  },
);

test('roles are the means of their layers', () => {
  const row = (
    role: Propagated['role'],
    local: number,
    ends: readonly number[],
    output: number,
  ) => ({
    ...{ role, local, output },
    blocks: ends.map((error, at) => ({ id: `b${at}`, error })),
  });
  const [value, head] = errorsByRole([
    row('value', 0.1, [0.05, 0.2], 0.4),
    row('value', 0.3, [0.6], 0.6),
    row('head', 0.01, [], 0.01),
  ]);
  assert.equal(value?.role, 'value');
  assert.equal(value?.layers, 2);
  near(value.local, 0.2, 'local');
  near(value.output, 0.5, 'output');
  // Geometric means: of ½ and 2, of 4 alone, of 4 and 2.
  near(value.entering!, 1, 'entering');
  near(value.growth!, 4, 'growth');
  near(value.amplification!, Math.sqrt(8), 'amplification');
  assert.deepEqual(head, {
    ...{ role: 'head', layers: 1, local: 0.01, output: 0.01 },
    ...{ entering: null, growth: null, amplification: 1 },
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { zipSync } from 'fflate';
import { plan } from '../../../src/engine/plan/plan';
import type { Graph } from '../../../src/onnx/model';
import type { PlanLimit } from '../../../src/protocol/plan';
import { plainPalette } from '../../../src/report/paint';
import { terminalPlan } from '../../../src/report/planTerminal';
import { aGraph, aModel, aNode, aTensor, aValue } from '../../support/build';
import { npyOf } from '../../support/npy';
import { sizedModel } from '../../support/residuals';

const width = 64;
const samples = 16;

const matrix = (name: string, first = 0.1) => {
  const values = Float32Array.from(
    { length: width * width },
    (_, i) => Math.sin(i * 1.7 + name.length) / 8,
  );
  values[0] = first;
  return aTensor(name, 'float32', [width, width], values);
};

const branch = (weight: string, output: string, first = 0.1): Graph =>
  aGraph({
    name: output,
    initializers: [matrix(weight, first)],
    nodes: [aNode('MatMul', ['h', weight], [output], {}, { name: `/${weight}/MatMul` })],
    outputs: [aValue(output, 'float32', ['batch', width])],
  });

/** One product for all, another for each side of a condition, and one for an output that nothing is measured by. */
const model = (low: number) =>
  aModel(
    {
      inputs: [aValue('x', 'float32', ['batch', width]), aValue('rate', 'float32', [1])],
      outputs: [aValue('y', 'float32', ['batch', width]), aValue('z', 'float32', ['batch', width])],
      initializers: [matrix('shared'), matrix('aside'), aTensor('zero', 'float32', [1], [0])],
      nodes: [
        aNode('MatMul', ['x', 'shared'], ['h'], {}, { name: '/shared/MatMul' }),
        aNode('MatMul', ['h', 'aside'], ['z'], {}, { name: '/aside/MatMul' }),
        aNode('Greater', ['rate', 'zero'], ['isHigh']),
        aNode('If', ['isHigh'], ['y'], {
          then_branch: { kind: 'graph', value: branch('high', 'then') },
          else_branch: { kind: 'graph', value: branch('low', 'else', low) },
        }),
      ],
    },
    { opsets: new Map([['', 17]]) },
  );

/** All samples take the first branch. */
async function planned(t: TestContext, share: number, low = 0.1) {
  const sized = sizedModel(t, model(low));
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-unrun-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data.npz');
  const x = Float32Array.from({ length: samples * width }, (_, i) => Math.cos(i * 0.37));
  writeFileSync(
    data,
    zipSync({
      'x.npy': npyOf({ dtype: 'float32', shape: [samples, width], data: x }),
      'rate.npy': npyOf({
        dtype: 'float32',
        shape: [samples],
        data: new Float32Array(samples).fill(1),
      }),
    }),
  );
  const limit: PlanLimit = { kind: 'size', value: Math.floor(share * sized.bytes) };
  return plan(
    sized,
    { file: sized.file, data, samples, limit, metric: 'nmse', threads: 1 },
    { signal: new AbortController().signal, progress: () => {}, partial: () => {} },
  );
}

const options = { width: 100, layers: 20, palette: plainPalette };

test('layers that no sample’s answer depends on are left alone where the size can be had without them', async (t) => {
  const made = await planned(t, 0.65);
  assert.deepEqual(made.notes, []);
  const reasons = new Map(made.skipped.map(({ layer, why }) => [layer, why]));
  assert.match(reasons.get('low') ?? '', /^No sample of the data runs this layer/);
  assert.match(reasons.get('aside') ?? '', /^The output that is measured does not depend/);
  assert.deepEqual(made.layers.map(({ id }) => id).sort(), ['high', 'shared']);
});

test('where it cannot, the plan says that nothing of it was measured, and no damage of zero', async (t) => {
  const made = await planned(t, 0.3);
  const { notes, layers, steps } = made;
  assert.equal(notes.length, 1);
  assert.match(
    notes[0]!,
    /^No sample’s answer depends on 2 layers, but without them the size cannot be had: .*\(aside, low\)/,
  );
  assert.equal(layers.find(({ id }) => id === 'low')?.damage, null);
  assert.ok(layers.some(({ damage }) => (damage ?? 0) > 0));
  for (const id of ['aside', 'low']) {
    const own = steps.find(({ targets }) => targets.layers?.includes(id))?.note ?? '';
    assert.match(own, new RegExp(`not measured, as no sample’s answer depends on .*: .*${id}`));
    assert.doesNotMatch(own, new RegExp(`${id} 0`));
  }
  const text = terminalPlan(made, options);
  assert.match(text, /No sample’s answer depends on 2 layers/);
  assert.match(text, /low .*not measured/);
});

test('a weight that is no number is no layer to plan, with the reason', async (t) => {
  const { skipped, layers } = await planned(t, 0.7, NaN);
  assert.match(
    skipped.find(({ layer }) => layer === 'low')?.why ?? '',
    /holds 1 value that is no number/,
  );
  assert.ok(layers.every(({ id }) => id !== 'low'));
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { noProgress } from '../../src/base/progress';
import { realValues } from '../../src/actions/int8Static/ranges';
import { Models, type SizedModel } from '../../src/engine/models';
import { damageJudge } from '../../src/engine/sensitivity/damage';
import {
  type Calibration,
  type CalibrationBatch,
  type PositionMask,
  realElements,
  realRows,
} from '../../src/runtime/calibration';
import { gatherHessians } from '../../src/runtime/hessians';
import { inputSpecs } from '../../src/runtime/inputs';
import { observe } from '../../src/runtime/observe';
import { purposeOf } from '../../src/runtime/purpose';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { type MetricName, metrics } from '../../src/sensitivity/metrics/index';
import { weightProbes } from '../../src/sensitivity/probes';
import { propagation } from '../../src/sensitivity/propagation';
import { layerSubject, sweep } from '../../src/sensitivity/sweep';
import { calibrationOf } from '../support/calibration';
import { int64 } from '../support/datasets';
import { modelsFolder, withoutModels } from '../support/models';

const mask: PositionMask = { batch: 2, sequence: 3, real: Uint8Array.of(1, 1, 1, 1, 0, 0) };

test('padded positions are known in every layout that they have', () => {
  const rows = (...shape: number[]) => realRows(shape, mask) && [...realRows(shape, mask)!];
  assert.deepEqual(rows(2, 3, 8), [1, 1, 1, 1, 0, 0]);
  assert.deepEqual(rows(6, 8), [1, 1, 1, 1, 0, 0]);
  assert.deepEqual(rows(2, 3, 2, 4), [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  assert.deepEqual(rows(2, 2, 3, 4), [1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0]);
  for (const other of [[2, 8], [3, 3, 8], [2, 8, 4], [8]]) assert.equal(rows(...other), undefined);
  const elements = realElements([2, 2, 3], mask);
  assert.deepEqual([...elements!], [1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0]);
  assert.equal(realElements([2, 3, 3], mask), undefined, 'rows are known of it');
});

const lengths = [3, 9, 5, 12];

/** Sequences of these lengths, padded with a token that stands for much, all in one batch; or each by itself, without padding. */
function batchesOf({ index, shapes }: SizedModel, width?: number): CalibrationBatch[] {
  const all = lengths.map((_, sample) => sample);
  return (width === undefined ? all.map((sample) => [sample]) : [all]).map((samples) => {
    const size = width ?? lengths[samples[0]!]!;
    const each = (value: (sample: number, at: number) => number) =>
      int64(
        [samples.length, size],
        samples.flatMap((sample) => Array.from({ length: size }, (_, at) => value(sample, at))),
      );
    const made = {
      ids: each((sample, at) => (at < lengths[sample]! ? 5 + ((at * 7 + sample * 3) % 20) : 2)),
      mask: each((sample, at) => Number(at < lengths[sample]!)),
      types: each(() => 0),
    };
    const feeds = inputSpecs(index.model).map((spec) => {
      const { kind } = purposeOf(spec, index, shapes);
      return [spec.name, made[kind as keyof typeof made]] as const;
    });
    const real = Uint8Array.from(made.mask.data as BigInt64Array, Number);
    return {
      ...{ feeds: Object.fromEntries(feeds), labels: undefined },
      mask: { batch: samples.length, sequence: size, real },
    };
  });
}

const near = (found: number, wanted: number, what: string) =>
  assert.ok(Math.abs(found - wanted) <= 2e-4 * Math.abs(wanted) + 1e-8, `${what}: ${found}, not ${wanted}`); // prettier-ignore

/** Every figure that stands on the data, by what it is. */
async function figuresOf(sized: SizedModel, metric: MetricName, data: Calibration) {
  const { index, structure, shapes, external } = sized;
  const layers = candidatesOf(structure).layers.filter(({ layer }) => layer.part !== 'embedding');
  const inputs = layers.flatMap(({ layer }) => {
    const [name = ''] = layer.main.node.inputs;
    return index.main.producers.has(name) ? [name] : [];
  });
  const found = new Map<string, number>();
  const ranges = new Map<string, [number, number]>();
  const widths = new Map<string, number>();
  const progress = noProgress;
  const open = external.open;
  await observe(
    index,
    data,
    inputs,
    (values) => {
      for (const [name, seen] of values) {
        const [low, high] = ranges.get(name) ?? [0, 0];
        const kept = realValues(seen);
        ranges.set(name, [Math.min(low, ...kept), Math.max(high, ...kept)]);
        widths.set(name, seen.tensor.shape.at(-1)!);
      }
    },
    { progress },
  );
  for (const [name, [low, high]] of ranges) {
    found.set(`low ${name}`, low).set(`high ${name}`, high);
  }
  for (const [name, windows] of await gatherHessians(index, data, widths, { progress })) {
    const trace = windows[0]!.sums.reduce((sum, value) => sum + Math.abs(value), 0);
    found.set(`hessian ${name}`, trace);
  }
  const judge = damageJudge(sized, () => metric);
  const { change } = weightProbes.int2;
  await sweep({
    ...{ index, data, open, signal: undefined, progress, memory: 1e9, score: judge.score },
    tasks: layers.map((layer) => ({
      subject: layerSubject(layer),
      changes: [{ kind: 'weight', name: 'int2', change }],
    })),
    finished: ({ subject, scores }) => {
      scores.forEach((score, at) => found.set(`${metric} ${subject.id} ${at}`, score));
    },
  });
  const followed = await propagation({
    ...{ structure, shapes, layers, probe: 'int2', output: judge.output, data, open },
    ...{ memory: 1e9, signal: undefined, progress },
  });
  for (const { id, local, output } of followed) {
    found.set(`local ${id}`, local).set(`output ${id}`, output);
  }
  return found;
}

for (const [name, metric] of [
  ['distilbert_ts_op13.onnx', 'nmse'],
  ['gpt2_ts_op14.onnx', 'kl'],
  ['gpt2_ts_op14.onnx', 'perplexity'],
] as const) {
  test(
    `padding changes no figure of ${name} (${metrics[metric].title})`,
    { skip: withoutModels },
    async () => {
      const sized = new Models().sized(join(modelsFolder, 'structures', name), {});
      const [alone, padded] = await Promise.all(
        [undefined, 16].map((width) =>
          figuresOf(sized, metric, calibrationOf(batchesOf(sized, width))),
        ),
      );
      assert.ok(alone!.size > 50, `${alone!.size} figures`);
      assert.deepEqual([...padded!.keys()], [...alone!.keys()]);
      for (const [what, wanted] of alone!) near(padded!.get(what)!, wanted, what);
    },
  );
}

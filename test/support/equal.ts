import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applySteps, type Applied, type ApplyOptions } from '../../src/build/apply';
import { checkModel } from '../../src/onnx/check';
import { indexGraph } from '../../src/onnx/graph';
import type { OpenExternal } from '../../src/onnx/external';
import type { Model } from '../../src/onnx/model';
import type { Step } from '../../src/protocol/recipe';
import { ortRunner } from '../../src/runtime/ort';
import type { Calibration } from '../../src/runtime/calibration';
import { numbersOf } from '../../src/runtime/arrays';
import type { Feeds, RunTensor, Session } from '../../src/runtime/runner';
import { modelBytes } from './build';
import { saveModel } from '../../src/engine/saveModel';

const session = { threads: 1, provider: 'cpu', optimize: 'all' } as const;

/** A preparation by its name, on everything it fits. */
export const step = (action: string, params: Record<string, unknown> = {}): Step => ({
  ...{ action, targets: {}, params },
});

/** A float32 tensor of numbers that differ, none of them large. */
export function someFloats(shape: readonly number[], seed = 1): RunTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length: count }, (_, i) => Math.sin(seed * 100 + i * 1.7));
  return { dtype: 'float32', shape, data };
}

/** Runs a model that is in memory. */
export async function runModel(model: Model, feeds: Feeds, open?: OpenExternal): Promise<Feeds> {
  return withFile(model, open, (file) => runFile(file, feeds));
}

/** Hands over the model's bytes, or where it has external data its file, which is there until `use` is done. */
async function withFile<T>(
  model: Model,
  open: OpenExternal | undefined,
  use: (file: string | Uint8Array) => Promise<T>,
): Promise<T> {
  if (!open) return use(modelBytes(model));
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-equal-'));
  try {
    const file = join(folder, 'model.onnx');
    saveModel(model, file, { open });
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a model's file, or its bytes. */
export async function runFile(file: string | Uint8Array, feeds: Feeds): Promise<Feeds> {
  let loaded: Session | undefined;
  try {
    loaded = await ortRunner().load(file, session);
    return (await loaded.run(feeds)).outputs;
  } finally {
    await loaded?.release();
  }
}

/** The largest difference of two models' outputs, as a share of the largest value. */
export function largestDifference(before: Feeds, after: Feeds): number {
  assert.deepEqual(Object.keys(after), Object.keys(before));
  return Math.max(
    ...Object.entries(before).map(([name, a]) => {
      const b = after[name]!;
      assert.deepEqual([b.dtype, b.shape], [a.dtype, a.shape], name);
      const [x, y] = [Array.from(numbersOf(a)), Array.from(numbersOf(b))];
      const scale = Math.max(1e-30, ...x.filter((value) => Number.isFinite(value)).map(Math.abs));
      // Infinities and what is not a number must stand in the same places.
      const differences = x.map((value, i) =>
        Object.is(value, y[i]) ? 0 : Math.abs(value - y[i]!),
      );
      return Math.max(0, ...differences) / scale;
    }),
  );
}

/** These batches as the user's data. */
export function calibrationOf(batches: readonly Feeds[], open?: OpenExternal): Calibration {
  return {
    name: 'made up',
    samples: batches.length,
    batches: () => batches.map((feeds) => ({ feeds, mask: undefined, labels: undefined })),
    load: (model, changes = {}) =>
      withFile(model, open, (file) => ortRunner().load(file, { ...session, ...changes })),
  };
}

/** Takes the steps, and asserts that the model is sound and answers as before, to 1e-5 of its largest value. */
export async function assertEqualAfter(
  model: Model,
  steps: readonly Step[],
  feeds: Feeds,
  options: ApplyOptions = {},
): Promise<Applied> {
  const applied = await applySteps(indexGraph(model), steps, options);
  assert.deepEqual(checkModel(applied.index.model), []);
  const difference = largestDifference(
    await runModel(model, feeds),
    await runModel(applied.index.model, feeds),
  );
  assert.ok(difference <= 1e-5, `differs by ${difference}`);
  return applied;
}

/** The operators of a model's main graph, in order. */
export const opsOf = ({ index }: Applied) => index.model.graph.nodes.map((node) => node.op);

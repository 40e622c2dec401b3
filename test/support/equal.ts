import assert from 'node:assert/strict';
import { applySteps, type Applied, type ApplyOptions } from '../../src/build/apply';
import { checkModel } from '../../src/onnx/check';
import { indexGraph } from '../../src/onnx/graph';
import type { Model } from '../../src/onnx/model';
import type { Step } from '../../src/protocol/recipe';
import { numbersOf } from '../../src/runtime/arrays';
import type { Feeds, RunTensor } from '../../src/runtime/runner';
import { runModel } from './loading';

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

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applySteps } from '../../src/build/apply';
import { Models } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import { indexGraph, type GraphIndex } from '../../src/onnx/graph';
import type { Model } from '../../src/onnx/model';
import type { Step } from '../../src/protocol/recipe';
import type { CalibrationBatch } from '../../src/runtime/calibration';
import { ortRunner } from '../../src/runtime/ort';
import type { Feeds } from '../../src/runtime/runner';
import { normalizedSquaredError } from '../../src/tensor/measures';
import { calibrationOf } from './calibration';

/** Operators of the graph that the runtime makes of a model file, with their counts. */
export async function kernelsOf(file: string): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-optimised-'));
  const optimizedFile = join(folder, 'model.onnx');
  const session = await ortRunner().load(file, {
    ...{ threads: 1, provider: 'cpu', optimize: 'all', optimizedFile },
  });
  await session.release();
  const { entries } = new Models().sized(optimizedFile, {}).index;
  rmSync(folder, { recursive: true, force: true });
  const counts: Record<string, number> = {};
  for (const { node } of entries) counts[node.op] = (counts[node.op] ?? 0) + 1;
  return counts;
}

/** What came of a model made in code, after steps that saw some batches. */
export interface Quantized {
  readonly index: GraphIndex;
  readonly skipped: readonly { readonly layer: string; readonly why: string }[];
  /** Operators as the runtime runs them. */
  readonly kernels: Record<string, number>;
  /** Share of the first output's energy that is error, on the first batch. */
  readonly error: number;
}

/** Makes the steps on a model with the batches as its data, and runs both. */
export async function quantized(
  model: Model,
  steps: readonly Step[],
  batches: readonly CalibrationBatch[],
): Promise<Quantized> {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-quantized-'));
  try {
    const calibration = calibrationOf(batches);
    const applied = await applySteps(indexGraph(model), steps, { calibration });
    const [before, after] = ['before.onnx', 'after.onnx'].map((name) => join(folder, name)) as [
      string,
      string,
    ];
    saveModel(model, before);
    saveModel(applied.index.model, after);
    const { feeds } = batches[0]!;
    const error = normalizedSquaredError(
      await outputOf(before, feeds),
      await outputOf(after, feeds),
    );
    const skipped = applied.steps.flatMap((step) => step.skipped);
    return { index: applied.index, skipped, kernels: await kernelsOf(after), error };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function outputOf(file: string, feeds: Feeds): Promise<Float32Array> {
  const session = await ortRunner().load(file, { threads: 1, provider: 'cpu', optimize: 'all' });
  const [name = ''] = session.outputs;
  const { outputs } = await session.run(feeds, [name]);
  await session.release();
  return outputs[name]!.data as Float32Array;
}

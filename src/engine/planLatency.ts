import { join } from 'node:path';
import { noProgress } from '../base/progress';
import { applySteps } from '../build/apply';
import { type PlanChoiceName, planChoiceNames, planChoiceOf } from '../build/plan/choices';
import { spreadOf } from '../profile/spread';
import type { Profile } from '../protocol/types';
import type { Runner } from '../runtime/runner';
import { runInputs } from './inputs';
import { measure } from './measure';
import { Models, type SizedModel } from './models';
import { saveModel } from './saveModel';

/** What a run takes: of the whole model as it is, and of every layer under every choice, in milliseconds. */
export interface LayerLatencies {
  readonly total: number;
  /** Undefined for a layer that the choice does not fit, or whose time could not be told. */
  of(layer: string, choice: PlanChoiceName): number | undefined;
}

const runs = 30;
const warmup = 5;

interface LatencyOptions {
  readonly threads: number;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Measures the kernels of every choice in their place: for each choice one model with all layers treated so is made and profiled at the
 * asked sizes, so that a layer's time is that of its shape, its kernel and its neighbours on this machine.
 */
export async function layerLatencies(
  sized: SizedModel,
  layers: readonly string[],
  options: LatencyOptions,
): Promise<LayerLatencies> {
  const profiles = new Map<PlanChoiceName, Profile>();
  for (const choice of planChoiceNames) {
    profiles.set(choice, await profileOf(sized, layers, choice, options));
  }
  return {
    total: profiles.get('keep')?.measured.latencyMs.median ?? NaN,
    of: (layer, choice) => profiles.get(choice)?.layers[layer]?.timeMs ?? undefined,
  };
}

async function profileOf(
  sized: SizedModel,
  layers: readonly string[],
  choice: PlanChoiceName,
  { threads, folder, signal }: LatencyOptions,
): Promise<Profile> {
  const { step } = planChoiceOf(choice);
  const { open } = sized.external;
  const { dims, shapes } = sizesOf(sized);
  const request = { threads, runs, warmup, provider: 'cpu', seed: 1, file: sized.file };
  const context = { signal, progress: noProgress, partial: () => {} };
  if (!step) return measure(sized, request, context);
  // Rounding does not change how long a kernel takes: no data is needed.
  const steps = [{ ...step, targets: { layers: [...layers] } }];
  const applied = await applySteps(sized.index, steps, { open });
  const file = join(folder, `${choice}.onnx`);
  await saveModel(applied.index.model, file, { open });
  const made = new Models().sized(file, { dims, shapes });
  return measure(made, { ...request, file }, context);
}

/** The asked sizes, for a model with the same inputs. */
function sizesOf({ resolved }: SizedModel) {
  const dims = Object.fromEntries([...resolved.sizes].filter(([symbol]) => !symbol.includes('.')));
  return { dims, shapes: {} };
}

/** Median time of a run at the asked sizes, in milliseconds. */
export async function medianLatency(
  runner: Runner,
  sized: SizedModel,
  file: string,
  threads: number,
): Promise<number> {
  const session = await runner.load(file, { threads, provider: 'cpu', optimize: 'all' });
  const feeds = runInputs(sized, undefined, 1).feeds(0);
  const times: number[] = [];
  try {
    for (let run = -warmup; run < runs; run++) {
      const { ms } = await session.run(feeds);
      if (run >= 0) times.push(ms);
    }
  } finally {
    await session.release();
  }
  return spreadOf(times).median;
}

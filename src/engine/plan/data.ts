import { throwIfAborted } from '../../base/cancel';
import type { PlanBasis, PlanRequest } from '../../protocol/plan';
import type { Calibration } from '../../runtime/calibration';
import type { Runner } from '../../runtime/runner';
import { type DescribedCalibration, openCalibration } from '../calibration';
import { drawingSeed } from '../inputs';
import type { SizedModel } from '../models';
import type { DamageJudge } from '../sensitivity/damage';
import { drawHard } from './hardest';
import { type PlanParts, planParts, type Stretch, undivided } from './parts';

/** The data of a request, divided among what it is used for. */
export interface PlanData {
  /** All that is used, to be described. */
  readonly all: DescribedCalibration;
  readonly parts: PlanParts;
  readonly basis: PlanBasis;
  /** What actions collect from, for models of the same inputs as the one that is planned. */
  calibrating(model: SizedModel): Calibration;
  /** What single layers are tried on. */
  choosing(model: SizedModel): Calibration;
  /** What plans are held to. */
  readonly holding: Calibration;
  /** What lies beyond all of them; without samples where nothing does. */
  readonly unseen: Calibration;
}

/** Samples beyond those that a plan is made with. */
const mostUnseen = 512;

/** Opens a request's data for a model. Throws what data and models refuse. */
export function planData(
  original: SizedModel,
  request: PlanRequest,
  { runner, folder }: { readonly runner: Runner; readonly folder: string },
): PlanData {
  const { data, label, samples, threads } = request;
  const common = { runner, folder, data, label, threads, drawnWith: drawingSeed(request) };
  const open = (of: SizedModel, { skip, count }: Stretch) =>
    openCalibration(of, { ...common, samples: count, skip });
  const all = open(original, { skip: 0, count: samples });
  const parts = planParts(all.samples);
  const holding = open(original, parts.holding);
  const choosing = open(original, parts.choosing);
  // Models that take so many samples at once may leave none for the last part.
  if (holding.samples === 0 || choosing.samples === 0) {
    return planDataOf(all, undivided(all.samples), original, open);
  }
  return planDataOf(all, parts, original, open);
}

function planDataOf(
  all: DescribedCalibration,
  parts: PlanParts,
  original: SizedModel,
  open: (of: SizedModel, stretch: Stretch) => DescribedCalibration,
): PlanData {
  const holding = open(original, parts.holding);
  return {
    ...{ all, parts, holding },
    basis: {
      ...{ calibrating: parts.calibrating.count, choosing: parts.choosing.count },
      ...{ holding: holding.samples, heldOut: parts.heldOut },
    },
    calibrating: (model) => open(model, parts.calibrating),
    choosing: (model) => open(model, parts.choosing),
    unseen: open(original, { skip: all.samples, count: mostUnseen }),
  };
}

/** Samples that single layers are scored on, and what each of them counts; the weights add up to 1. */
export interface LayerSamples {
  readonly samples: Calibration;
  readonly weights: readonly number[];
}

/** Of the samples to choose on, at most `most`: the ones that the model is unsure of first, as compression shows on them. */
export async function layerSamples(
  { index }: SizedModel,
  pool: Calibration,
  { most, judge, signal }: { most: number; judge: DamageJudge; signal: AbortSignal },
): Promise<LayerSamples> {
  const { difficulty, output } = judge;
  const alike = () => Array.from({ length: pool.samples }, () => 1);
  if (!pool.pick || pool.samples <= most) {
    return { samples: pool, weights: alike().map((each) => each / pool.samples) };
  }
  const found: number[] = [];
  const session = difficulty && (await pool.load(index.model));
  try {
    for (const batch of session ? pool.batches() : []) {
      throwIfAborted(signal);
      const { outputs } = (await session?.run(batch.feeds, [output])) ?? { outputs: {} };
      found.push(...(difficulty?.(outputs, batch) ?? []));
    }
  } finally {
    await session?.release();
  }
  const isTold = found.length === pool.samples && found.every(Number.isFinite);
  const { numbers, weights } = drawHard(isTold ? found : alike(), most);
  return { samples: pool.pick(numbers), weights };
}

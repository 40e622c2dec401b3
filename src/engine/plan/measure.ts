import type { Workbench } from '../../actions/action';
import { keeperWithin } from '../../actions/keeper';
import { noProgress, partOf } from '../../base/progress';
import { isOfTime } from '../../build/plan/choices';
import { type PlanGroup, planGroups } from '../../build/plan/groups';
import { measureOptions } from '../../build/plan/options';
import { namesFor, rememberLast } from '../../onnx/builder';
import type { PlanProgress, PlanRequest } from '../../protocol/plan';
import type { CallContext } from '../../protocol/rpc';
import type { Calibration } from '../../runtime/calibration';
import type { Runner } from '../../runtime/runner';
import { candidatesOf } from '../../sensitivity/candidates';
import type { Score } from '../../sensitivity/sweep';
import { modelBytes } from '../modelBytes';
import type { SizedModel } from '../models';
import { reducedIndex } from '../reduced';
import { isFaster, type Measurements, planFront } from './choice';
import type { PlanKept } from './kept';
import { layerLatencies } from './latency';

/** For values of the unchanged model that are kept while layers are tried. */
const keptBytes = 1e9;
/** Points of the front that partial results have: a chart's worth. */
const partialPoints = 12;
/** Partial results are told at most so often, in milliseconds. */
const toldEvery = 1000;

export interface PlanMeasuring {
  readonly original: SizedModel;
  readonly source: SizedModel;
  readonly request: PlanRequest;
  /** What actions collect from. */
  readonly calibration: Calibration;
  /** What single layers are scored on. */
  readonly samples: Calibration;
  /** What each of them counts. */
  readonly weights: readonly number[];
  readonly output: string;
  readonly score: Score;
  readonly runner: Runner;
  readonly folder: string;
  readonly kept: PlanKept;
}

/** The layers that a plan of this model decides on, and those that nothing can be made of. */
export function plannedGroups({ structure }: SizedModel): {
  groups: readonly PlanGroup[];
  skipped: { layer: string; why: string }[];
} {
  const candidates = candidatesOf(structure);
  const groups = planGroups(candidates);
  const members = new Set(groups.flatMap((group) => group.members.map(({ id }) => id)));
  const skipped = candidates.skipped.flatMap(({ layer, why }) =>
    members.has(layer.id) ? [] : [{ layer: layer.id, why }],
  );
  return { groups, skipped };
}

/** Measures what every choice does to every layer and, under a limit of time, what its kernels take; tells the front as far as it is known. */
export async function measurePlan(
  groups: readonly PlanGroup[],
  { original, source, request, calibration, runner, folder, kept, ...measuring }: PlanMeasuring,
  { signal, progress, partial }: CallContext,
): Promise<Measurements> {
  const { structure, external, index } = source;
  const { limit, threads } = request;
  const bench: Workbench = {
    ...{
      structure,
      calibration,
      signal,
      original: index,
      prepared: index,
      keeper: keeperWithin(),
      open: external.open,
    },
    ...{ names: namesFor(index), remember: rememberLast(), progress: noProgress },
    tell: () => {},
  };
  const timingShare = isOfTime(limit) ? 0.3 : 0;
  const latencies = isOfTime(limit)
    ? await layerLatencies(original, source, groups, {
        ...{ limit, threads, folder, runner, bench },
        ...{ kept: kept.times, progress: partOf(progress, 0, timingShare) },
      })
    : undefined;
  const bytes = modelBytes(source);
  let told = 0;
  const layers = await measureOptions(
    { ...bench, progress: partOf(progress, timingShare, 1) },
    groups,
    {
      ...{ limit, memory: keptBytes, kept: kept.scores },
      ...{ score: measuring.score, samples: measuring.samples, weights: measuring.weights },
      ...{ outputs: [measuring.output], reduced: await reducedIndex(source) },
      // Slower and not as exact as leaving the layer alone: no plan would take it.
      isWorth: ({ layer }, choice) =>
        choice === 'keep' || !latencies || isFaster(latencies, layer.id, choice),
      measured: (known, measured, of) => {
        if (performance.now() - told < toldEvery) return;
        told = performance.now();
        const front = planFront({ layers: known, bytes, latencies }, partialPoints);
        partial({ measured, of, front } satisfies PlanProgress);
      },
    },
  );
  return { layers, bytes, latencies };
}

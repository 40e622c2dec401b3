import { throwIfAborted } from '../../base/cancel';
import { partOf } from '../../base/progress';
import { awqExponents, awqFactors, scaledRoundingError } from '../../kernels/awq';
import type { Calibration } from '../../runtime/calibration';
import { gatherHessians, type Hessian, hessianBytes } from '../../runtime/hessians';
import { observe } from '../../runtime/observe';
import { outputError, outputErrorModel } from '../../runtime/outputError';
import type { Session } from '../../runtime/runner';
import { transpose } from '../../tensor/linalg';
import type { Workbench } from '../action';
import { readWeight } from '../linear';
import { blockwiseOf, grids, type Params } from '../weightOnly/params';
import { addByChannel, type ChannelSums } from './channelMaxima';
import type { Group } from './linearGroups';

/** The rounding that factors are sought for. */
export type Rounding = Pick<Params, 'bits' | 'block' | 'symmetric' | 'grid'>;

/** Factors of a group's input channels, [K], and the error of its outputs on the data: with them, and without. */
export interface Scales {
  readonly factors: Float32Array;
  readonly error: number;
  readonly nearest: number;
}

/** Hessians that are kept at a time; the data is run once for so many. */
const hessianMemory = 256 * 2 ** 20;
/** Weights of a layer that the search looks at, in channels evenly spread. */
const mostWeights = 1 << 20;
/** Of the progress: running the data for the magnitudes, and of the rest, for the Hessians. */
const magnitudeShare = 0.1;
const hessianShare = 0.2;

/** For every group the factors with the least error, by its input; groups that cannot be watched or gain nothing are left out. */
export async function findScales(
  bench: Workbench,
  calibration: Calibration,
  groups: readonly Group[],
  rounding: Rounding,
): Promise<ReadonlyMap<string, Scales>> {
  const scales = new Map<string, Scales>();
  const running = partOf(bench.progress, 0, magnitudeShare);
  const magnitudes = await magnitudesOf({ ...bench, progress: running }, calibration, groups);
  const session = await calibration.load(outputErrorModel);
  try {
    const parts = inParts(groups);
    for (const [i, part] of parts.entries()) {
      const share = (1 - magnitudeShare) / parts.length;
      const from = magnitudeShare + i * share;
      const progress = partOf(bench.progress, from, from + share);
      const running = partOf(progress, 0, hessianShare);
      const hessians = await hessiansOf({ ...bench, progress: running }, calibration, part);
      for (const [j, group] of part.entries()) {
        throwIfAborted(bench.signal);
        progress(hessianShare + ((1 - hessianShare) * j) / part.length, group.input);
        const [means, hessian] = [magnitudes.get(group.input), hessians.get(group.input)];
        if (means?.length !== widthOf(group) || !hessian) continue;
        const found = await best(bench, session, group, { means, hessian, rounding });
        if (found.error < found.nearest) scales.set(group.input, found);
      }
    }
  } finally {
    await session.release();
  }
  return scales;
}

const widthOf = ({ members }: Group) => members[0]?.linear.k ?? 0;

/** Mean magnitudes of the groups' input channels. */
async function magnitudesOf(
  bench: Workbench,
  calibration: Calibration,
  groups: readonly Group[],
): Promise<ReadonlyMap<string, Float64Array>> {
  const sums = new Map<string, ChannelSums>();
  const names = groups.map(({ input }) => input);
  const see: Parameters<typeof observe>[3] = (values) => {
    for (const [name, seen] of values) sums.set(name, addByChannel(seen, sums.get(name), Math.abs));
  };
  await observe(bench.structure.index, calibration, names, see, bench);
  return new Map(
    [...sums].map(([name, { sums: total, rows }]) => [name, total.map((sum) => sum / rows)]),
  );
}

/** Groups whose Hessians fit into memory together. */
function inParts(groups: readonly Group[]): Group[][] {
  const parts: Group[][] = [];
  let bytes = Infinity;
  for (const group of groups) {
    const own = hessianBytes(widthOf(group));
    if (bytes + own > hessianMemory) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(group);
    bytes += own;
  }
  return parts;
}

function hessiansOf(
  { structure, signal, progress }: Workbench,
  calibration: Calibration,
  groups: readonly Group[],
): Promise<ReadonlyMap<string, Hessian>> {
  const widths = new Map(groups.map((group) => [group.input, widthOf(group)]));
  return gatherHessians(structure.index, calibration, widths, { signal, progress });
}

interface Known {
  readonly means: Float64Array;
  readonly hessian: Hessian;
  readonly rounding: Rounding;
}

async function best(
  { open }: Workbench,
  session: Session,
  { members }: Group,
  { means, hessian, rounding }: Known,
): Promise<Scales> {
  const options = blockwiseOf(rounding);
  const grid = grids[rounding.grid](options);
  const weights = members.map(({ linear }) => {
    const { k, n } = linear;
    return someChannels(transpose(readWeight(linear, open), k, n), k, n);
  });
  let [nearest, found]: [number, Scales | undefined] = [Infinity, undefined];
  for (const exponent of awqExponents) {
    const factors = awqFactors(means, exponent);
    let error = 0;
    for (const channels of weights) {
      const lost = scaledRoundingError(channels, factors, options, grid);
      error += await outputError(session, lost, means.length, hessian);
    }
    if (exponent === 0) nearest = error;
    if (!found || error < found.error) found = { factors, error, nearest };
  }
  return found ?? { factors: awqFactors(means, 0), error: nearest, nearest };
}

/** Channels [N, K], evenly spread where there are many. */
function someChannels(channels: Float32Array, k: number, n: number): Float32Array {
  const count = Math.min(n, Math.max(1, Math.floor(mostWeights / k)));
  if (count === n) return channels;
  const some = new Float32Array(count * k);
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * n) / count) * k;
    some.set(channels.subarray(from, from + k), i * k);
  }
  return some;
}

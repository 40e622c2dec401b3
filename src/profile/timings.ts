import type { Structure } from '../structure/structure';
import type { ExecutedNode } from './executed';
import { type Spread, spreadOf } from './spread';
import type { TracedNode } from './trace';

/** One run of a trace. */
type Run = ReadonlyMap<string, TracedNode>;

export interface LayerTime {
  readonly timeMs: number;
  readonly p10: number;
  readonly p90: number;
}

export interface Attributed {
  /** Layer id → spread over the runs, of the sums of its nodes. */
  readonly layers: ReadonlyMap<string, LayerTime>;
  /** Node id → median. */
  readonly nodes: ReadonlyMap<string, number>;
  /** Median over the runs of what all layers took together: more than the sum of their medians where other work disturbs now one, now another. */
  readonly togetherMs: number;
}

/**
 * What the trace itself adds to each call of a node, in milliseconds: the cost at which the layers add up to `wholeMs`, the time of the same run
 * without a trace. 0 where they stay below it anyway. Some microseconds: nothing to a large product, several times the work of a small node.
 */
export function traceCost(
  runs: readonly Run[],
  executed: readonly ExecutedNode[],
  structure: Structure,
  wholeMs: number,
): number {
  const sample = fewRuns(runs);
  const sumAt = (cost: number) => layerSum(attribute(sample, executed, structure, cost));
  if (sumAt(0) <= wholeMs) return 0;
  let [low, high] = [0, mostCost];
  // To 5 nanoseconds.
  for (let step = 0; step < 12; step++) {
    const middle = (low + high) / 2;
    if (sumAt(middle) > wholeMs) low = middle;
    else high = middle;
  }
  return high;
}

/** The sum of the layers' medians. */
export function layerSum({ layers }: Pick<Attributed, 'layers'>): number {
  return [...layers.values()].reduce((sum, { timeMs }) => sum + timeMs, 0);
}

/** Enough of them for a median; all runs of a large graph would take seconds to go through again and again. */
function fewRuns(runs: readonly Run[]): readonly Run[] {
  const most = Math.max(5, Math.floor(40_000 / Math.max(1, runs[0]?.size ?? 1)));
  return runs.slice(0, most);
}

/** More than this, in milliseconds, is a disturbed measurement and not the trace. */
const mostCost = 0.02;

/**
 * Adds the times of executed nodes up to source nodes and layers, run by run, less `cost` for each call. A node that the runtime put between
 * others counts for the one it serves; what belongs to none is left to the unattributed rest.
 */
export function attribute(
  runs: readonly Run[],
  executed: readonly ExecutedNode[],
  structure: Structure,
  cost: number,
): Attributed {
  const owners = new Map(executed.map((node) => [node.name, node.sources[0]?.id]));
  const nodes = new Columns(runs.length);
  const layers = new Columns(runs.length);
  const together = new Array<number>(runs.length).fill(0);
  for (const [at, run] of runs.entries()) {
    for (const [name, traced] of run) {
      const node = owners.get(name);
      if (node === undefined) continue;
      const ms = withoutCost(traced, cost);
      nodes.add(node, at, ms);
      const layer = structure.layerOf.get(node);
      if (!layer) continue;
      layers.add(layer.id, at, ms);
      together[at] = (together[at] ?? 0) + ms;
    }
  }
  return {
    nodes: nodes.map((values) => spreadOf(values).median),
    layers: layers.map((values) => layerTime(spreadOf(values))),
    togetherMs: together.length > 0 ? spreadOf(together).median : 0,
  };
}

/** The trace's cost is the same for all nodes only on average; one that ran took time, and is never shown as having taken none. */
const leastShare = 0.1;

const withoutCost = ({ ms, calls }: TracedNode, cost: number) =>
  Math.max(ms * leastShare, ms - cost * calls);

/** Median time of every executed node, by its name, less `cost` for each call. */
export function executedTimes(runs: readonly Run[], cost: number): ReadonlyMap<string, number> {
  const times = new Columns(runs.length);
  for (const [at, run] of runs.entries()) {
    for (const [name, node] of run) times.add(name, at, withoutCost(node, cost));
  }
  return times.map((values) => spreadOf(values).median);
}

function layerTime({ median, p10, p90 }: Spread): LayerTime {
  return { timeMs: median, p10, p90 };
}

/** A column of one sum per run for every key; a run without the key counts as zero (a branch that was not taken). */
class Columns {
  private readonly sums = new Map<string, number[]>();

  constructor(private readonly height: number) {}

  add(key: string, at: number, value: number): void {
    let column = this.sums.get(key);
    if (!column) this.sums.set(key, (column = new Array<number>(this.height).fill(0)));
    column[at] = (column[at] ?? 0) + value;
  }

  map<T>(make: (values: readonly number[]) => T): Map<string, T> {
    return new Map([...this.sums].map(([key, values]) => [key, make(values)]));
  }
}

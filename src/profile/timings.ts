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
}

/**
 * Adds the times of executed nodes up to source nodes and layers, run by run. A node that the runtime put between others counts for the
 * one it serves; what belongs to none is left to the unattributed rest.
 */
export function attribute(
  runs: readonly Run[],
  executed: readonly ExecutedNode[],
  structure: Structure,
): Attributed {
  const owners = new Map(executed.map((node) => [node.name, node.sources[0]?.id]));
  const nodes = new Columns(runs.length);
  const layers = new Columns(runs.length);
  for (const [at, run] of runs.entries()) {
    for (const [name, { ms }] of run) {
      const node = owners.get(name);
      if (node === undefined) continue;
      nodes.add(node, at, ms);
      const layer = structure.layerOf.get(node);
      if (layer) layers.add(layer.id, at, ms);
    }
  }
  return {
    nodes: nodes.map((values) => spreadOf(values).median),
    layers: layers.map((values) => layerTime(spreadOf(values))),
  };
}

/** Median time of every executed node, by its name. */
export function executedTimes(runs: readonly Run[]): ReadonlyMap<string, number> {
  const times = new Columns(runs.length);
  for (const [at, run] of runs.entries()) {
    for (const [name, { ms }] of run) times.add(name, at, ms);
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

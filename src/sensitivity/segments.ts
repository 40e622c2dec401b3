import type { GraphIndex, NodeEntry } from '../onnx/graph';
import { type Part, partFor } from './part';
import { constantsOf, outermost, readsOf } from './reach';

/** A stretch of a model's main graph. */
export interface Segment {
  /** What it makes of the values that later segments read, and of the model's outputs that are wanted. */
  readonly part: Part;
  /** Values that are made before it and read in it or behind it. */
  readonly enters: ReadonlySet<string>;
}

/** A model cut across into stretches that run one after the other. */
export interface Segments {
  readonly index: GraphIndex;
  /** Outputs of the model that are looked at. */
  readonly wanted: readonly string[];
  readonly all: readonly Segment[];
  /** The number of the segment that a node stands in. */
  readonly at: (entry: NodeEntry) => number;
}

/**
 * Cuts a model into at most `count` segments with about equally many of `starts` in each, where few values cross: between the blocks of most
 * models that is one.
 */
export function divide(
  index: GraphIndex,
  wanted: readonly string[],
  starts: readonly NodeEntry[],
  count: number,
): Segments {
  const spans = spansOf(index, wanted);
  const cuts = [0, ...cutsAt(widths(spans, index.main.entries.length), starts, count)];
  const enters = cuts.map((cut) => new Set(namesAt(spans, cut)));
  const isWanted = new Set(wanted);
  const all = cuts.map((cut, at): Segment => {
    const end = cuts[at + 1] ?? index.main.entries.length;
    const made = index.main.entries.slice(cut, end).flatMap(({ node }) => node.outputs);
    const needed = made.filter((name) => isWanted.has(name) || enters[at + 1]?.has(name));
    const own = enters[at] ?? new Set();
    return { enters: own, part: partFor(index, needed, (name) => own.has(name)) };
  });
  return { index, wanted, all, at: placing(index, cuts) };
}

/** Nodes that only a nearly equal model has stand where the last node before them that both have stands. */
function placing({ main }: GraphIndex, cuts: readonly number[]): Segments['at'] {
  const places = new Map(main.entries.map((entry) => [entry.node, entry.index]));
  return (entry) => {
    const { scope, index } = outermost(entry);
    for (let at = index; at >= 0; at--) {
      const node = scope.entries[at]?.node;
      const place = node && places.get(node);
      if (place !== undefined) return cuts.findLastIndex((cut) => cut <= place);
    }
    return 0;
  };
}

/** A value, the place of the node that makes it, and that of the last one that reads it on the way to what is wanted. */
interface Span {
  readonly name: string;
  readonly made: number;
  readonly read: number;
}

function spansOf(index: GraphIndex, wanted: readonly string[]): readonly Span[] {
  const fixed = constantsOf(index);
  const entries = partFor(index, wanted, () => false).entries.filter((entry) => !fixed.has(entry));
  const last = new Map<string, number>();
  for (const entry of entries) for (const name of readsOf(entry)) last.set(name, entry.index);
  return entries.flatMap((entry) =>
    entry.node.outputs.flatMap((name) => {
      const read = last.get(name);
      return read === undefined ? [] : [{ name, made: entry.index, read }];
    }),
  );
}

/** Values that are made before a place and read there or behind it. */
function namesAt(spans: readonly Span[], at: number): readonly string[] {
  return spans.flatMap(({ name, made, read }) => (made < at && at <= read ? [name] : []));
}

/** How many values cross each place. */
function widths(spans: readonly Span[], places: number): readonly number[] {
  const change = new Array<number>(places + 2).fill(0);
  for (const { made, read } of spans) {
    change[made + 1] = (change[made + 1] ?? 0) + 1;
    change[read + 1] = (change[read + 1] ?? 0) - 1;
  }
  let width = 0;
  return change.map((each) => (width += each));
}

function cutsAt(
  widths: readonly number[],
  starts: readonly NodeEntry[],
  count: number,
): readonly number[] {
  const places = [...new Set(starts.map((entry) => outermost(entry).index))].sort((a, b) => a - b);
  const step = places.length / count;
  const cuts = new Set<number>();
  for (let at = 1; at < count; at++) {
    const from = places[Math.round((at - 0.5) * step)] ?? 0;
    const to = places[Math.round((at + 0.5) * step)] ?? places.at(-1) ?? 0;
    const cut = narrowest(widths, from, to, places[Math.round(at * step)] ?? to);
    if (cut > 0) cuts.add(cut);
  }
  return [...cuts].sort((a, b) => a - b);
}

/** The place behind `from` and up to `to` that fewest values cross, the nearest to `middle` of several. */
function narrowest(widths: readonly number[], from: number, to: number, middle: number): number {
  let best = 0;
  const cost = (at: number) => widths[at] ?? Infinity;
  for (let at = from + 1; at <= to; at++) {
    const isCloser = Math.abs(at - middle) < Math.abs(best - middle);
    if (best === 0 || cost(at) < cost(best) || (cost(at) === cost(best) && isCloser)) best = at;
  }
  return best;
}

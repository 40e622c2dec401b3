import { type Edit, edited } from '../onnx/edit';
import { consumersOf, type GraphIndex, type NodeEntry, type Scope } from '../onnx/graph';
import { type Part, partFor } from './part';
import { downstreamOf, outermost, readsOf } from './reach';
import type { Segments } from './segments';
import type { Subject, SweepLayer } from './sweep';

/** A changed part of a model, up to the first segment that is as it was. */
export interface Variant {
  /** The graph that the part is of. */
  readonly index: GraphIndex;
  readonly part: Part;
  /** The segment that goes on behind it. */
  readonly next: number;
}

/** What has to run again when a weight changes: from the nodes that read it to the end of the segment of the last one. */
export function weightVariant(segments: Segments, { layer, weight }: SweepLayer): Variant {
  const { index } = segments;
  const readers = consumersOf(scopeIn(index, layer.main.scope), weight.name);
  const next = 1 + Math.max(0, ...readers.map((entry) => segments.at(entry)));
  return { index, next, part: changedPart(index, readers, targetsAt(segments, next)) };
}

/** The scope of the same graph in another index of nearly the same model. */
function scopeIn(index: GraphIndex, scope: Scope): Scope {
  return index.scopes.find(({ graph }) => graph === scope.graph) ?? index.main;
}

/** What has to run again when a graph is edited: from what is new in it to where it is again as it was. */
export function editsVariant(
  segments: Segments,
  original: GraphIndex,
  edits: readonly Edit[],
): Variant {
  const index = edited(original, edits);
  const changed = changedEntries(original, index);
  let next = segments.all.length;
  while (next > 1 && isAsBefore(segments, index, changed, next - 1)) next--;
  const part = changedPart(index, [...changed], targetsAt(segments, next));
  return { index, next, part };
}

/** Nodes that the original does not have, and those that read an initializer that it has otherwise. */
function changedEntries(original: GraphIndex, { main }: GraphIndex): ReadonlySet<NodeEntry> {
  const known = new Set(original.main.entries.map(({ node }) => node));
  const isNew = (name: string) =>
    !main.producers.has(name) &&
    main.initializers.get(name) !== original.main.initializers.get(name);
  return new Set(
    main.entries.filter((entry) => !known.has(entry.node) || readsOf(entry).some(isNew)),
  );
}

/** Whether all that lies between the values that enter a segment and the wanted outputs is as it was. */
function isAsBefore(
  { all, wanted }: Segments,
  index: GraphIndex,
  changed: ReadonlySet<NodeEntry>,
  at: number,
): boolean {
  const enters = all[at]?.enters ?? new Set();
  const isThere = [...enters].every((name) => index.main.producers.has(name));
  if (!isThere) return false;
  const { entries } = partFor(index, wanted, (name) => enters.has(name));
  return !entries.some((entry) => changed.has(entry));
}

/** What has to be known for a segment to go on: what enters it, and the wanted outputs that no segment from there on makes. */
function targetsAt({ all, wanted }: Segments, next: number): readonly string[] {
  const later = new Set(all.slice(next).flatMap(({ part }) => part.outputs));
  return [...(all[next]?.enters ?? []), ...wanted.filter((name) => !later.has(name))];
}

/** The part between what changed and those of the targets that it has an influence on. */
function changedPart(
  index: GraphIndex,
  changed: readonly NodeEntry[],
  targets: readonly string[],
): Part {
  const { producers } = index.main;
  const downstream = downstreamOf(index, changed);
  const isChanged = (name: string) => {
    const made = producers.get(name);
    return made !== undefined && downstream.has(made);
  };
  return partFor(index, targets.filter(isChanged), (name) => !isChanged(name));
}

/**
 * What edits of these nodes are likely to take from the model as it is: what the nodes read and make, and what is read besides up to the
 * end of the segment of the last one.
 */
export function valuesAround(
  segments: Segments,
  original: GraphIndex,
  nodes: readonly NodeEntry[],
): readonly string[] {
  const outer = nodes.map(outermost);
  const next = 1 + Math.max(0, ...outer.map((entry) => segments.at(entry)));
  const own = outer.flatMap((entry) => [...readsOf(entry), ...entry.node.outputs]);
  const { inputs } = changedPart(original, outer, targetsAt(segments, next));
  return [...new Set([...inputs, ...own])];
}

/** The weight that changes of weights are made of. Throws for a subject without. */
export function weightOf({ id, weight }: Subject): SweepLayer {
  if (!weight) throw new Error(`A change of weights needs the weight of ${id}.`);
  return weight;
}

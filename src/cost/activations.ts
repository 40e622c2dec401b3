import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';
import { bodiesOf } from '../onnx/shapes/bodies';
import { operatorKey } from '../onnx/shapes/operator';
import type { Shapes } from '../onnx/shapes/shapes';
import { typeBytes } from '../onnx/shapes/view';
import { foldedValues } from './folded';

/**
 * One stretch of memory that a value is written to. Operators that only change a value's shape hand it on, as the runtime has them
 * do; values that follow from weights alone are made when the model is loaded and are no activations.
 */
export interface Storage {
  readonly scope: Scope;
  /** Undefined for the model's inputs. */
  readonly writer: NodeEntry | undefined;
  /** Undefined where its size is not known. */
  readonly bytes: number | undefined;
  /** Places in the scope's order of its writer and its last reader. */
  readonly from: number;
  to: number;
  /** Nodes that read it under any of its names, and whether it leaves its graph. */
  readonly readers: NodeEntry[];
  leaves: boolean;
}

/** Where all values of a model are written, and when most of them are alive. */
export interface Activations {
  readonly storages: readonly Storage[];
  /** Undefined where the size of any value is not known. */
  readonly peak: Peak | undefined;
}

/** The moment when most bytes are alive: bytes by the node that wrote them; undefined stands for the model's inputs. */
export interface Peak {
  readonly bytes: number;
  readonly byWriter: ReadonlyMap<NodeEntry | undefined, number>;
}

const sharesItsInput = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Identity', 'Flatten']);

/**
 * Follows every value from its writer to its last reader, in the order of the file. The model's inputs stay alive throughout, since
 * the caller holds them; its outputs to the end. A body's values live while the node that it belongs to runs.
 */
export function followActivations(index: GraphIndex, shapes: Shapes): Activations {
  const places = new Map<Scope, Map<string, Storage>>();
  const folded = foldedValues(index);
  const storages: Storage[] = [];
  for (const scope of index.scopes) {
    const named = new Map<string, Storage>();
    places.set(scope, named);
    const add = (name: string, writer: NodeEntry | undefined, from: number, to: number) => {
      const bytes = typeBytes(shapes.typeOf(scope, name));
      const storage: Storage = {
        scope,
        writer,
        bytes,
        from,
        to,
        readers: [],
        leaves: false,
      };
      storages.push(storage);
      named.set(name, storage);
    };
    for (const { name } of scope.graph.inputs) {
      if (!scope.initializers.has(name)) add(name, scope.owner, 0, scope.entries.length);
    }
    for (const entry of scope.entries) {
      const shared = sharesItsInput.has(operatorKey(entry.node))
        ? storageOf(places, scope, entry.node.inputs[0])
        : undefined;
      entry.node.outputs.forEach((name, i) => {
        if (!name || folded.has(scope, name)) return;
        if (shared && i === 0) named.set(name, shared);
        else add(name, entry, entry.index, entry.index);
      });
    }
  }
  for (const scope of index.scopes) readAll(places, scope);
  return { storages, peak: peakOf(index, shapes, storages) };
}

function storageOf(
  places: ReadonlyMap<Scope, ReadonlyMap<string, Storage>>,
  scope: Scope,
  name: string | undefined,
): Storage | undefined {
  if (!name) return undefined;
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const storage = places.get(at)?.get(name);
    if (storage) return storage;
  }
  return undefined;
}

function readAll(places: ReadonlyMap<Scope, ReadonlyMap<string, Storage>>, scope: Scope): void {
  for (const entry of scope.entries) {
    for (const name of entry.node.inputs) {
      const storage = storageOf(places, scope, name);
      if (!storage) continue;
      storage.readers.push(entry);
      storage.to = Math.max(storage.to, placeIn(storage.scope, entry));
    }
  }
  for (const { name } of scope.graph.outputs) {
    const storage = storageOf(places, scope, name);
    if (!storage) continue;
    storage.leaves = true;
    const outside = storage.scope !== scope && scope.owner;
    storage.to = outside
      ? Math.max(storage.to, placeIn(storage.scope, outside))
      : scope.entries.length;
  }
}

/** Place in `scope` of a node, or of the one around it that lies there. */
function placeIn(scope: Scope, entry: NodeEntry): number {
  let at: NodeEntry | undefined = entry;
  while (at && at.scope !== scope) at = at.scope.owner;
  return at?.index ?? scope.entries.length;
}

function peakOf(index: GraphIndex, shapes: Shapes, storages: readonly Storage[]): Peak | undefined {
  const byScope = new Map<Scope, Storage[]>(index.scopes.map((scope) => [scope, []]));
  for (const storage of storages) byScope.get(storage.scope)?.push(storage);
  const bodies = bodiesOf(index);
  const peaks = new Map<Scope, Peak | undefined>();
  // Inner graphs stand after the ones around them.
  for (const scope of [...index.scopes].reverse()) {
    const inner = (entry: NodeEntry) =>
      largest(
        (bodies.get(entry) ?? [])
          .filter((body) => shapes.fits(body))
          .map((body) => peaks.get(body)),
      );
    peaks.set(scope, scopePeak(scope, byScope.get(scope) ?? [], inner));
  }
  return peaks.get(index.main);
}

const nothing: Peak = { bytes: 0, byWriter: new Map() };

function largest(peaks: readonly (Peak | undefined)[]): Peak | undefined {
  return peaks.reduce(
    (best, peak) => (best && peak ? (peak.bytes > best.bytes ? peak : best) : undefined),
    nothing,
  );
}

/** While a node with bodies runs, its outputs are the bodies' own and do not count a second time. */
function scopePeak(
  scope: Scope,
  storages: readonly Storage[],
  inner: (entry: NodeEntry) => Peak | undefined,
): Peak | undefined {
  const change = new Array<number>(scope.entries.length + 2).fill(0);
  for (const { bytes, from, to } of storages) {
    if (bytes === undefined) return undefined;
    change[from] = (change[from] ?? 0) + bytes;
    change[to + 1] = (change[to + 1] ?? 0) - bytes;
  }
  let best = { bytes: -1, at: 0, inside: nothing };
  let alive = 0;
  for (let at = 0; at <= scope.entries.length; at++) {
    alive += change[at] ?? 0;
    const entry = scope.entries[at];
    const inside = entry ? inner(entry) : nothing;
    if (!inside) return undefined;
    if (alive > best.bytes) best = { bytes: alive, at, inside: nothing };
    if (inside.bytes === 0) continue;
    const around = alive - writtenBy(storages, entry);
    if (around + inside.bytes > best.bytes) best = { bytes: around + inside.bytes, at, inside };
  }
  return describe(scope, storages, best);
}

function writtenBy(storages: readonly Storage[], entry: NodeEntry | undefined): number {
  return storages.reduce((sum, each) => (each.writer === entry ? sum + (each.bytes ?? 0) : sum), 0);
}

function describe(
  scope: Scope,
  storages: readonly Storage[],
  best: { readonly bytes: number; readonly at: number; readonly inside: Peak },
): Peak {
  const byWriter = new Map<NodeEntry | undefined, number>(best.inside.byWriter);
  const running = best.inside.bytes > 0 ? scope.entries[best.at] : undefined;
  for (const { from, to, writer, bytes } of storages) {
    if (from > best.at || to < best.at || (running && writer === running)) continue;
    byWriter.set(writer, (byWriter.get(writer) ?? 0) + (bytes ?? 0));
  }
  return { bytes: best.bytes, byWriter };
}

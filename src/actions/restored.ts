import type { Edit } from '../onnx/edit';
import { consumersOf, producerOf, scopeOf, type NodeEntry, type Scope } from '../onnx/graph';
import { elementCount, type Node, type Tensor } from '../onnx/model';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { floatValues, storedBytes } from '../onnx/weights';
import type { Layer, Weight } from '../structure/structure';
import { transpose } from '../tensor/linalg';
import { doesNotFit, fits, type Fit, type Saving, type Workbench } from './action';
import { isStoredEarlier, linearOf } from './linear';

/** A stored weight as rows that belong together: an output channel's, a table's entry, a filter's. */
export interface Rows {
  readonly weight: Weight;
  readonly rows: number;
  readonly width: number;
  /** The weight is stored [width, rows]. */
  readonly turned: boolean;
}

/** Kinds of tensors that are a layer's own numbers. */
const learnt: readonly Weight['kind'][] = ['weight', 'table', 'bias'];

/** The layer's learnt tensors of float32 with at least `fewest` elements: below that the nodes that restore them cost more. */
export function restorable(layer: Layer, fewest: number): readonly Weight[] {
  return layer.weights.filter(
    ({ kind, tensor }) =>
      learnt.includes(kind) && tensor.dtype === 'float32' && elementCount(tensor.shape) >= fewest,
  );
}

/** The matrices among them, as rows. */
export function matricesOf(layer: Layer, fewest: number): readonly Rows[] {
  return restorable(layer, fewest)
    .filter(({ kind, tensor }) => kind !== 'bias' && tensor.shape.length >= 2)
    .map((weight) => rowsOf(layer, weight));
}

function rowsOf(layer: Layer, weight: Weight): Rows {
  const { shape } = weight.tensor;
  const linear = linearOf(layer);
  const turned =
    linear !== undefined && !linear.transposed && weight === linear.weight && shape.length === 2;
  const [first = 1, ...rest] = shape;
  const inner = rest.reduce((product, size) => product * size, 1);
  return { weight, turned, rows: turned ? inner : first, width: turned ? first : inner };
}

/** The weight as float32 [rows, width]. */
export function valuesByRow(
  { weight, rows, width, turned }: Rows,
  open: OpenExternal | undefined,
): Float32Array {
  const values = floatValues(weight.tensor, open);
  return turned ? transpose(values, width, rows) : values;
}

/** Why a layer has nothing to store otherwise, where that is so. */
export function restorableFit(layer: Layer, found: readonly unknown[], fewest: number): Fit {
  if (found.length > 0) return fits;
  if (layer.weights.some(({ kind }) => kind === 'scale' || kind === 'zeroPoint')) {
    return doesNotFit('Its weights are quantized already.');
  }
  const weights = layer.weights.filter(({ kind }) => learnt.includes(kind));
  const [first] = weights;
  if (!first) return doesNotFit('It has no weights.');
  const float = weights.find(({ tensor }) => tensor.dtype === 'float32');
  return doesNotFit(
    float
      ? `It has no weight of ${fewest} numbers or more: what restores it would take more room.`
      : `Its weights are ${first.tensor.dtype} already, not float32.`,
  );
}

/** What storing each of `weights` in `bytesOf` it would save; matrices shared with an earlier layer are counted there. */
export function restoredSaving(
  layer: Layer,
  weights: readonly Weight[],
  bytesOf: (weight: Weight) => number,
): Saving {
  const own = layer.weights.filter((weight) => !isStoredEarlier(layer, weight));
  const chosen = new Set(weights);
  const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0);
  return {
    before: sum(own.map(({ tensor }) => storedBytes(tensor))),
    after: sum(own.map((each) => (chosen.has(each) ? bytesOf(each) : storedBytes(each.tensor)))),
  };
}

/** What stands for a weight: tensors, and nodes that make a value of its shape from them. */
export interface Restoring {
  readonly tensors: readonly Tensor[];
  /** Tensors that others may read too: they lie in the main graph. */
  readonly shared?: readonly Tensor[];
  readonly nodes: readonly Node[];
}

/** A weight, and how to make it: `output` is the name that the last node gives it. */
export interface Restored {
  readonly layer: Layer;
  readonly weight: Weight;
  readonly restore: (output: string) => Restoring;
}

/**
 * Stores weights in another form, from which nodes make the floats; the runtime runs those when it loads the model. Whoever reads a
 * weight, in whatever layer or body, reads what was made. Weights that several layers share come once.
 */
export function restoredEdits(bench: Workbench, all: readonly Restored[]): Edit[] {
  const renames = new Map<NodeEntry, Map<string, string>>();
  const seen = new Set<unknown>();
  const edits = all.flatMap((each): Edit[] => {
    const { weight, layer } = each;
    const reader = layer.nodes.find(({ node }) => node.inputs.includes(weight.name));
    const scope = scopeOf(reader?.scope ?? layer.main.scope, weight.name);
    const holder = scope && producerOf(scope, weight.name);
    const source = holder ?? weight.tensor;
    if (!scope || seen.has(source)) return [];
    seen.add(source);
    return holder
      ? instead(bench, scope, holder, each.restore(weight.name))
      : beside(bench, scope, each, renames);
  });
  for (const [entry, names] of renames) {
    const inputs = entry.node.inputs.map((name) => names.get(name) ?? name);
    edits.push({ kind: 'replaceNode', entry, nodes: [{ ...entry.node, inputs }] });
  }
  return edits;
}

/** A Constant node is replaced: its output keeps its name. */
function instead(bench: Workbench, scope: Scope, entry: NodeEntry, made: Restoring): Edit[] {
  return [...tensorEdits(bench, scope, made), { kind: 'replaceNode', entry, nodes: made.nodes }];
}

/** An initializer cannot be a node's output: its readers are told another name. */
function beside(
  bench: Workbench,
  scope: Scope,
  { weight, restore }: Restored,
  renames: Map<NodeEntry, Map<string, string>>,
): Edit[] {
  const readers = consumersOf(scope, weight.name);
  const places = readers.map((reader) => placeIn(scope, reader));
  const first = places.reduce((a, b) => (b.index < a.index ? b : a), places[0] as NodeEntry);
  const output = bench.names.fresh(`${weight.name}_float`);
  for (const reader of readers) {
    const own = renames.get(reader) ?? new Map<string, string>();
    renames.set(reader, own.set(weight.name, output));
  }
  const made = restore(output);
  const nodes: Edit = { kind: 'insertBefore', entry: first, nodes: made.nodes };
  return [...tensorEdits(bench, scope, made), nodes];
}

/** The node of `scope` that a reader is, or in whose body it lies. */
function placeIn(scope: Scope, reader: NodeEntry): NodeEntry {
  let at = reader;
  while (at.scope !== scope && at.scope.owner) at = at.scope.owner;
  return at;
}

/** The tensors that nodes of `scope` read, and those that they share with others. */
function tensorEdits(
  { structure }: Workbench,
  scope: Scope,
  { tensors, shared = [] }: Restoring,
): Edit[] {
  const { main } = structure.index;
  return [
    ...tensors.map((tensor): Edit => ({ kind: 'setTensor', scope, tensor })),
    ...shared.map((tensor): Edit => ({ kind: 'setTensor', scope: main, tensor })),
  ];
}

import type { BlockwiseOptions } from '../../kernels/blockwise';
import { type Scope, scopeOf } from '../../onnx/graph';
import type { OpenExternal } from '../../onnx/shapes/shapes';
import { elementRange } from '../../onnx/weights';
import { type Layer, sharingKey, type Weight } from '../../structure/structure';
import { transpose } from '../../tensor/linalg';
import { type Linear, linearOf } from '../linear';
import type { StoredValue } from '../storedValue';
import { type Table, tableOf } from '../table';
import { blockwiseOf, dividingBlock, fittingBlock, type Params } from './params';

/** A stored matrix, and every layer that reads it: a tied head and its embedding are quantized and stored once. */
export interface Matrix {
  /** Of the layer that stands first. */
  readonly id: string;
  readonly name: string;
  /** Where the matrix is stored: bodies in it may read it too, such as both branches of an If. */
  readonly scope: Scope;
  /** Inputs and output channels as a product has them; a table's rows are its channels. */
  readonly k: number;
  readonly n: number;
  readonly products: readonly { readonly layer: Layer; readonly linear: Linear }[];
  readonly tables: readonly { readonly layer: Layer; readonly table: Table }[];
  readonly options: BlockwiseOptions;
  /** Channels `from` to `to` as float32 [to − from, K]. */
  readonly read: (open: OpenExternal | undefined, from: number, to: number) => Float32Array;
}

interface Reader {
  readonly layer: Layer;
  readonly weight: Weight;
  readonly k: number;
  readonly n: number;
  /** The weight is stored [N, K]. */
  readonly transposed: boolean;
  readonly alpha: number;
  /** The value where it is not the stored weight itself: a slice of it, a few of them joined. */
  readonly moved?: StoredValue | undefined;
  readonly linear?: Linear;
  readonly table?: Table;
}

/** The layers' matrices, those that several layers share once, in the order of their first layers. */
export function matricesOf(layers: readonly Layer[], params: Params): Matrix[] {
  const groups = new Map<object, Reader[]>();
  for (const reader of layers.flatMap(readerOf)) {
    const key = sharingKey(reader.weight);
    const known = groups.get(key) ?? [];
    groups.set(key, known);
    known.push(reader);
  }
  return [...groups.values()].flatMap((readers) => {
    const alike = new Map<string, Reader[]>();
    const scopes: Scope[] = [];
    for (const reader of readers) {
      const { k, n, alpha, moved } = reader;
      // What lies in a body is not seen from outside of it.
      const scope = storingScope(reader);
      if (!scopes.includes(scope)) scopes.push(scope);
      const key = `${k}×${n}·${alpha} ${scopes.indexOf(scope)} ${moved?.how ?? ''}`;
      alike.set(key, [...(alike.get(key) ?? []), reader]);
    }
    return [...alike.values()].map((group) => matrixOf(group, params));
  });
}

function storingScope({ layer, weight }: Reader): Scope {
  const { scope } = layer.main;
  return scopeOf(scope, weight.name) ?? scope;
}

function readerOf(layer: Layer): Reader[] {
  const table = tableOf(layer);
  if (table) {
    const { weight, rows: n, width: k } = table;
    return [{ layer, weight, k, n, transposed: true, alpha: 1, table }];
  }
  const linear = linearOf(layer);
  if (!linear) return [];
  const moved = linear.stored.how === '' ? undefined : linear.stored;
  return [{ layer, ...linear, linear, moved }];
}

function matrixOf(readers: readonly Reader[], params: Params): Matrix {
  const [first] = readers;
  if (!first) throw new Error('A matrix without readers.');
  const { layer, weight, k, n } = first;
  const asked = blockwiseOf(params);
  const tables = readers.flatMap(({ layer, table }) => (table ? [{ layer, table }] : []));
  const dividing = tables.length > 0 ? dividingBlock(k, asked.block) : undefined;
  const block = dividing ?? fittingBlock(k, asked.block);
  return {
    ...{ id: layer.id, name: weight.name, scope: storingScope(first), k, n, tables },
    products: readers.flatMap(({ layer, linear }) => (linear ? [{ layer, linear }] : [])),
    options: { ...asked, block },
    read: (open, from, to) => readChannels(first, open, from, to),
  };
}

/** Reads no more of the file than is asked: a head may take gigabytes. */
function readChannels(
  { weight, k, n, transposed, alpha, moved }: Reader,
  open: OpenExternal | undefined,
  from: number,
  to: number,
): Float32Array {
  const elements = moved ? elementsOf(moved.read(open)) : elementRange(weight.tensor, open);
  const size = to - from;
  let channels: Float32Array;
  if (transposed) channels = floats(elements(from * k, to * k));
  else if (size === n) channels = transpose(floats(elements(0, k * n)), k, n);
  else {
    const stripe = new Float32Array(k * size);
    for (let j = 0; j < k; j++) stripe.set(elements(j * n + from, j * n + to), j * size);
    channels = transpose(stripe, k, size);
  }
  return alpha === 1 ? channels : channels.map((value) => value * alpha);
}

const elementsOf = (values: Float32Array) => (from: number, to: number) =>
  values.subarray(from, to);

function floats(values: ArrayLike<number>): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

import type { ByteSource } from '../base/bytes';
import { byteLength, type DType } from '../tensor/dtype';
import { type FreshNames, freshNames } from './fresh';
import type { GraphIndex } from './graph';
import type { Attribute, AttributeValue, Node, Tensor } from './model';
import { elementCount } from './model';

const none = new Uint8Array();

/** What an attribute may be given as; integers and floats are told apart by `float`. */
export type AttributeInput =
  number | string | readonly number[] | Tensor | { readonly float: number };

/** A node of `op`; `domain` '' are the standard operators. */
export function makeNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  {
    name = '',
    domain = '',
    ...attributes
  }: { name?: string; domain?: string } & Record<string, AttributeInput> = {},
): Node {
  return {
    name,
    op,
    domain,
    overload: '',
    inputs,
    outputs,
    attributes: new Map(
      Object.entries(attributes).map(([key, value]) => [key, makeAttribute(key, value)]),
    ),
    docString: '',
    metadata: [],
    configurations: [],
    unknown: none,
  };
}

export function makeAttribute(name: string, value: AttributeInput): Attribute {
  return { ...attributeValue(value), name, docString: '', unknown: none };
}

function attributeValue(value: AttributeInput): AttributeValue {
  if (typeof value === 'number') return { kind: 'int', value: BigInt(value) };
  if (typeof value === 'string') return { kind: 'string', value: new TextEncoder().encode(value) };
  if (isList(value)) return { kind: 'ints', value: value.map(BigInt) };
  if ('float' in value) return { kind: 'float', value: value.float };
  return { kind: 'tensor', value };
}

const isList = (value: unknown): value is readonly number[] => Array.isArray(value);

/** A tensor whose elements are `values`, in the layout of `raw_data`. Throws where their bytes do not fill the shape. */
export function makeTensor(
  name: string,
  dtype: DType,
  shape: readonly number[],
  values: ArrayBufferView,
): Tensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (bytes.length !== byteLength(dtype, elementCount(shape))) {
    throw new Error(`${name}: ${bytes.length} bytes do not fill ${dtype} [${shape.join(', ')}].`);
  }
  return {
    name,
    dtype,
    shape,
    data: { kind: 'memory', bytes },
    docString: '',
    metadata: [],
    unknown: none,
  };
}

/** A float32 scalar. */
export function floatScalar(name: string, value: number): Tensor {
  return makeTensor(name, 'float32', [], Float32Array.of(value));
}

/** A tensor whose elements are computed when they are read, so that a model of any size is written in little memory. */
export function computedTensor(
  name: string,
  dtype: DType,
  shape: readonly number[],
  compute: () => ArrayBufferView,
): Tensor {
  const length = byteLength(dtype, elementCount(shape));
  const source: ByteSource = {
    name,
    size: length,
    read(offset, size) {
      const { buffer, byteOffset, byteLength: made } = compute();
      if (made !== length)
        throw new Error(`${name}: ${made} bytes were made, ${length} are needed.`);
      return new Uint8Array(buffer, byteOffset + offset, size);
    },
  };
  const range = { source, offset: 0, length };
  return {
    name,
    dtype,
    shape,
    data: { kind: 'raw', range },
    docString: '',
    metadata: [],
    unknown: none,
  };
}

/** A function whose last result is kept, and let go when another one made by `memory` is asked. */
export function rememberLast(): <T>(compute: () => T) => () => T {
  let owner: object | undefined;
  let kept: unknown;
  return <T>(compute: () => T) => {
    const self = {};
    return () => {
      if (owner !== self) {
        // Let go first, ownership too: what is computed may itself ask for the result that was kept.
        owner = undefined;
        kept = undefined;
        const made = compute();
        owner = self;
        kept = made;
      }
      return kept as T;
    };
  };
}

/** Gives out names that the model does not use yet, for values, tensors and nodes alike. */
export function namesFor(index: GraphIndex): FreshNames {
  const names = freshNames();
  for (const scope of index.scopes) {
    for (const name of scope.inputNames) names.take(name);
    for (const name of scope.initializers.keys()) names.take(name);
    for (const { node } of scope.entries) {
      names.take(node.name);
      for (const output of node.outputs) names.take(output);
    }
  }
  return names;
}

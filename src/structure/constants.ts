import type { Attribute, Node, Tensor } from '../onnx/model';
import type { DType } from '../tensor/dtype';

/** The tensor that a Constant node holds, whichever attribute it uses, named by the node's output; undefined for other content. */
export function constantTensor(node: Node): Tensor | undefined {
  const name = node.outputs[0] ?? '';
  for (const attribute of node.attributes.values()) {
    const tensor = tensorOf(attribute);
    if (tensor) return { ...tensor, name };
  }
  return undefined;
}

type Reading = {
  readonly [K in Attribute['kind']]?: (value: Extract<Attribute, { kind: K }>['value']) => Tensor;
};

const readings: Reading = {
  tensor: (value) => value,
  sparseTensor: (value) => value.values,
  float: (value) => memory('float32', [], new Float32Array([value])),
  floats: (value) => memory('float32', [value.length], new Float32Array(value)),
  int: (value) => memory('int64', [], new BigInt64Array([value])),
  ints: (value) => memory('int64', [value.length], new BigInt64Array(value)),
  string: (value) => strings([], [value]),
  strings: (value) => strings([value.length], value),
};

function tensorOf(attribute: Attribute): Tensor | undefined {
  const read = readings[attribute.kind] as ((value: unknown) => Tensor) | undefined;
  return read?.(attribute.value);
}

const rest = { name: '', docString: '', metadata: [], unknown: new Uint8Array() };

function memory(
  dtype: DType,
  shape: readonly number[],
  values: Float32Array | BigInt64Array,
): Tensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { ...rest, dtype, shape, data: { kind: 'memory', bytes } };
}

function strings(shape: readonly number[], values: readonly Uint8Array[]): Tensor {
  return { ...rest, dtype: 'string', shape, data: { kind: 'strings', values } };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexGraph } from '../../src/onnx/graph';
import type { AttributeValue, Node, TensorType } from '../../src/onnx/model';
import { inferShapes } from '../../src/onnx/shapes/infer';
import type { Shape } from '../../src/onnx/shapes/dims';
import type { DType } from '../../src/tensor/dtype';
import { aModel, aNode, aTensor, aValue } from './build';

/** An input of one node: a shape of floats, a shape of another type, or a small constant. Null leaves an input out. */
export type Given = Shape | Typed | Constant | null;

interface Typed {
  readonly dtype: DType;
  readonly shape: Shape;
}

interface Constant {
  readonly dtype?: DType;
  readonly values: readonly number[];
  readonly shape?: readonly number[];
}

const isShape = (given: Given): given is Shape => Array.isArray(given);
const isConstant = (given: Given): given is Constant =>
  given !== null && !isShape(given) && 'values' in given;

export interface NodeCase {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly Given[];
  readonly attributes?: Record<string, AttributeValue>;
  readonly outputs?: number;
  readonly opset?: number;
}

/** A constant int64 vector, as shapes and axes are given. */
export const ints = (...values: number[]): Given => ({ values });
/** A constant int64 scalar. */
export const scalar = (value: number, dtype: DType = 'int64'): Given => ({
  values: [value],
  shape: [],
  dtype,
});
export const of = (dtype: DType, ...shape: Shape): Given => ({ dtype, shape });

export const int = (value: number): AttributeValue => ({ kind: 'int', value: BigInt(value) });
export const intList = (...values: number[]): AttributeValue => ({
  kind: 'ints',
  value: values.map(BigInt),
});
export const text = (value: string): AttributeValue => ({
  kind: 'string',
  value: new TextEncoder().encode(value),
});

/** One node with its inputs as a model of its own, and the index of it. */
export function oneNode({
  op,
  domain = '',
  inputs,
  attributes,
  outputs = 1,
  opset = 21,
}: NodeCase) {
  const name = (i: number) => (inputs[i] === null ? '' : `in${i}`);
  const results = Array.from({ length: outputs }, (_, i) => `out${i}`);
  const node: Node = aNode(
    op,
    inputs.map((_, i) => name(i)),
    results,
    attributes,
    { domain, name: 'node' },
  );
  const fed = inputs.flatMap((given, i) => {
    if (given === null || isConstant(given)) return [];
    return isShape(given)
      ? [aValue(name(i), 'float32', given)]
      : [aValue(name(i), given.dtype, given.shape)];
  });
  const constants = inputs.flatMap((given, i) => {
    if (!isConstant(given)) return [];
    const { values, shape = [values.length], dtype = 'int64' } = given;
    return [aTensor(name(i), dtype, shape, values)];
  });
  const graph = { nodes: [node], inputs: fed, initializers: constants };
  return indexGraph(aModel(graph, { opsets: new Map([['', opset]]) }));
}

/** Types of the node's outputs. */
export function outputTypes(given: NodeCase): readonly (TensorType | undefined)[] {
  const index = oneNode(given);
  const shapes = inferShapes(index, { sizes: new Map() });
  return (index.entries[0]?.node.outputs ?? []).map((name) => shapes.typeOf(index.main, name));
}

/** Shape of the node's first output. */
function outputShape(given: NodeCase): Shape | undefined {
  return outputTypes(given)[0]?.shape;
}

/** A test that each of these nodes has the shape beside it as its first output. */
export function checkShapes(
  family: string,
  rows: readonly (readonly [what: string, node: NodeCase, shape: Shape | undefined])[],
): void {
  test(family, () => {
    for (const [what, node, shape] of rows) assert.deepEqual(outputShape(node), shape, what);
  });
}

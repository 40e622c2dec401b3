import { memorySource } from '../../src/base/bytes';
import type {
  Attribute,
  AttributeValue,
  Graph,
  Model,
  Node,
  Tensor,
  ValueInfo,
} from '../../src/onnx/model';
import { modelMessage } from '../../src/onnx/modelMessage';
import { Output } from '../../src/onnx/output';
import { encodeElements } from '../../src/tensor/decode';
import type { DType } from '../../src/tensor/dtype';

/** Small models made in code: records with everything left out that does not matter to a test. */

const none = new Uint8Array(0);

export function aModel(graph: Partial<Graph>, more: Partial<Model> = {}): Model {
  return {
    irVersion: 10,
    opsets: new Map([['', 21]]),
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    graph: aGraph(graph),
    functions: [],
    metadata: [],
    training: [],
    configurations: [],
    unknown: none,
    ...more,
  };
}

export function aGraph(graph: Partial<Graph>): Graph {
  return {
    name: 'main',
    docString: '',
    nodes: [],
    initializers: [],
    sparseInitializers: [],
    inputs: [],
    outputs: [],
    values: [],
    quantization: [],
    metadata: [],
    unknown: none,
    ...graph,
  };
}

export function aNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Record<string, AttributeValue> = {},
  more: Partial<Node> = {},
): Node {
  return {
    name: '',
    op,
    domain: '',
    overload: '',
    inputs,
    outputs,
    attributes: new Map(
      Object.entries(attributes).map(([name, value]) => [
        name,
        { ...value, name, docString: '', unknown: none } satisfies Attribute,
      ]),
    ),
    docString: '',
    metadata: [],
    configurations: [],
    unknown: none,
    ...more,
  };
}

export function aTensor(
  name: string,
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number>,
): Tensor {
  return {
    name,
    dtype,
    shape,
    data: { kind: 'memory', bytes: encodeElements(dtype, values) },
    docString: '',
    metadata: [],
    unknown: none,
  };
}

export function aValue(
  name: string,
  dtype: DType,
  shape?: readonly (number | string | null)[],
): ValueInfo {
  return {
    name,
    type: { kind: 'tensor', dtype, shape, denotation: '' },
    docString: '',
    metadata: [],
    unknown: none,
  };
}

/** The model as the bytes of a file. */
export function modelBytes(model: Model): Uint8Array {
  const output = new Output(false);
  modelMessage.writeBody(output, model);
  return output.toBytes();
}

export function modelSource(model: Model, name = 'made.onnx') {
  return memorySource(name, modelBytes(model));
}

import type { Model, Node, ValueInfo } from '../onnx/model';

const none = new Uint8Array();

function floats(name: string, shape: readonly string[]): ValueInfo {
  return {
    name,
    type: { kind: 'tensor', dtype: 'float32', shape, denotation: '' },
    docString: '',
    metadata: [],
    unknown: none,
  };
}

/** A model of float32 matrices that computes `y` [shape] from its inputs, for arithmetic that the runtime does faster than a script. */
export function computing(
  nodes: readonly Node[],
  inputs: Readonly<Record<string, readonly string[]>>,
  shape: readonly string[],
): Model {
  return {
    irVersion: 7,
    opsets: new Map([['', 13]]),
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    graph: {
      name: 'computing',
      docString: '',
      nodes,
      initializers: [],
      sparseInitializers: [],
      inputs: Object.entries(inputs).map(([name, of]) => floats(name, of)),
      outputs: [floats('y', shape)],
      values: [],
      quantization: [],
      metadata: [],
      unknown: none,
    },
    functions: [],
    metadata: [],
    training: [],
    configurations: [],
    unknown: none,
  };
}

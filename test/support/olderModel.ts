import type { Node } from '../../src/onnx/model';
import { aModel, aNode, aTensor, aValue } from './build';

/** A product with the weight `w` [64, 64] of sines and a Clip behind it, of an operator set that has Clip's limits as attributes. */
export const olderModel = (more: readonly Node[] = []) =>
  aModel(
    {
      inputs: [aValue('x', 'float32', ['n', 64])],
      outputs: [aValue('y', 'float32', ['n', 64])],
      initializers: [
        aTensor(
          'w',
          'float32',
          [64, 64],
          Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
        ),
      ],
      nodes: [
        ...more,
        aNode('MatMul', ['x', 'w'], ['a']),
        aNode('Clip', ['a'], ['y'], {
          min: { kind: 'float', value: 0 },
          max: { kind: 'float', value: 6 },
        }),
      ],
    },
    { opsets: new Map([['', 10]]), irVersion: 5 },
  );

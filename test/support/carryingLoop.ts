import { aGraph, aNode, aTensor, aValue } from './build';

/** Tensors that `carryingLoop` reads: how often it runs, and that it does. */
export const loopCounts = [aTensor('count', 'int64', [], [2]), aTensor('on', 'bool', [], [1])];

/**
 * A loop that multiplies `state` [1, width] with the weight `w`, which it carries as a state, as exporters of Keras write them: handed on as
 * it is, or by an Identity.
 */
export const carryingLoop = (
  state: string,
  width: number,
  handedOn: 'itself' | 'identity' = 'itself',
) => {
  const carried = handedOn === 'itself' ? 'w_in' : 'w_out';
  return aNode('Loop', ['count', 'on', state, 'w'], ['y', 'w_last'], {
    body: {
      kind: 'graph',
      value: aGraph({
        inputs: [
          aValue('i', 'int64', []),
          aValue('go', 'bool', []),
          aValue('h', 'float32', [1, width]),
          aValue('w_in', 'float32', [width, width]),
        ],
        outputs: [
          aValue('go', 'bool', []),
          aValue('h_next', 'float32', [1, width]),
          aValue(carried, 'float32', [width, width]),
        ],
        nodes: [
          aNode('MatMul', ['h', 'w_in'], ['h_next']),
          ...(handedOn === 'itself' ? [] : [aNode('Identity', ['w_in'], ['w_out'])]),
        ],
      }),
    },
  });
};

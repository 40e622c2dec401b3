import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subgraphs } from '../../src/onnx/attributes';
import { edited } from '../../src/onnx/edit';
import { indexGraph } from '../../src/onnx/graph';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { carryingLoop, loopCounts } from '../support/carryingLoop';

const width = 4;
const matrix = (name: string) =>
  aTensor(name, 'float32', [width, width], new Float32Array(width * width));

const carrying = (handedOn: 'itself' | 'identity', outputs: readonly string[]) =>
  indexGraph(
    aModel({
      inputs: [aValue('x', 'float32', [1, width])],
      outputs: outputs.map((name) => aValue(name, 'float32')),
      initializers: [matrix('w'), ...loopCounts],
      nodes: [carryingLoop('x', width, handedOn)],
    }),
  );

/** The loop's own states and the model's tensors after the body's product reads another weight. */
function afterReplacing(index: ReturnType<typeof carrying>) {
  const entry = index.entries.find(({ node }) => node.op === 'MatMul')!;
  const { main } = edited(index, [
    { kind: 'setTensor', scope: entry.scope, tensor: matrix('other') },
    { kind: 'replaceNode', entry, nodes: [aNode('MatMul', ['h', 'other'], ['h_next'])] },
  ]);
  const { node } = main.entries.find((each) => each.node.op === 'Loop')!;
  const body = subgraphs(node)[0]!.graph;
  return {
    tensors: [...main.initializers.keys()],
    inputs: node.inputs,
    outputs: node.outputs,
    given: body.inputs.map(({ name }) => name),
    made: body.outputs.map(({ name }) => name),
  };
}

for (const handedOn of ['itself', 'identity'] as const) {
  test(`a weight that a loop carried goes with its last reader, handed on by ${handedOn}`, () => {
    assert.deepEqual(afterReplacing(carrying(handedOn, ['y'])), {
      tensors: ['count', 'on'],
      inputs: ['count', 'on', 'x'],
      outputs: ['y'],
      given: ['i', 'go', 'h'],
      made: ['go', 'h_next'],
    });
  });
}

test('a state that is read behind the loop stays', () => {
  const { tensors, outputs } = afterReplacing(carrying('itself', ['y', 'w_last']));
  assert.deepEqual(
    [tensors, outputs],
    [
      ['w', 'count', 'on'],
      ['y', 'w_last'],
    ],
  );
});

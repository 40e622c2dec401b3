import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Models } from '../../src/engine/models';
import { indexGraph } from '../../src/onnx/graph';
import type { Model } from '../../src/onnx/model';
import { resolveSizes } from '../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { purposesOf } from '../../src/runtime/purpose';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { modelsFolder, withoutModels } from '../support/models';

function kindsIn(model: Model): Record<string, string> {
  const index = indexGraph(model);
  const shapes = inferShapes(index, resolveSizes(model));
  return Object.fromEntries([...purposesOf(index, shapes)].map(([name, { kind }]) => [name, kind]));
}

test('a mask is told by what it does to the scores of attention, whatever it is called', () => {
  const found = kindsIn(
    aModel({
      nodes: [
        aNode('Cast', ['a'], ['f'], { to: { kind: 'int', value: 1n } }),
        aNode('Sub', ['one', 'f'], ['left']),
        aNode('Mul', ['left', 'low'], ['added']),
        aNode('Add', ['scores', 'added'], ['masked']),
        aNode('Softmax', ['masked'], ['y']),
      ],
      initializers: [aTensor('one', 'float32', [], [1]), aTensor('low', 'float32', [], [-1e9])],
      inputs: [aValue('a', 'int64', ['n', 's']), aValue('scores', 'float32', ['n', 's'])],
      outputs: [aValue('y', 'float32')],
    }),
  );
  assert.equal(found['a'], 'mask');
});

test('ids that a model makes its own mask of stay ids, and a table of two rows is of types', () => {
  const found = kindsIn(
    aModel({
      nodes: [
        aNode('Gather', ['words', 'a'], ['vectors']),
        aNode('Gather', ['kinds', 'b'], ['more']),
        aNode('Equal', ['a', 'pad'], ['isPad']),
        aNode('Where', ['isPad', 'low', 'zero'], ['scores']),
        aNode('Softmax', ['scores'], ['y']),
      ],
      initializers: [
        aTensor('words', 'float32', [9, 4], new Float32Array(36)),
        aTensor('kinds', 'float32', [2, 4], new Float32Array(8)),
        aTensor('pad', 'int64', [], [0]),
        aTensor('low', 'float32', [], [-1e9]),
        aTensor('zero', 'float32', [], [0]),
      ],
      inputs: [aValue('a', 'int64', ['n', 's']), aValue('b', 'int64', ['n', 's'])],
      outputs: ['vectors', 'more', 'y'].map((name) => aValue(name, 'float32')),
    }),
  );
  assert.deepEqual(found, { a: 'ids', b: 'types' });
});

const masked = ['bert_ts_op14', 'bert_ts_ortfused', 'bert_ts_ortfused_mha', 'gpt2_ts_op14'];
masked.push('llama_ts_op14', 'llama_dynamo_op18', 'decoder_gqa_4bit_op21', 'bert_sdpa_dynamo_op23');

test('masks of many exporters are told without their names', { skip: withoutModels }, () => {
  for (const name of masked) {
    const { index } = new Models().sized(join(modelsFolder, 'structures', `${name}.onnx`), {});
    const { graph } = index.model;
    const numbers = new Map(graph.inputs.map((input, at) => [input.name, `in${at}`]));
    const plain = (each: string) => numbers.get(each) ?? each;
    const found = kindsIn({
      ...index.model,
      graph: {
        ...graph,
        inputs: graph.inputs.map((input) => ({ ...input, name: plain(input.name) })),
        nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(plain) })),
      },
    });
    const told = Object.keys(found).filter((each) => found[each] === 'mask');
    assert.deepEqual(told, [numbers.get('attention_mask')], name);
    assert.equal(found[numbers.get('input_ids') ?? ''], 'ids', name);
  }
});

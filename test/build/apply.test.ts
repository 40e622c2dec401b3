import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applySteps } from '../../src/build/apply';
import { indexGraph } from '../../src/onnx/graph';
import { transpose } from '../../src/tensor/linalg';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { step } from '../support/equal';

const [words, width] = [300, 64];
const numbers = Float32Array.from({ length: words * width }, (_, i) => Math.sin(i * 1.7));

/** A table, a norm, and a head that stores the table once more, transposed. */
const model = () =>
  indexGraph(
    aModel(
      {
        inputs: [aValue('ids', 'int64', ['batch', 'sequence'])],
        outputs: [aValue('y', 'float32', ['batch', 'sequence', words])],
        initializers: [
          aTensor('table', 'float32', [words, width], numbers),
          aTensor('head', 'float32', [width, words], transpose(numbers, words, width)),
          aTensor('scale', 'float32', [width], new Float32Array(width).fill(1)),
        ],
        nodes: [
          aNode('Gather', ['table', 'ids'], ['e'], {}, { name: '/net/words/Gather' }),
          aNode('LayerNormalization', ['e', 'scale'], ['n'], {}, { name: '/net/norm/Norm' }),
          aNode('MatMul', ['n', 'head'], ['y'], {}, { name: '/net/head/MatMul' }),
        ],
      },
      { opsets: new Map([['', 17]]) },
    ),
  );

describe('what a step leaves', () => {
  test('a norm is not missed by a step for all layers', async () => {
    const { steps } = await applySteps(model(), [step('int8Dynamic')]);
    assert.deepEqual(steps[0]!.layers, ['net.words', 'net.head']);
    assert.deepEqual(steps[0]!.skipped, []);
  });

  test('one that is named is told of', async () => {
    const named = { ...step('int8Dynamic'), targets: { layers: ['net.norm', 'net.head'] } };
    const { steps } = await applySteps(model(), [named]);
    assert.deepEqual(
      steps[0]!.skipped.map(({ layer }) => layer),
      ['net.norm'],
    );
  });
});

describe('a weight that is stored twice', () => {
  const notes = async (...actions: string[]) =>
    (
      await applySteps(
        model(),
        actions.map((action) => step(action)),
      )
    ).notes;

  test('is told of where it was quantized twice before it is looked for', async () => {
    assert.deepEqual(await notes('int8Dynamic', 'deduplicate'), [
      "The weights of 'net.words' and 'net.head' are equal, and an earlier step stored each by itself: put “Store equal weights once” before it.",
    ]);
  });

  test('is not, where it is stored once', async () => {
    assert.deepEqual(await notes('deduplicate', 'int8Dynamic'), []);
    assert.deepEqual(await notes('weightOnly', 'deduplicate'), []);
    assert.deepEqual(await notes('deduplicate'), []);
  });
});

describe('preparations of one model', () => {
  const steps = (...actions: string[]) => actions.map((action) => step(action));

  test('are made once for all plans that begin with them', async () => {
    const index = model();
    const [first, second] = [
      await applySteps(index, steps('deduplicate')),
      await applySteps(index, steps('deduplicate')),
    ];
    assert.ok((first.steps[0]?.edits ?? 0) > 0);
    assert.equal(second.index, first.index);
    assert.deepEqual(second.steps, first.steps);
    const other = await applySteps(index, [
      { ...step('deduplicate'), targets: { layers: ['net.head'] } },
    ]);
    assert.notEqual(other.index, first.index);
    assert.notEqual((await applySteps(model(), steps('deduplicate'))).index, first.index);
  });

  test('give the same model as without that, and say the same', async () => {
    const index = model();
    for (const actions of [
      ['deduplicate', 'int8Dynamic'],
      ['int8Dynamic', 'deduplicate'],
    ]) {
      const fresh = await applySteps(model(), steps(...actions));
      for (let times = 0; times < 2; times++) {
        const made = await applySteps(index, steps(...actions));
        assert.deepEqual(made.notes, fresh.notes);
        assert.deepEqual(made.steps, fresh.steps);
        assert.deepEqual(
          made.index.entries.map(({ node }) => [node.op, node.inputs]),
          fresh.index.entries.map(({ node }) => [node.op, node.inputs]),
        );
      }
    }
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { actionNames, actionOf } from '../../src/actions/index';
import { applySteps, structureOf } from '../../src/build/apply';
import { indexGraph } from '../../src/onnx/graph';
import { whyNotNumbers } from '../../src/structure/notNumbers';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { dataOf } from '../support/calibration';
import { step } from '../support/equal';

const width = 64;
const numbers = () =>
  Float32Array.from({ length: width * width }, (_, i) => Math.sin(i * 1.7) / width);
const damaged = (...values: number[]) => {
  const weight = numbers();
  values.forEach((value, i) => (weight[width * i + 5] = value));
  return weight;
};

/** Two products side by side, the first with the values given for some of its weight. */
const model = (...values: number[]) =>
  indexGraph(
    aModel(
      {
        inputs: [aValue('x', 'float32', [2, width])],
        outputs: [aValue('y', 'float32', [2, width]), aValue('z', 'float32', [2, width])],
        initializers: [
          aTensor('w', 'float32', [width, width], damaged(...values)),
          aTensor('v', 'float32', [width, width], numbers()),
        ],
        nodes: [
          aNode('MatMul', ['x', 'w'], ['y'], {}, { name: '/net/bad/MatMul' }),
          aNode('MatMul', ['x', 'v'], ['z'], {}, { name: '/net/good/MatMul' }),
        ],
      },
      { opsets: new Map([['', 17]]) },
    ),
  );

const data = dataOf([
  { x: { dtype: 'float32', shape: [2, width], data: new Float32Array(2 * width).fill(0.5) } },
]);

const reason = "Its weight 'w' holds 2 values that are no numbers (NaN or infinite).";

describe('weights that are no numbers', () => {
  for (const name of actionNames) {
    const { scope, group } = actionOf(name);
    if (scope === 'model' || group === 'prepare') continue;
    test(`${name} leaves such a layer as it is, says why, and goes on with the others`, async () => {
      const { steps, index } = await applySteps(model(NaN, -Infinity), [step(name)], {
        calibration: data,
      });
      assert.deepEqual(steps[0]?.skipped, [{ layer: 'net.bad', why: reason }]);
      assert.deepEqual(steps[0]?.layers, ['net.good']);
      const kept = index.entries.find(({ node }) => node.name === '/net/bad/MatMul');
      assert.deepEqual(kept?.node.inputs, ['x', 'w']);
    });
  }

  test('are counted, and masks and the largest numbers are none of them', () => {
    const whyOf = (...values: number[]) =>
      structureOf(model(...values), undefined).layers.map((layer) =>
        whyNotNumbers(layer, undefined),
      );
    assert.deepEqual(whyOf(3.4e38, -0, 1e-45), [undefined, undefined]);
    assert.deepEqual(whyOf(NaN), [
      "Its weight 'w' holds 1 value that is no number (NaN or infinite).",
      undefined,
    ]);
  });

  test('are not looked for where only what fits is asked', async () => {
    const external = {
      ...aTensor('w', 'float32', [width, width], numbers()),
      data: {
        kind: 'external',
        location: 'gone',
        offset: 0,
        length: undefined,
        entries: [],
      } as const,
    };
    const { model: whole } = model();
    const [, v] = whole.graph.initializers;
    const index = indexGraph({ ...whole, graph: { ...whole.graph, initializers: [external, v!] } });
    const [layer] = structureOf(index, undefined).layers;
    assert.ok(actionOf('int8Dynamic').appliesTo(layer!, {}).fits);
    await assert.rejects(applySteps(index, [step('int8Dynamic')]), /external|gone/);
  });
});

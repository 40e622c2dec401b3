import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keeperUnder, keeperWithin } from '../../src/actions/keeper';
import { normal, seededRandom } from '../../src/base/random';
import { applySteps } from '../../src/build/apply';
import { indexGraph } from '../../src/onnx/graph';
import type { Step } from '../../src/protocol/recipe';
import type { Calibration } from '../../src/runtime/calibration';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { calibrationOf, unmasked } from '../support/calibration';
import { someFloats } from '../support/equal';

const range = (high: number) => ({ range: { low: 0, high }, factors: undefined });
const factors = (width: number) => [
  { from: 0, width, order: new Uint32Array(width), u: new Float32Array(width * width) },
];

describe('what is kept', () => {
  test('is found again under its kind and key alone', () => {
    const keeper = keeperWithin(1000);
    keeper.add('inputGrid', 'a', range(1));
    assert.deepEqual(keeper.get('inputGrid', 'a'), range(1));
    assert.equal(keeper.get('inputGrid', 'b'), undefined);
    assert.equal(keeper.get('factors', 'a'), undefined);
    const under = keeperUnder(keeper, 'folded');
    assert.equal(under.get('inputGrid', 'a'), undefined);
    under.add('inputGrid', 'a', range(2));
    assert.deepEqual(
      [keeper.get('inputGrid', 'a'), under.get('inputGrid', 'a')],
      [range(1), range(2)],
    );
  });

  test('stays within its bytes, and gives way only to what comes a round later', () => {
    const each = 4 * (4 + 16);
    const keeper = keeperWithin(2 * each);
    for (const key of ['a', 'b', 'c']) keeper.add('factors', key, factors(4));
    const kept = () => ['a', 'b', 'c', 'd'].filter((key) => keeper.get('factors', key)).join('');
    assert.equal(kept(), 'ab');
    keeper.nextRound();
    keeper.get('factors', 'a');
    keeper.add('factors', 'd', factors(4));
    assert.equal(kept(), 'ad');
    keeper.add('factors', 'd', factors(2));
    keeper.add('factors', 'b', factors(4));
    assert.equal(kept(), 'ad', 'what is put anew frees no more than it took');
  });
});

const width = 32;
const weights = (seed: number) => {
  const random = seededRandom(seed);
  return Float32Array.from({ length: width * width }, () => normal(random));
};

/** Three products in a row, and one beside the second. */
const model = () =>
  aModel(
    {
      inputs: [aValue('x', 'float32', ['n', width])],
      outputs: [aValue('y', 'float32', ['n', width]), aValue('z', 'float32', ['n', width])],
      initializers: ['w1', 'w2', 'w3', 'w4'].map((name, i) =>
        aTensor(name, 'float32', [width, width], weights(i)),
      ),
      nodes: [
        aNode('MatMul', ['x', 'w1'], ['a'], {}, { name: '/one/MatMul' }),
        aNode('MatMul', ['a', 'w2'], ['b'], {}, { name: '/two/MatMul' }),
        aNode('MatMul', ['b', 'w3'], ['y'], {}, { name: '/three/MatMul' }),
        aNode('MatMul', ['a', 'w4'], ['z'], {}, { name: '/four/MatMul' }),
      ],
    },
    { opsets: new Map([['', 17]]) },
  );

const step = (action: string, layers: readonly string[], params: Step['params'] = {}): Step => ({
  ...{ action, targets: { layers }, params },
});
const bits = (width: string, ...layers: string[]) =>
  step('weightOnly', layers, { bits: width, keep: 0 });

/** Data that counts how often a model is run on it: the multiplications of its statistics aside. */
function counting(): { calibration: Calibration; runs: () => number } {
  const data = [1, 2, 3].map((seed) => unmasked({ x: someFloats([40, width], seed) }));
  const calibration = calibrationOf(data);
  let runs = 0;
  const counted = {
    ...calibration,
    batches: () => {
      runs++;
      return calibration.batches();
    },
  };
  return { calibration: counted, runs: () => runs };
}

describe('several plans of one model', () => {
  const plans: readonly (readonly Step[])[] = [
    [bits('4', 'one', 'three'), bits('2', 'two', 'four')],
    [bits('4', 'one', 'four'), bits('2', 'two'), step('int8Static', ['three'])],
    [step('int8Static', ['three', 'four']), bits('4', 'one'), bits('2', 'two')],
  ];

  test('are what each is that is made alone', async () => {
    const keeper = keeperWithin();
    for (const plan of plans) {
      const { calibration } = counting();
      const made = await applySteps(indexGraph(model()), plan, { calibration, keeper });
      const alone = await applySteps(indexGraph(model()), plan, { calibration });
      assert.deepEqual(modelBytes(made.index.model), modelBytes(alone.index.model));
    }
  });

  test('run the data only for what none before has seen', async () => {
    const keeper = keeperWithin();
    const counts: number[] = [];
    for (const plan of plans) {
      keeper.nextRound();
      const { calibration, runs } = counting();
      await applySteps(indexGraph(model()), plan, { calibration, keeper });
      counts.push(runs());
    }
    // The first plan watches the inputs of both its steps; the second integers' alone; the third has one product more.
    assert.deepEqual(counts, [2, 1, 1]);
  });

  test('that differ in their preparations share nothing', async () => {
    const keeper = keeperWithin();
    const { calibration, runs } = counting();
    const all = bits('4', 'one', 'two', 'three', 'four');
    await applySteps(indexGraph(model()), [all], { calibration, keeper });
    const before = runs();
    await applySteps(indexGraph(model()), [step('smoothQuant', []), all], { calibration, keeper });
    assert.ok(runs() > before);
  });
});

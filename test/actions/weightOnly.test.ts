import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { actionOf } from '../../src/actions/index';
import { normal, seededRandom } from '../../src/base/random';
import { applySteps } from '../../src/build/apply';
import { checkModel } from '../../src/onnx/check';
import { indexGraph } from '../../src/onnx/graph';
import type { Model } from '../../src/onnx/model';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { storedBytes, tensorBytes } from '../../src/onnx/weights';
import { readParams } from '../../src/protocol/params';
import { ortRunner } from '../../src/runtime/ort';
import type { Feeds, SessionOptions } from '../../src/runtime/runner';
import { buildStructure } from '../../src/structure/build';
import { normalizedSquaredError } from '../../src/tensor/measures';
import { dataOf, unmasked } from '../support/calibration';
import { aGraph, aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { modelsFolder, withoutModels } from '../support/models';
import { quantized } from '../support/quantized';
import { perplexity } from '../support/perplexity';
import { trial } from '../support/trial';

const width = 64;
const vocabulary = 96;
const step = (params: Record<string, unknown> = {}) => ({
  ...{ action: 'weightOnly', targets: {}, params },
});
const gaussian = (count: number, seed: number) => {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => normal(random));
};

/** Looks words up, sends them through a product with a bias, and back through the same table: a language model in small. */
function tiedModel(transposed: boolean): Model {
  const table = gaussian(vocabulary * width, 1);
  const turned = table.map((_, i) => table[(i % vocabulary) * width + Math.floor(i / vocabulary)]!);
  const head = transposed
    ? aNode('MatMul', ['h', 'turned'], ['y'], {}, { name: 'head' })
    : aNode(
        'Gemm',
        ['h', 'table'],
        ['y'],
        { transB: { kind: 'int', value: 1n } },
        { name: 'head' },
      );
  return aModel(
    {
      inputs: [aValue('ids', 'int64', ['n'])],
      outputs: [aValue('y', 'float32', ['n', vocabulary])],
      initializers: [
        aTensor('table', 'float32', [vocabulary, width], table),
        aTensor('weight', 'float32', [width, width], gaussian(width * width, 2)),
        aTensor('bias', 'float32', [width], gaussian(width, 3)),
        ...(transposed ? [aTensor('turned', 'float32', [width, vocabulary], turned)] : []),
      ],
      nodes: [
        aNode('Gather', ['table', 'ids'], ['x'], {}, { name: 'look' }),
        aNode('Gemm', ['x', 'weight', 'bias'], ['h'], {}, { name: 'middle' }),
        head,
      ],
    },
    { opsets: new Map([['', 17]]) },
  );
}

const idsOf = (...ids: number[]): Feeds => ({
  ids: { dtype: 'int64', shape: [ids.length], data: BigInt64Array.from(ids, BigInt) },
});
const someIds = idsOf(...Array.from({ length: 24 }, (_, i) => (i * 29) % vocabulary));

const sketched = (model: Model) => {
  const index = indexGraph(model);
  return buildStructure(index, inferShapes(index, { sizes: new Map() }));
};

const storedOf = ({ graph }: Model) =>
  graph.initializers.reduce((sum, tensor) => sum + storedBytes(tensor), 0);

async function outputOf(model: Model, feeds: Feeds, optimize: SessionOptions['optimize']) {
  const session = await ortRunner().load(modelBytes(model), {
    ...{ threads: 1, provider: 'cpu', optimize },
  });
  const { outputs } = await session.run(feeds);
  await session.release();
  return outputs['y']!.data as Float32Array;
}

describe('weights in few bits', () => {
  for (const [bits, most] of [
    ['8', 5e-4],
    ['4', 0.03],
    ['2', 0.5],
  ] as const) {
    for (const transposed of [false, true]) {
      const what = transposed ? 'stored transposed' : 'stored once';
      test(`${bits} bits, a tied head ${what}: its codes are stored once`, async () => {
        const model = tiedModel(transposed);
        const made = await quantized(model, [step({ bits, keep: 0 })], [unmasked(someIds)]);
        assert.ok(made.error < most && made.error > 0, `${made.error}`);
        assert.equal(made.kernels['GatherBlockQuantized'], 1);
        assert.equal(made.kernels['MatMulNBits'], 2);
        const codes = made.index.model.graph.initializers.filter((tensor) =>
          /_Q\d/.test(tensor.name),
        );
        const bytes = codes.reduce((sum, tensor) => sum + storedBytes(tensor), 0);
        const shapes = (width + vocabulary) * width;
        // Shapes of the blocks are stored beside the codes.
        assert.ok(bytes <= (shapes * Number(bits)) / 8 + 64, `${bytes} bytes`);
      });
    }
  }

  test('a weight that both branches of an If read is stored once, outside of them', async () => {
    const branch = (made: string) => ({
      kind: 'graph' as const,
      value: aGraph({
        nodes: [aNode('MatMul', ['x', 'weight'], [made]), aNode('Relu', [made], [`${made}_r`])],
        outputs: [aValue(`${made}_r`, 'float32', ['n', width])],
      }),
    });
    const model = aModel(
      {
        inputs: [aValue('x', 'float32', ['n', width]), aValue('c', 'bool', [])],
        outputs: [aValue('y', 'float32', ['n', width])],
        initializers: [aTensor('weight', 'float32', [width, width], gaussian(width * width, 2))],
        nodes: [aNode('If', ['c'], ['y'], { then_branch: branch('a'), else_branch: branch('b') })],
      },
      { opsets: new Map([['', 17]]) },
    );
    for (const [params, count] of [
      [{}, 2],
      [{ scales: 'float32', bits: '8' }, 1],
    ] as const) {
      const applied = await applySteps(indexGraph(model), [step(params)]);
      const made = applied.index.model;
      assert.equal(applied.steps[0]!.layers.length, 2);
      assert.deepEqual(checkModel(made), []);
      assert.equal(
        made.graph.initializers.filter(({ dtype }) => dtype === 'uint8').length,
        count + 1,
      );
      for (const c of [0, 1]) {
        const feeds: Feeds = {
          x: { dtype: 'float32', shape: [3, width], data: gaussian(3 * width, 5) },
          c: { dtype: 'bool', shape: [], data: Uint8Array.of(c) },
        };
        const exact = await outputOf(model, feeds, 'all');
        const error = normalizedSquaredError(exact, await outputOf(made, feeds, 'all'));
        assert.ok(error > 0 && error < 0.03, `${error}`);
      }
    }
  });

  test('thirds of a joint weight are each quantized by themselves', async () => {
    const slice = (i: number) => [
      aNode('Slice', ['joint', `at${i}`, `at${i + 1}`, 'axis'], [`w${i}`]),
      aNode('Transpose', [`w${i}`], [`t${i}`], { perm: { kind: 'ints', value: [1n, 0n] } }),
      aNode('MatMul', ['x', `t${i}`], [`y${i}`]),
    ];
    const model = aModel(
      {
        inputs: [aValue('x', 'float32', ['n', width])],
        outputs: [aValue('y', 'float32', ['n', width])],
        initializers: [
          aTensor('joint', 'float32', [3 * width, width], gaussian(3 * width * width, 4)),
          aTensor('axis', 'int64', [1], [0]),
          ...[0, 1, 2, 3].map((i) => aTensor(`at${i}`, 'int64', [1], [i * width])),
        ],
        nodes: [
          ...[0, 1, 2].flatMap(slice),
          aNode('Mul', ['y0', 'y1'], ['m']),
          aNode('Sub', ['m', 'y2'], ['y']),
        ],
      },
      { opsets: new Map([['', 17]]) },
    );
    const x: Feeds = { x: { dtype: 'float32', shape: [5, width], data: gaussian(5 * width, 6) } };
    const made = await quantized(model, [step({ bits: '8' })], [unmasked(x)]);
    assert.equal(made.kernels['MatMulNBits'], 3);
    assert.ok(made.error > 0 && made.error < 5e-4, `${made.error}`);
  });

  test('inputs that overflow on the data tell nothing: weights are rounded to the nearest', async () => {
    const model = tiedModel(false);
    const initializers = model.graph.initializers.map((tensor) =>
      tensor.name === 'bias'
        ? aTensor('bias', 'float32', [width], Array(width).fill(1e30))
        : tensor,
    );
    const overflowing = indexGraph({ ...model, graph: { ...model.graph, initializers } });
    const steps = [step({ keep: 0 })];
    const calibration = dataOf([someIds]);
    const seen = await applySteps(overflowing, steps, { calibration });
    const unseen = await applySteps(overflowing, steps);
    const codesOf = ({ graph }: Model) => {
      const codes = graph.initializers.find(({ name }) => name.startsWith('table_Q4'))!;
      return [...tensorBytes(codes)];
    };
    assert.deepEqual(codesOf(seen.index.model), codesOf(unseen.index.model));
  });

  test('blocks are no larger than the inputs need, and what would take more room stays', () => {
    const model = (k: number) =>
      aModel({
        inputs: [aValue('x', 'float32', ['n', k])],
        outputs: [aValue('y', 'float32', ['n', 48])],
        initializers: [aTensor('w', 'float32', [k, 48], gaussian(k * 48, 1))],
        nodes: [aNode('MatMul', ['x', 'w'], ['y'])],
      });
    const action = actionOf('weightOnly');
    const { params } = readParams(action.params, { bits: '8', block: '128' });
    const share = (k: number) => {
      const [layer] = sketched(model(k)).layers;
      const fit = action.appliesTo(layer!, params);
      const { before, after } = action.estimate(layer!, params);
      return fit.fits ? after / before : fit.why;
    };
    assert.ok((share(64) as number) < 0.27, `${share(64)}`);
    assert.ok((share(33) as number) < 0.55, `${share(33)}`);
    assert.equal(share(4), 'With 4 inputs a block of 32 takes more room than its numbers.');
  });

  for (const params of [{ scales: 'byte' }, { scales: 'float32' }, { symmetric: true }]) {
    test(`the runtime reads ${JSON.stringify(params)} alike with and without optimisations`, async () => {
      for (const bits of ['2', '4', '8']) {
        const index = indexGraph(tiedModel(false));
        const { model } = (await applySteps(index, [step({ bits, ...params })])).index;
        const fast = await outputOf(model, someIds, 'all');
        const plain = await outputOf(model, someIds, 'none');
        // The fast kernels round activations to 8 bits.
        assert.ok(normalizedSquaredError(plain, fast) < 1e-3, bits);
      }
    });
  }

  test('scales of a byte cost little: the codes are chosen for them', async () => {
    const made = async (params: Record<string, unknown>) => {
      const index = indexGraph(tiedModel(false));
      const { model } = (await applySteps(index, [step({ keep: 0, block: '16', ...params })]))
        .index;
      const exact = await outputOf(tiedModel(false), someIds, 'all');
      const error = normalizedSquaredError(exact, await outputOf(model, someIds, 'none'));
      return { error, bytes: storedOf(model) };
    };
    const byte = await made({ scales: 'byte' });
    const float = await made({ scales: 'float32' });
    assert.ok(byte.bytes < 0.8 * float.bytes, `${byte.bytes} of ${float.bytes}`);
    assert.ok(byte.error < 1.05 * float.error, `${byte.error} beside ${float.error}`);
  });

  test('what is foretold is what is stored', async () => {
    for (const params of [{}, { bits: '2', symmetric: true }, { bits: '8', scales: 'float32' }]) {
      const model = tiedModel(true);
      const applied = await applySteps(indexGraph(model), [step({ keep: 0, ...params })]);
      const action = actionOf('weightOnly');
      const { params: all } = readParams(action.params, { keep: 0, ...params });
      const { layers } = sketched(model);
      const foretold = layers
        .filter((layer) => action.appliesTo(layer, all).fits)
        .reduce((sum, layer) => {
          const { before, after } = action.estimate(layer, all);
          return sum + before - after;
        }, 0);
      const saved = storedOf(model) - storedOf(applied.index.model);
      // Shapes and the ladders of scales take a few bytes.
      assert.ok(Math.abs(saved - foretold) < 128, `${saved} ${foretold}`);
    }
  });
});

describe('few bits with data', () => {
  /** Inputs that lie near a plane of eight dimensions, as those of real layers nearly do. */
  const planar = (rows: number, seed: number): Feeds => {
    const axes = gaussian(8 * width, 5);
    const along = gaussian(rows * 8, seed);
    const data = gaussian(rows * width, seed + 1).map((noise, at) => {
      const row = Math.floor(at / width);
      let value = 0.1 * noise;
      for (let axis = 0; axis < 8; axis++) {
        value += along[row * 8 + axis]! * axes[axis * width + (at % width)]!;
      }
      return value;
    });
    return { x: { dtype: 'float32', shape: [rows, width], data } };
  };
  const product = aModel(
    {
      inputs: [aValue('x', 'float32', ['n', width])],
      outputs: [aValue('y', 'float32', ['n', width])],
      initializers: [aTensor('w', 'float32', [width, width], gaussian(width * width, 6))],
      nodes: [aNode('MatMul', ['x', 'w'], ['y'], {}, { name: 'product' })],
    },
    { opsets: new Map([['', 17]]) },
  );
  const errorOn = async (params: Record<string, unknown>, data: readonly Feeds[]) => {
    const unseen = planar(64, 99);
    const calibration = dataOf(data);
    const made = await applySteps(indexGraph(product), [step({ keep: 0, ...params })], {
      calibration,
    });
    const exact = await outputOf(product, unseen, 'all');
    return normalizedSquaredError(exact, await outputOf(made.index.model, unseen, 'none'));
  };

  test('GPTQ leaves the output of unseen data a fraction of nearest’s error', async (t) => {
    for (const bits of ['4', '2']) {
      const data = [planar(256, 10), planar(256, 20)];
      const ratio =
        (await errorOn({ bits }, data)) / (await errorOn({ bits, rounding: 'nearest' }, data));
      t.diagnostic(`${bits} bits: ${ratio.toFixed(3)}`);
      assert.ok(ratio < 0.5, `${bits} bits: ${ratio}`);
    }
  });

  test('what hurts most is kept in more bits, as far as its bytes go', async () => {
    const tall = (name: string, scale: number, seed: number) =>
      aTensor(
        name,
        'float32',
        [width, width],
        gaussian(width ** 2, seed).map((v) => v * scale),
      );
    const model = aModel(
      {
        inputs: [aValue('x', 'float32', ['n', width])],
        outputs: [aValue('y', 'float32', ['n', width])],
        initializers: ['a', 'b', 'c', 'd'].map((name, i) => tall(name, name === 'c' ? 9 : 1, i)),
        nodes: [
          ...['a', 'b', 'c', 'd'].map((name) =>
            aNode('MatMul', ['x', name], [`${name}y`], {}, { name: `layer_${name}` }),
          ),
          aNode('Sum', ['ay', 'by', 'cy', 'dy'], ['y'], {}, { name: 'sum' }),
        ],
      },
      { opsets: new Map([['', 17]]) },
    );
    const calibration = dataOf([planar(64, 3)]);
    const widths = async (keep: number) => {
      const made = await applySteps(indexGraph(model), [step({ keep })], { calibration });
      return made.index.entries.flatMap(({ node }) => {
        const bits = node.attributes.get('bits');
        return bits?.kind === 'int' ? [Number(bits.value)] : [];
      });
    };
    assert.deepEqual(await widths(0), [4, 4, 4, 4]);
    assert.deepEqual(await widths(25), [4, 4, 8, 4]);
    assert.deepEqual(await widths(100), [8, 8, 8, 8]);
  });
});

describe('real models in few bits', { skip: withoutModels }, () => {
  const lm = join(modelsFolder, 'tiny-lm');
  for (const [data, params, share, most] of [
    [false, {}, 0.14, 43.45],
    [true, { bits: '2' }, 0.082, 51],
  ] as const) {
    const what = `${JSON.stringify(params)} ${data ? 'with' : 'without'} data`;
    test(`tiny-lm keeps its perplexity: ${what}`, async (t) => {
      const made = await trial(
        join(lm, 'model.onnx'),
        [step(params)],
        data ? { calibration: join(lm, 'calib.npz'), samples: 8 } : {},
      );
      t.after(() => made.remove());
      const found = await perplexity(made.source, made.file, join(lm, 'valid.npz'));
      t.diagnostic(
        `${(100 * made.share).toFixed(1)} % of the file, perplexity ${found.toFixed(2)}`,
      );
      assert.ok(made.share <= share, `${made.share}`);
      assert.ok(found <= most, `${found}`);
    });
  }
});

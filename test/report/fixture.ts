import { partNames, type Part } from '../../src/base/terms';
import type {
  BlockFacts,
  Inspection,
  LayerFacts,
  Measured,
  NodeFacts,
  Profile,
  WeightFacts,
} from '../../src/protocol/types';
import type { ActionFacts, Comparison } from '../../src/protocol/build';
import { storageOf, sumLayers } from '../../src/report/sums';

/** A weight as an inspection lists it. */
export function weightOf(name: string, shape: number[], dtype = 'float32', bytesEach = 4) {
  const parameters = shape.reduce((product, size) => product * size, 1);
  return { name, shape, dtype, bytes: parameters * bytesEach, parameters } satisfies WeightFacts;
}

/** A layer with everything filled in that a test does not care about. */
export function layerOf(layer: Partial<LayerFacts> & { name: string }): LayerFacts {
  const weights = layer.weights ?? [];
  return {
    id: layer.name,
    op: 'MatMul',
    part: 'other',
    role: 'other',
    block: null,
    nodes: [`${layer.name}/node`],
    weights,
    parameters: weights.reduce((sum, weight) => sum + weight.parameters, 0),
    weightBytes: weights.reduce((sum, weight) => sum + weight.bytes, 0),
    macs: 0,
    activationBytes: 0,
    tiedTo: null,
    className: null,
    source: null,
    ...layer,
  };
}

/** An inspection of these layers, with sums, blocks and one node per layer made from them. */
export function inspectionOf(
  layers: LayerFacts[],
  changes: Partial<Inspection> = {},
  blockName = 'encoder.layer',
): Inspection {
  const storage = storageOf(layers);
  const blockCount = Math.max(-1, ...layers.map((layer) => layer.block ?? -1)) + 1;
  const partOf = (part: Part) => ({
    ...sumLayers(
      layers.filter((layer) => layer.part === part),
      storage,
    ),
    peakActivationBytes: 0,
  });
  return {
    featherweight: '0.1.0',
    model: {
      file: 'model.onnx',
      bytes: 1000,
      irVersion: 8,
      opsets: { '': 17 },
      producer: 'pytorch 2.13.0',
      externalData: [],
      inputs: [{ name: 'input_ids', dtype: 'int64', shape: ['batch', 'sequence'] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 2] }],
    },
    dimensions: { batch: 1, sequence: 128 },
    structure: {
      family: 'encoder',
      blocks: blockCount,
      hiddenSize: 384,
      heads: 12,
      kvHeads: 12,
      headSize: 32,
      feedForwardSize: 1536,
    },
    totals: { ...sumLayers(layers, storage), peakActivationBytes: 0 },
    parts: Object.fromEntries(partNames.map((part) => [part, partOf(part)])) as Inspection['parts'],
    blocks: Array.from({ length: blockCount }, (_, index): BlockFacts => {
      const inside = layers.filter((layer) => layer.block === index);
      return {
        id: `${blockName}.${index}`,
        index,
        name: `${blockName}.${index}`,
        layers: inside.map((layer) => layer.id),
        kind: 0,
        ...sumLayers(inside, storage),
      };
    }),
    layers,
    nodes: layers.flatMap((layer) =>
      layer.nodes.map((name): NodeFacts => ({
        name,
        op: layer.op,
        domain: '',
        outputs: [`${name}_output`],
        layer: layer.id,
        macs: layer.macs,
        outputShapes: [[1, 128, 384]],
      })),
    ),
    unknown: [],
    ...changes,
  };
}

export const measuredFacts: Measured = {
  provider: 'cpu',
  threads: 2,
  warmup: 3,
  runs: 30,
  data: 'synthetic',
  seed: 1,
  runtime: '1.30.0',
  latencyMs: { median: 50, p10: 49, p90: 53 },
  plainLatencyMs: { median: 55, p10: 54, p90: 58 },
  loadMs: 80,
  peakMemoryBytes: 118e6,
  unattributedMs: 1,
  disturbedMs: 0,
  traceCostMs: 0,
  inputs: [],
  executed: [],
};

/** A profile in which each layer takes the given time, in one node. */
export function profileOf(
  inspection: Inspection,
  timeOf: (layer: LayerFacts) => number | undefined,
  measured: Partial<Measured> = {},
): Profile {
  const timed = inspection.layers.flatMap((layer) => {
    const timeMs = timeOf(layer);
    return timeMs === undefined ? [] : [{ layer, timeMs }];
  });
  return {
    measured: { ...measuredFacts, ...measured },
    complete: true,
    layers: Object.fromEntries(
      timed.map(({ layer, timeMs }) => [
        layer.id,
        {
          timeMs,
          p10: timeMs * 0.9,
          p90: timeMs * 1.1,
          ran: { how: 'same' as const, ops: [layer.op] },
        },
      ]),
    ),
    nodes: Object.fromEntries(
      timed.flatMap(({ layer, timeMs }) =>
        layer.nodes.map((node) => [node, timeMs / layer.nodes.length]),
      ),
    ),
  };
}

/** A BERT of `blocks` blocks with MiniLM's sizes. */
export function encoder(blocks = 6, changes: Partial<Inspection> = {}): Inspection {
  const linear = (
    name: string,
    rows: number,
    columns: number,
    rest: Partial<LayerFacts>,
  ): LayerFacts =>
    layerOf({
      name,
      weights: [weightOf(`${name}.weight`, [rows, columns]), weightOf(`${name}.bias`, [columns])],
      macs: 128 * rows * columns,
      activationBytes: 128 * columns * 4,
      ...rest,
    });
  const layers = Array.from({ length: blocks }, (_, block) => {
    const at = `encoder.layer.${block}`;
    const attention = { part: 'attention', block } as const;
    const forward = { part: 'feedForward', block } as const;
    return [
      linear(`${at}.attention.query`, 384, 384, { ...attention, role: 'query' }),
      linear(`${at}.attention.key`, 384, 384, { ...attention, role: 'key' }),
      linear(`${at}.attention.value`, 384, 384, { ...attention, role: 'value' }),
      layerOf({
        name: `${at}.attention.scores`,
        op: 'Softmax',
        macs: 6291456,
        activationBytes: 786432,
        role: 'scores',
        ...attention,
      }),
      linear(`${at}.attention.output`, 384, 384, { ...attention, role: 'output' }),
      linear(`${at}.intermediate`, 384, 1536, { ...forward, role: 'up' }),
      linear(`${at}.output`, 1536, 384, { ...forward, role: 'down' }),
      layerOf({
        name: `${at}.norm`,
        op: 'LayerNormalization',
        part: 'norm',
        role: 'norm',
        block,
        weights: [weightOf(`${at}.norm.weight`, [384]), weightOf(`${at}.norm.bias`, [384])],
      }),
    ];
  }).flat();
  const embedding = layerOf({
    name: 'embeddings.word',
    op: 'Gather',
    part: 'embedding',
    role: 'embedding',
    weights: [weightOf('embeddings.word.weight', [30522, 384])],
  });
  const head = linear('classifier', 384, 2, { part: 'head', role: 'head', op: 'Gemm', macs: 768 });
  return inspectionOf([embedding, ...layers, head], changes);
}

/** A comparison with everything filled in: a quarter of the file, 2.5x faster. */
export function comparisonOf(changes: Partial<Comparison> = {}): Comparison {
  const spread = (median: number) => ({ median, p10: median * 0.98, p90: median * 1.04 });
  return {
    featherweight: '0.1.0',
    runtime: '1.30.0',
    reference: '/models/model.onnx',
    candidate: '/models/model.int8.onnx',
    bytes: { reference: 92_000_000, candidate: 23_000_000 },
    data: '/data/dev.npz',
    samples: 872,
    leftOut: 0,
    output: 'logits',
    metric: 'classes',
    accuracy: {
      reference: 0.878,
      candidate: 0.876,
      difference: { mean: -0.002, low: -0.009, high: 0.005 },
    },
    agreement: { mean: 0.991, low: 0.983, high: 0.996 },
    kl: { mean: 0.0031, low: 0.0024, high: 0.0042 },
    f1: null,
    perplexity: null,
    sqnrDb: 28.4,
    cosine: 0.9993,
    maxError: 0.31,
    meanError: 0.021,
    broken: 0,
    outputs: [],
    latency: {
      referenceMs: spread(62.5),
      candidateMs: spread(25.1),
      ...{ ratio: 2.49, low: 2.3, high: 2.6, rounds: 40, threads: 1 },
      inputs: [{ name: 'input_ids', shape: [1, 128] }],
    },
    loadMs: { reference: 210, candidate: 96 },
    peakMemoryBytes: { reference: 118e6, candidate: 61e6 },
    kernels: [],
    layers: [],
    complete: true,
    ...changes,
  };
}

/** Two actions as the engine describes them. */
export const actionFacts: readonly ActionFacts[] = [
  {
    name: 'int8Dynamic',
    title: 'int8, dynamic',
    about: 'Weights and activations in 8-bit integers.',
    ...{ group: 'quantize', speed: 'faster', speedNote: null, data: 'none' },
    params: {
      reduceRange: { kind: 'boolean', title: 'Seven bits', help: 'For old CPUs.', default: false },
    },
    choices: [{ title: 'int8, dynamic', params: {} }],
  },
  {
    name: 'weightOnly',
    title: 'Weights in few bits',
    about: 'Weights in 2, 4 or 8 bits.',
    ...{ group: 'quantize', speed: 'faster', speedNote: null, data: 'optional' },
    params: {
      bits: {
        ...{ kind: 'choice', title: 'Width', help: 'Bits a weight takes.', default: '4' },
        options: { '8': '8 bits', '4': '4 bits', '2': '2 bits: large errors' },
      },
      block: {
        ...{ kind: 'choice', title: 'Block', help: 'Weights that share a scale.', default: '32' },
        options: { '32': '32', '64': '64' },
      },
    },
    choices: [
      { title: '4-bit weights', params: { bits: '4' } },
      { title: '2-bit weights', params: { bits: '2' } },
    ],
  },
];

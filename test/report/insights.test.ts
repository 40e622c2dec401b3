import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionOf, isActionName } from '../../src/actions/index';
import { readParams } from '../../src/protocol/params';
import type { Inspection, LayerFacts, Profile } from '../../src/protocol/types';
import { findInsights, insightRules, openRemedies, type RuleId } from '../../src/report/insights';
import { parseFilter } from '../../src/report/filter';
import { layerTable } from '../../src/report/table';
import { encoder, inspectionOf, layerOf, profileOf, weightOf } from './fixture';

const sentence = (id: RuleId, inspection: Inspection, profile?: Profile) => {
  const found = findInsights(inspection, profile).find((insight) => insight.id === id);
  return found && `${found.figure} ${found.text}`;
};

test('embeddings: their share of the bytes, and what 8-bit rows save', () => {
  // 30522 × 384 float32 rows become bytes and a float32 scale each: 46,881,792 − 11,720,448 − 122,088.
  assert.equal(
    sentence('embeddingBytes', encoder()),
    '52 % of the weight bytes are embeddings, which do none of the arithmetic: 8-bit rows would save 35.0 MB.',
  );
  const packed = encoder();
  packed.layers[0]!.weights[0]!.dtype = 'int8';
  assert.equal(sentence('embeddingBytes', packed), undefined);
});

test('attention: more of the time than of the MACs, and where it goes', () => {
  const model = encoder();
  const slow = profileOf(model, (layer) => (layer.role === 'scores' ? 1 : (layer.macs ?? 0) / 1e8));
  assert.match(
    sentence('attentionTime', model, slow) ?? '',
    /^5\d % of the time is attention, for 35 % of the MACs: \d\d % goes to Softmax, not to matrix products\.$/,
  );
  const even = profileOf(model, (layer) => (layer.macs ?? 0) / 1e8);
  assert.equal(sentence('attentionTime', model, even), undefined);
  assert.equal(sentence('attentionTime', model), undefined);
});

test('time in nodes without weights is counted with its operators', () => {
  const mask = layerOf({ name: 'mask', op: 'Unsqueeze', nodes: ['m1', 'm2', 'm3'] });
  const model = inspectionOf([...encoder().layers, mask]);
  const profile = profileOf(model, (layer) => (layer === mask ? 20 : 1));
  assert.match(
    sentence('shapeArithmetic', model, profile) ?? '',
    /^29 % of the time is in 3 nodes with no weights, .*: Unsqueeze\.$/,
  );
});

test('norms, the head of a decoder, recurrent layers and one dominating layer', () => {
  const model = encoder();
  const norms = profileOf(model, (layer) => (layer.part === 'norm' ? 1 : 1));
  assert.match(
    sentence('normTime', model, norms) ?? '',
    /^12 % of the time is in 6 normalisations/,
  );

  const head = layerOf({
    name: 'lm_head',
    part: 'head',
    role: 'head',
    weights: [weightOf('lm', [384, 30522])],
    macs: 128 * 384 * 30522,
  });
  const base = encoder();
  const decoder = inspectionOf([...base.layers, head], {
    structure: { ...base.structure, family: 'decoder' },
  });
  assert.match(sentence('headMacs', decoder) ?? '', /^52 % of the MACs are the head, at all 128/);
  assert.equal(sentence('dominantLayer', decoder), undefined, 'the head has a sentence already');
  const big = layerOf({ name: 'big', part: 'feedForward', macs: 1.5e9 });
  assert.match(
    sentence('dominantLayer', inspectionOf([...base.layers, big])) ?? '',
    /^52 % of the MACs are in one layer: big \(1\.50 G\)/,
  );
  assert.equal(sentence('headMacs', encoder()), undefined);

  const lstm = inspectionOf([layerOf({ name: 'rnn', part: 'recurrent', op: 'LSTM', macs: 10 })]);
  assert.match(sentence('recurrent', lstm) ?? '', /^100 % of the MACs are recurrent/);
});

test('a head that is the embedding table once more, or may be', () => {
  const base = encoder();
  const head = layerOf({ name: 'lm_head', part: 'head', weights: [weightOf('lm', [384, 30522])] });
  const model = (tiedTo: string | null, missing: boolean) => {
    const made = inspectionOf([...base.layers, { ...head, tiedTo }]);
    made.model.externalData = [{ location: 'w.bin', bytes: null, missing }];
    return made;
  };
  assert.match(
    sentence('headCopy', model('embeddings.word', false)) ?? '',
    /^34 % of the weight bytes are the embedding table once more.* 46\.9 MB\.$/,
  );
  assert.equal(sentence('headLikeTable', model('embeddings.word', false)), undefined);
  assert.equal(sentence('headCopy', model(null, false)), undefined);
  assert.equal(sentence('headLikeTable', model(null, false)), undefined, 'the weights differ');
  assert.match(
    sentence('headLikeTable', model(null, true)) ?? '',
    /^34 % of the weight bytes are a head of the embedding table's shape/,
  );
});

test('depthwise convolutions that take far more time than arithmetic', () => {
  const model = inspectionOf([
    layerOf({
      name: 'dw',
      op: 'Conv',
      part: 'convolution',
      weights: [weightOf('a', [32, 1, 3, 3])],
      macs: 10,
    }),
    layerOf({
      name: 'pw',
      op: 'Conv',
      part: 'convolution',
      weights: [weightOf('b', [64, 32, 1, 1])],
      macs: 90,
    }),
  ]);
  const profile = profileOf(model, () => 1);
  assert.match(
    sentence('depthwise', model, profile) ?? '',
    /^50 % of the time is in 1 depthwise convolution, for 10 % of the MACs/,
  );
  const grey = { ...model.model, inputs: [{ name: 'x', dtype: 'float32', shape: [1, 1, 8, 8] }] };
  assert.equal(
    sentence('depthwise', { ...model, model: grey }, profile),
    undefined,
    'a plain convolution over one channel',
  );
});

test('quantized weights, and those that ran in floating point all the same', () => {
  const layers = ['a', 'b'].map((name) =>
    layerOf({ name, part: 'attention', weights: [weightOf(`${name}.w`, [64, 64], 'int8', 1)] }),
  );
  const model = inspectionOf(layers);
  assert.match(
    sentence('quantized', model) ?? '',
    /^100 % of the parameters are already quantized, to 8 bits/,
  );
  const ran = (ops: string[]) => {
    const profile = profileOf(model, () => 1);
    for (const layer of Object.values(profile.layers)) layer.ran = { how: 'fused', ops };
    return sentence('quantizedInFloat', model, profile);
  };
  assert.match(ran(['MatMul']) ?? '', /^2 of 2 quantized layers ran in floating point/);
  assert.equal(ran(['MatMulIntegerToFloat']), undefined);
});

test('float32 weights that 16 bits would halve, only where that is worth a sentence', () => {
  assert.match(
    sentence('wideFloats', encoder()) ?? '',
    /^100 % .* would save 44\.\d MB, though no time on a CPU\.$/,
  );
  assert.equal(
    sentence('wideFloats', inspectionOf([layerOf({ name: 'a', weights: [weightOf('w', [8])] })])),
    undefined,
  );
});

test('memory at its peak, and what a run spends outside every node', () => {
  const model = encoder();
  model.totals.peakActivationBytes = 20e6;
  model.parts.attention.peakActivationBytes = 15e6;
  assert.match(
    sentence('peakMemory', model) ?? '',
    /^75 % of the 20\.0 MB of activations .* attention/,
  );
  const profile = profileOf(model, () => 1, {
    latencyMs: { median: 20, p10: 19, p90: 21 },
    plainLatencyMs: { median: 50, p10: 49, p90: 51 },
    unattributedMs: 10,
  });
  assert.match(
    sentence('fusion', model, profile) ?? '',
    /^2\.5x faster .* 20\.0 ms against 50\.0 ms/,
  );
  assert.match(sentence('unattributed', model, profile) ?? '', /^20 % of a plain run \(10\.0 ms\)/);
});

test('unknown costs are said, once per node', () => {
  const model = encoder(1, {
    unknown: [
      { node: 'classifier/node', what: 'macs', why: 'x' },
      { node: 'classifier/node', what: 'shape', why: 'y' },
    ],
  });
  assert.equal(
    sentence('unknownCosts', model),
    '1 node of unknown cost (Gemm): the totals leave them out.',
  );
});

test('no rule speaks of an empty model, and none without numbers', () => {
  assert.deepEqual(findInsights(inspectionOf([])), []);
  const unknown = inspectionOf([layerOf({ name: 'a', macs: null, activationBytes: null })]);
  assert.deepEqual(
    findInsights(
      unknown,
      profileOf(unknown, () => undefined, { plainLatencyMs: null }),
    ),
    [],
  );
});

test('every sentence has a figure, and its filter is understood by the table', () => {
  const models: [Inspection, ((layer: LayerFacts) => number)?][] = [
    [encoder()],
    [encoder(), (layer) => (layer.role === 'scores' ? 3 : 1)],
    [
      inspectionOf([
        layerOf({ name: 'a "q" b', macs: 9 }),
        ...encoder(2).layers.map((l) => ({ ...l, macs: 0 })),
      ]),
    ],
  ];
  for (const [model, time] of models) {
    const profile = time && profileOf(model, time);
    for (const insight of findInsights(model, profile)) {
      assert.match(insight.figure, /\d/);
      assert.match(insight.text, /\.$/);
      const { problem } = parseFilter(insight.filter, layerTable(model, profile));
      assert.equal(problem, undefined, insight.filter);
    }
  }
  for (const rule of Object.values(insightRules)) assert.ok(rule.threshold > 0 && rule.measures);
});

test('a remedy is offered until the recipe holds it for every layer', () => {
  const model = encoder();
  const insights = findInsights(model);
  const { action } = insights.find(({ id }) => id === 'embeddingBytes')!;
  assert.deepEqual(
    action?.layers,
    model.layers.filter(({ part }) => part === 'embedding').map(({ id }) => id),
  );
  const chosen = { label: 'int8', title: 'int8, dynamic', steps: [0], factor: 4 };
  const taken = new Map(action?.layers.map((layer) => [layer, chosen]));
  const left = openRemedies(insights, taken);
  assert.deepEqual(
    left.filter((insight) => insight.action),
    [],
  );
  assert.equal(left.length, insights.length);
  assert.deepEqual(openRemedies(insights, new Map()), insights);
});

test('a remedy is an action that there is', () => {
  const base = encoder();
  const weights = [weightOf('lm', [384, 30522])];
  const tiedTo = 'embeddings.word';
  const head = layerOf({ name: 'lm_head', part: 'head', weights, tiedTo });
  const model = inspectionOf([...base.layers, head]);
  const remedies = findInsights(model).flatMap(({ action }) => action ?? []);
  assert.deepEqual(
    remedies.map(({ action }) => action),
    ['int8Dynamic', 'deduplicate'],
  );
  for (const { action, params } of remedies) {
    assert.ok(isActionName(action), action);
    assert.deepEqual(readParams(actionOf(action).params, params).problems, []);
  }
});

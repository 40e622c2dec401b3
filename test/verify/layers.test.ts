import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Models } from '../../src/engine/models';
import { indexGraph } from '../../src/onnx/graph';
import { makeNode } from '../../src/onnx/builder';
import type { Node, Tensor } from '../../src/onnx/model';
import { inferShapes } from '../../src/onnx/shapes/infer';
import type { LayerChange } from '../../src/protocol/build';
import { buildStructure } from '../../src/structure/build';
import type { Structure } from '../../src/structure/structure';
import type { DType } from '../../src/tensor/dtype';
import { layerChanges } from '../../src/verify/layers';
import { aModel, aTensor, aValue } from '../support/build';
import { modelsFolder, withoutModels } from '../support/models';

const weight = (name: string, shape: number[], dtype: DType = 'float32') =>
  aTensor(name, dtype, shape, Array(shape.reduce((a, b) => a * b, 1)).fill(1));

function structureOf(nodes: readonly Node[], initializers: readonly Tensor[]): Structure {
  const index = indexGraph(
    aModel({
      nodes,
      initializers,
      inputs: [aValue('x', 'float32', ['n', 8])],
      outputs: [aValue('y', 'float32', ['n', 8])],
    }),
  );
  return buildStructure(index, inferShapes(index, { sizes: new Map() }), undefined);
}

/** Two linears with an activation between them; `name` gives the nodes' names. */
const plain = (name: (text: string) => string = (text) => text) => ({
  nodes: [
    makeNode('MatMul', ['x', name('up.weight')], [name('a')], { name: name('/up/MatMul') }),
    makeNode('Relu', [name('a')], [name('r')], { name: name('/act/Relu') }),
    makeNode('MatMul', [name('r'), name('down.weight')], ['y'], { name: name('/down/MatMul') }),
  ],
  weights: [weight(name('up.weight'), [8, 32]), weight(name('down.weight'), [32, 8])],
});
const original = () => structureOf(plain().nodes, plain().weights);

const quantized = (data: string, base: string, output: string, scale: string) => [
  makeNode('DynamicQuantizeLinear', [data], [`${base}_q`, `${base}_s`, `${base}_z`]),
  makeNode('MatMulInteger', [`${base}_q`, `${base}.weight_quantized`, `${base}_z`], [`${base}_i`], {
    name: `/${base}/MatMul_quant`,
  }),
  makeNode('Cast', [`${base}_i`], [`${base}_f`], { to: 1 }),
  makeNode('Mul', [`${base}_s`, scale], [`${base}_m`]),
  makeNode('Mul', [`${base}_f`, `${base}_m`], [output]),
];

const of = (changes: readonly LayerChange[], layer: string) =>
  changes.find((change) => change.layer === layer);

test('equal models have only layers that are the same', () => {
  const changes = layerChanges(original(), original());
  assert.ok(changes.length >= 3);
  assert.deepEqual([...new Set(changes.map(({ change }) => change))], ['same']);
});

test('a layer that went to int8 is one changed layer with its bytes', () => {
  const { nodes, weights } = plain();
  const candidate = structureOf(
    [...quantized('x', 'up', 'a', 'up.weight_scale'), ...nodes.slice(1)],
    [
      weight('up.weight_quantized', [8, 32], 'int8'),
      weight('up.weight_scale', [32]),
      ...weights.slice(1),
    ],
  );
  const changes = layerChanges(original(), candidate);
  assert.deepEqual(of(changes, 'up'), {
    ...{ layer: 'up', change: 'changed', from: 'MatMul float32', to: 'MatMulInteger int8' },
    bytes: { reference: 8 * 32 * 4, candidate: 8 * 32 + 32 * 4 },
  });
  const rest = changes.filter(({ layer }) => layer !== 'up').map(({ change }) => change);
  assert.deepEqual([...new Set(rest)], ['same']);
});

test('stripped names do not hide what a layer was: place and shape tell', () => {
  let next = 0;
  const names = new Map<string, string>();
  const strip = (text: string) => {
    names.set(text, names.get(text) ?? `t${next++}`);
    return names.get(text)!;
  };
  const { nodes, weights } = plain(strip);
  const stripped = structureOf(
    nodes.map((node) => ({ ...node, name: '' })),
    weights,
  );
  const changes = layerChanges(original(), stripped);
  assert.deepEqual(
    changes.filter(({ bytes }) => bytes.reference > 0).map(({ change }) => change),
    ['same', 'same'],
  );
});

test('a pruned layer shows its shapes', () => {
  const { nodes } = plain();
  const candidate = structureOf(nodes, [
    weight('up.weight', [8, 16]),
    weight('down.weight', [16, 8]),
  ]);
  assert.deepEqual(of(layerChanges(original(), candidate), 'up'), {
    ...{ layer: 'up', change: 'changed' },
    ...{ from: 'MatMul float32 [8×32]', to: 'MatMul float32 [8×16]' },
    bytes: { reference: 1024, candidate: 512 },
  });
});

test('removed and added layers are told', () => {
  const { weights } = plain();
  const candidate = structureOf(
    [
      makeNode('MatMul', ['x', 'up.weight'], ['a'], { name: '/up/MatMul' }),
      makeNode('Sigmoid', ['a'], ['b'], { name: '/gate/Sigmoid' }),
      makeNode('MatMul', ['b', 'down.weight'], ['y'], { name: '/down/MatMul' }),
    ],
    weights,
  );
  const changes = layerChanges(original(), candidate);
  const kinds = changes.map(({ change, from, to }) => `${change} ${from ?? ''} ${to ?? ''}`);
  assert.ok(kinds.includes('removed Relu '), kinds.join());
  assert.ok(kinds.includes('added  Sigmoid'), kinds.join());
});

test('three products made one are one change', () => {
  const attention = (nodes: readonly Node[], weights: readonly Tensor[]) =>
    structureOf(
      [...nodes, makeNode('MatMul', ['c', 'o.weight'], ['y'], { name: '/o/MatMul' })],
      [...weights, weight('o.weight', [24, 8])],
    );
  const parts = ['q', 'k', 'v'];
  const apart = attention(
    [
      ...parts.map((part) =>
        makeNode('MatMul', ['x', `${part}.weight`], [part], { name: `/${part}/MatMul` }),
      ),
      makeNode('Concat', parts, ['c'], { name: '/join/Concat', axis: 1 }),
    ],
    parts.map((part) => weight(`${part}.weight`, [8, 8])),
  );
  const joined = attention(
    [makeNode('MatMul', ['x', 'packed'], ['c'], { name: '/all/MatMul' })],
    [weight('packed', [8, 24])],
  );
  const changes = layerChanges(apart, joined);
  const fused = changes.filter(({ from }) => from === '3 × MatMul float32');
  assert.equal(fused.length, 1, JSON.stringify(changes));
  assert.deepEqual(fused[0]?.bytes, { reference: 768, candidate: 768 });
  assert.equal(
    changes.filter(({ change, bytes }) => change === 'removed' && bytes.reference > 0).length,
    0,
  );
});

/** What exporters and other tools' quantizers write, beside the original. */
const pairs: readonly [original: string, candidate: string, op: string][] = [
  ['bert_ts_op14', 'bert_ts_dynint8', 'MatMulInteger int8'],
  ['bert_ts_op14', 'bert_ts_matmul4bit', 'MatMulNBits 4-bit'],
  ['bert_ts_op14', 'bert_ts_fp16', 'MatMul float16'],
  ['llama_ts_stripped', 'llama_ts_matmul4bit_stripped', 'MatMulNBits 4-bit'],
  ['llama_ts_op14', 'llama_ts_dynint8', 'MatMulInteger int8'],
  ['resnet_basic_ts_op13', 'resnet_basic_ts_staticqdq', 'Conv int8'],
  ['resnet_basic_ts_op13', 'resnet_basic_ts_staticqoperator', 'QLinearConv int8'],
  ['resnet_basic_ts_op13', 'resnet_basic_ts_dynint8', 'ConvInteger int8'],
  ['vit_ts_op14', 'vit_ts_staticqdq', 'MatMul int8'],
  ['lstm_bi_ts_op14', 'lstm_bi_ts_dynint8', 'DynamicQuantizeLSTM int8'],
];

test('layers of other tools’ files are those of the original', { skip: withoutModels }, () => {
  const models = new Models();
  const open = (name: string) =>
    models.sized(join(modelsFolder, 'structures', `${name}.onnx`), {}).structure;
  for (const [before, after, op] of pairs) {
    const changes = layerChanges(open(before), open(after));
    const lost = changes.filter(({ change, bytes }) => {
      return (change === 'added' || change === 'removed') && bytes.reference + bytes.candidate > 64;
    });
    assert.deepEqual(lost, [], after);
    const compressed = changes.filter(({ to }) => to === op);
    assert.ok(compressed.length > 0, `${after}: ${JSON.stringify(changes)}`);
    for (const { change, layer } of compressed) assert.equal(change, 'changed', layer);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repeats } from '../../src/structure/blocks';
import type { Unit, UnitKind } from '../../src/structure/drafts';
import { layerMaking, structureOfSketch } from './sketch';

const kinds: Record<string, UnitKind> = {
  A: 'attention',
  C: 'cross',
  F: 'feedForward',
  K: 'convolution',
};

/** The lengths of the blocks that a word of units is cut into. */
const cut = (word: string) =>
  repeats(
    [...word].map((letter): Unit => ({
      kind: kinds[letter] ?? 'dense',
      drafts: new Set(),
      stack: undefined,
      block: undefined,
    })),
  ).map((block) => block.length);

test('the shortest pattern that repeats is a block', () => {
  assert.deepEqual(cut('AFAFAF'), [2, 2, 2]);
  assert.deepEqual(cut('ACFACF'), [3, 3]);
  assert.deepEqual(cut('FAKFFAKF'), [4, 4]);
  assert.deepEqual(cut('FFF'), [1, 1, 1]);
});

test('runs of different patterns follow one another', () => {
  assert.deepEqual(cut('KKKKAFAF'), [1, 1, 1, 1, 2, 2]);
  assert.deepEqual(cut('KKAFAFKAFAFAF'), [1, 1, 2, 2, 1, 2, 2, 2]);
});

test('a pattern that stands alone is one block', () => {
  assert.deepEqual(cut('AF'), [2]);
  assert.deepEqual(cut('ACF'), [3]);
  assert.deepEqual(cut('KAF'), [1, 2]);
  assert.deepEqual(cut(''), []);
});

const convolution = (from: string, to: string, width: string, more = '') =>
  `${to} = Conv{kernel_shape=3,3 pads=1,1,1,1${more}} ${from} W${to}:${width}x3x3`;

test('residual branches of convolutions are blocks, a shortcut’s own convolution included', () => {
  const structure = structureOfSketch(`
    in x 1x3x8x8
    ${convolution('x', 's', '8x3')}
    r = Relu s
    ${convolution('r', 'a', '8x8')}
    ar = Relu a
    ${convolution('ar', 'b', '8x8')}
    c = Add b r
    cr = Relu c
    ${convolution('cr', 'd', '16x8', ' strides=2,2')}
    dr = Relu d
    ${convolution('dr', 'e', '16x16')}
    f = Conv{kernel_shape=1,1 strides=2,2} cr Wf:16x8x1x1
    g = Add e f
    gr = Relu g
    p = GlobalAveragePool gr
    l = Flatten p
    y = Gemm l Wy:16x4
  `);
  assert.equal(structure.family, 'cnn');
  assert.deepEqual(
    ['s', 'a', 'b', 'cr', 'd', 'e', 'f', 'gr', 'y'].map(
      (value) => layerMaking(structure, value).block,
    ),
    [undefined, 0, 0, 0, 1, 1, 1, 1, undefined],
  );
  assert.equal(layerMaking(structure, 'y').role, 'head');
});

test('expand, depthwise and project are a block with and without a residual sum', () => {
  const inverted = (from: string, name: string) => `
    ${name}e = Conv{kernel_shape=1,1} ${from} W${name}e:32x8x1x1
    ${name}a = Clip ${name}e 0.0 6.0
    ${name}d = Conv{kernel_shape=3,3 group=32 pads=1,1,1,1} ${name}a W${name}d:32x1x3x3
    ${name}b = Clip ${name}d 0.0 6.0
    ${name}p = Conv{kernel_shape=1,1} ${name}b W${name}p:8x32x1x1`;
  const structure = structureOfSketch(`
    in x 1x8x8x8
    s = Conv{kernel_shape=3,3 pads=1,1,1,1} x Ws:8x8x3x3
    r = Clip s 0.0 6.0
    ${inverted('r', 'a')}
    ${inverted('ap', 'b')}
    y = Add ap bp
  `);
  assert.deepEqual(
    ['s', 'ae', 'ad', 'ap', 'be', 'bd', 'bp'].map((value) => layerMaking(structure, value).block),
    [undefined, 0, 0, 0, 1, 1, 1],
  );
  assert.equal(structure.blocks[0]?.kind, structure.blocks[1]?.kind);
});

test('layers of a recurrent model are its blocks', () => {
  const structure = structureOfSketch(`
    in x 6x1x8
    a = LSTM{hidden_size=4} x Wa:1x16x8 Ra:1x16x4 Ba:1x32
    s = Squeeze a [1]
    b = LSTM{hidden_size=4} s Wb:1x16x4 Rb:1x16x4 Bb:1x32
    y = Squeeze b [1]
  `);
  assert.equal(structure.family, 'rnn');
  assert.equal(structure.blocks.length, 2);
  assert.equal(structure.widths.hiddenSize, 4);
});

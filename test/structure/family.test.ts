import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aTensor } from '../support/build';
import { sketch, structureOfSketch } from './sketch';
import { structureOfModel } from './structures';

/** Words, one attention with `mask` added to its scores, and a head of another width than the vocabulary. */
const model = (mask: string) => `
  in ids 1x8 int64
  in shown 1x8 int64
  x = Gather Wword:100x16 ids
  q = MatMul x Wq:16x16
  k = MatMul x Wk:16x16
  v = MatMul x Wv:16x16
  kt = Transpose{perm=0,2,1} k
  s = MatMul q kt
  ${mask}
  p = Softmax m
  c = MatMul p v
  o = MatMul c Wo:16x16
  r = Add x o
  y = MatMul r Wy:16x3
`;

const range = `
  h = Shape ids
  n = Gather h [1]
  l = Squeeze n
  t = Range 0 l 1
`;

test('a mask compared together from two ranges makes a decoder', () => {
  const structure = structureOfSketch(
    model(`${range}
      rows = Unsqueeze t [1]
      columns = Unsqueeze t [0]
      b = LessOrEqual columns rows
      a = Where b 0.0 -10000.0
      m = Add s a
    `),
  );
  assert.equal(structure.family, 'decoder');
});

test('a mask of what is padding makes no decoder', () => {
  const structure = structureOfSketch(
    model(`${range}
      b = GreaterOrEqual t 0
      f = Cast{to=1} shown
      g = Where b f 0.0
      a = Mul g -10000.0
      m = Add s a
    `),
  );
  assert.equal(structure.family, 'encoder');
});

test('a stored triangle makes a decoder, a stored square of ones none', () => {
  const base = sketch(model('a = Where T 0.0 -10000.0\nm = Add s a'));
  const family = (show: (row: number, column: number) => number) => {
    const values = Array.from({ length: 64 }, (_, i) => show(Math.floor(i / 8), i % 8));
    const initializers = [...base.graph.initializers, aTensor('T', 'bool', [1, 8, 8], values)];
    return structureOfModel({ ...base, graph: { ...base.graph, initializers } }).family;
  };
  assert.equal(
    family((row, column) => Number(column <= row)),
    'decoder',
  );
  assert.equal(
    family(() => 1),
    'encoder',
  );
});

test('keys of earlier runs make a decoder', () => {
  const structure = structureOfSketch(
    `
    in past 1x6x16
    ${model('m = Mul s 0.25').replace('Transpose{perm=0,2,1} k', 'Transpose{perm=0,2,1} all\n')}
  `.replace('kt =', 'all = Concat{axis=1} past k\nkt ='),
  );
  assert.equal(structure.family, 'decoder');
});

test('pictures in patches make a vision transformer', () => {
  const structure = structureOfSketch(`
    in x 1x3x8x8
    p = Conv{kernel_shape=4,4 strides=4,4} x Wp:16x3x4x4
    f = Reshape p [1,16,4]
    e = Transpose{perm=0,2,1} f
    q = MatMul e Wq:16x16
    k = MatMul e Wk:16x16
    v = MatMul e Wv:16x16
    kt = Transpose{perm=0,2,1} k
    s = MatMul q kt
    w = Softmax s
    c = MatMul w v
    o = MatMul c Wo:16x16
    y = Add e o
  `);
  assert.equal(structure.family, 'vit');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerMaking, rolesIn, structureOfSketch } from './sketch';

test('up, activation, down around a residual sum', () => {
  const structure = structureOfSketch(`
    in x 1x8x16
    n = LayerNormalization x Ng:16 Nb:16
    u = MatMul n Wu:16x64
    ub = Add u Bu:64
    d1 = Div ub 1.41421
    e = Erf d1
    e1 = Add e 1.0
    g = Mul ub e1
    a = Mul g 0.5
    d = MatMul a Wd:64x16
    db = Add d Bd:16
    y = Add x db
  `);
  assert.deepEqual(rolesIn(structure), { Wu: 'up', Wd: 'down' });
  assert.equal(structure.widths.feedForwardSize, 64);
  assert.equal(structure.widths.hiddenSize, 16);
  const gelu = layerMaking(structure, 'a');
  assert.deepEqual([gelu.role, gelu.part, gelu.nodes.length], ['activation', 'feedForward', 5]);
  assert.equal(layerMaking(structure, 'ub').role, 'up');
});

const gated = (gate: string, up: string) => `
  in x 1x8x16
  n = RMSNormalization x Ng:16
  ${gate}
  ${up}
  s = Sigmoid a
  z = Mul a s
  h = Mul z b
  d = MatMul h Wd:64x16
  y = Add x d
`;

test('the gate is what goes through the activation, whichever is written first', () => {
  const one = structureOfSketch(gated('a = MatMul n Wg:16x64', 'b = MatMul n Wu:16x64'));
  const other = structureOfSketch(gated('b = MatMul n Wu:16x64', 'a = MatMul n Wg:16x64'));
  for (const structure of [one, other]) {
    assert.deepEqual({ ...rolesIn(structure) }, { Wg: 'gate', Wu: 'up', Wd: 'down' });
  }
});

test('gate and up in one product', () => {
  const structure = structureOfSketch(gated('f = MatMul n Wf:16x128', 'a,b = Split{axis=2} f'));
  assert.deepEqual(rolesIn(structure), { Wf: 'gateUp', Wd: 'down' });
  assert.equal(structure.widths.feedForwardSize, 64);
});

test('an activation inside the product itself', () => {
  const structure = structureOfSketch(`
    in x 8x16
    u = com.microsoft.FusedGemm{activation=Relu} x Wu:16x64 Bu:64
    d = Gemm u Wd:64x16 Bd:16
    y = Add x d
  `);
  assert.deepEqual(rolesIn(structure), { Wu: 'up', Wd: 'down' });
});

test('layers of equal width without a residual sum are no feed-forward', () => {
  const structure = structureOfSketch(`
    in x 1x16
    a = Gemm x W1:16x16
    r1 = Relu a
    b = Gemm r1 W2:16x16
    r2 = Relu b
    c = Gemm r2 W3:16x16
  `);
  assert.deepEqual(rolesIn(structure), { W1: 'dense', W2: 'dense', W3: 'head' });
  assert.equal(structure.blocks.length, 0);
});

test('experts chosen by a router are one feed-forward', () => {
  const expert = (i: number) => `
    u${i} = MatMul n Wu${i}:16x32
    r${i} = Relu u${i}
    d${i} = MatMul r${i} Wd${i}:32x16
    w${i} = Gather{axis=2} p [${i}]
    m${i} = Mul d${i} w${i}`;
  const structure = structureOfSketch(`
    in x 1x8x16
    n = LayerNormalization x Ng:16 Nb:16
    l = MatMul n Wr:16x2
    s = Softmax l
    p,i = TopK s [2]
    ${expert(0)}${expert(1)}
    t = Add m0 m1
    y = Add x t
  `);
  assert.equal(structure.blocks.length, 1);
  assert.deepEqual(rolesIn(structure), {
    ...{ Wr: 'router', Wu0: 'up', Wd0: 'down' },
    ...{ Wu1: 'up', Wd1: 'down' },
  });
});

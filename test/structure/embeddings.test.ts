import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerMaking, rolesIn, structureOfSketch } from './sketch';
import { parametersOf } from './structures';

const block = (from: string) => `
  u = MatMul ${from} Wu:16x32
  r = Relu u
  d = MatMul r Wd:32x16
  y = Add ${from} d
`;

test('words, positions and token types are told without names', () => {
  const structure = structureOfSketch(`
    in a 1x8 int64
    b = Shape a
    in c 1x8 int64
    w = Gather Wword:100x16 a
    t = Gather Wtype:2x16 c
    p = Gather Wplace:40x16 [0,1,2,3,4,5,6,7]
    s = Add w t
    e = Add s p
    ${block('e')}
  `);
  const roles = rolesIn(structure);
  assert.deepEqual(
    [roles['Wword'], roles['Wtype'], roles['Wplace']],
    ['embedding', 'tokenType', 'position'],
  );
});

test('rows of codes with a scale each are one embedding, and keep their place in a sum', () => {
  const structure = structureOfSketch(`
    in a 1x8 int64
    in c 1x8 int64
    wc = Gather Wword:100x16:int8 a
    wf = Cast{to=1} wc
    ws = Gather Sword:100x1 a
    w = Mul wf ws
    tc = Gather Wtype:2x16:int8 c
    tf = Cast{to=1} tc
    ts = Gather Stype:2x1 c
    t = Mul tf ts
    s = Add w t
    ${block('s')}
  `);
  const roles = rolesIn(structure);
  assert.deepEqual([roles['Wword'], roles['Wtype']], ['embedding', 'tokenType']);
  const words = layerMaking(structure, 'w');
  assert.deepEqual(
    [words.op, words.weights.map(({ name, kind }) => `${name} ${kind}`)],
    ['Gather', ['Wword table', 'Sword scale']],
  );
});

test('positions that are added without a look-up, and a class token', () => {
  const structure = structureOfSketch(`
    in x 1x3x8x8
    p = Conv{kernel_shape=4,4 strides=4,4} x Wp:16x3x4x4
    f = Reshape p [1,16,4]
    t = Transpose{perm=0,2,1} f
    c = Concat{axis=1} Wclass:1x1x16 t
    e = Add c Wplace:1x5x16
    ${block('e')}
  `);
  const roles = rolesIn(structure);
  assert.deepEqual(
    [roles['Wp'], roles['Wclass'], roles['Wplace']],
    ['conv', 'embedding', 'position'],
  );
});

test('a cached table of angles is no embedding and has no parameters', () => {
  const structure = structureOfSketch(`
    in ids 1x8 int64
    in places 1x8 int64
    w = Gather Wword:100x16 ids
    x = MatMul w Wx:16x16
    cos = Gather Tcos:64x16 places
    sin = Gather Tsin:64x16 places
    turned = Neg x
    a = Mul x cos
    b = Mul turned sin
    q = Add a b
    ${block('q')}
  `);
  assert.equal(parametersOf(structure), 100 * 16 + 16 * 16 + 2 * 16 * 32);
  assert.notEqual(layerMaking(structure, 'cos').role, 'embedding');
});

test('a quantized table is looked up before it is decoded', () => {
  const structure = structureOfSketch(`
    in ids 1x8 int64
    q = Gather Wword:100x16:uint8 ids
    x = DequantizeLinear q 0.02
    ${block('x')}
  `);
  assert.equal(rolesIn(structure)['Wword'], 'embedding');
  assert.equal(layerMaking(structure, 'x').role, 'embedding');
});

test('constants after the last layer are not learnt', () => {
  const structure = structureOfSketch(`
    in x 1x4x16
    l = MatMul x W:16x4
    b = Add l Anchors:1x4x4
    y = Mul b Sizes:1x4x4
  `);
  assert.equal(parametersOf(structure), 64);
});

test('one-hot rows times a table look it up', () => {
  const structure = structureOfSketch(`
    in a 1x8 int64
    in c 1x8 int64
    w = Gather Wword:100x16 a
    h = OneHot{axis=-1} c [2] [0,1]
    f = Cast{to=1} h
    t = MatMul f Wtype:2x16
    e = Add w t
    ${block('e')}
  `);
  assert.equal(rolesIn(structure)['Wtype'], 'tokenType');
});

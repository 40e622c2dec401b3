import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerMaking, rolesIn, structureOfSketch } from './sketch';

/** A pre-norm attention with its residual sum; `core` makes `c` from `n`. */
const attention = (core: string) => `
  in x 1x8x16
  n = LayerNormalization x Ng:16 Nb:16
  ${core}
  o = MatMul c Wo:16x16
  y = Add x o
`;

test('queries, keys and values are told by where they meet', () => {
  const structure = structureOfSketch(
    attention(`
      a = MatMul n Wa:16x16
      b = MatMul n Wb:16x16
      d = MatMul n Wd:16x16
      ah = Reshape a [1,8,4,4]
      q = Transpose{perm=0,2,1,3} ah
      bh = Reshape b [1,8,4,4]
      dh = Reshape d [1,8,4,4]
      k = Transpose{perm=0,2,3,1} bh
      v = Transpose{perm=0,2,1,3} dh
      s = MatMul q k
      t = Mul s 0.5
      p = Softmax t
      m = MatMul p v
      mt = Transpose{perm=0,2,1,3} m
      c = Reshape mt [1,8,16]
    `),
  );
  assert.deepEqual(rolesIn(structure), { Wa: 'query', Wb: 'key', Wd: 'value', Wo: 'output' });
  assert.deepEqual(
    [structure.widths.heads, structure.widths.kvHeads, structure.widths.headSize],
    [4, 4, 4],
  );
  assert.equal(layerMaking(structure, 't').role, 'scores');
  assert.equal(layerMaking(structure, 'p').op, 'Softmax');
  assert.equal(layerMaking(structure, 'm').role, 'context');
  assert.equal(structure.blocks.length, 1);
});

test('one product for queries, keys and values', () => {
  const structure = structureOfSketch(
    attention(`
      f = MatMul n Wf:16x48
      q,k,v = Split{axis=2} f
      kt = Transpose{perm=0,2,1} k
      s = MatMul q kt
      p = Softmax s
      c = MatMul p v
    `),
  );
  assert.deepEqual(rolesIn(structure), { Wf: 'qkv', Wo: 'output' });
});

test('one key and value head for all queries', () => {
  const structure = structureOfSketch(
    attention(`
      f = MatMul n Wf:16x24
      q,k,v = Split{axis=2} f [16,4,4]
      qh = Reshape q [1,8,4,4]
      qt = Transpose{perm=0,2,1,3} qh
      kh = Reshape k [1,1,8,4]
      vh = Reshape v [1,1,8,4]
      kt = Transpose{perm=0,1,3,2} kh
      s = MatMul qt kt
      p = Softmax s
      m = MatMul p vh
      mt = Transpose{perm=0,2,1,3} m
      c = Reshape mt [1,8,16]
    `),
  );
  const { heads, kvHeads, headSize } = structure.widths;
  assert.deepEqual([heads, kvHeads, headSize], [4, 1, 4]);
});

test('einsum with heads in the weights', () => {
  const structure = structureOfSketch(`
    in x 1x8x16
    q = Einsum{equation=abc,cde~abde} x Wq:16x4x4
    k = Einsum{equation=abc,cde~abde} x Wk:16x4x4
    v = Einsum{equation=abc,cde~abde} x Wv:16x4x4
    s = Einsum{equation=aecd,abcd~acbe} k q
    p = Softmax s
    m = Einsum{equation=acbe,aecd~abcd} p v
    o = Einsum{equation=abcd,cde~abe} m Wo:4x4x16
    y = Add x o
  `);
  const roles = rolesIn(structure);
  assert.equal(roles['Wv'], 'value');
  assert.equal(roles['Wo'], 'output');
  // Which of the two sides of a written-out product is the query is told by the order of its operands.
  assert.deepEqual([roles['Wq'], roles['Wk']].sort(), ['key', 'query']);
});

test('heads that are computed one by one are one attention', () => {
  const head = (i: number) => `
    q${i} = MatMul n Wq${i}:16x8
    k${i} = MatMul n Wk${i}:16x8
    v${i} = MatMul n Wv${i}:16x8
    t${i} = Transpose{perm=0,2,1} k${i}
    s${i} = MatMul q${i} t${i}
    p${i} = Softmax s${i}
    c${i} = MatMul p${i} v${i}`;
  const structure = structureOfSketch(
    attention(`${head(0)}${head(1)}
      c = Concat{axis=2} c0 c1
    `),
  );
  const roles = rolesIn(structure);
  assert.equal(structure.blocks.length, 1);
  assert.deepEqual(
    [roles['Wq0'], roles['Wq1'], roles['Wv1'], roles['Wo']],
    ['query', 'query', 'value', 'output'],
  );
});

test('pointwise convolutions as projections', () => {
  const structure = structureOfSketch(`
    in x 1x16x8x8
    q = Conv{kernel_shape=1,1} x Wq:4x16x1x1
    k = Conv{kernel_shape=1,1} x Wk:4x16x1x1
    v = Conv{kernel_shape=1,1} x Wv:16x16x1x1
    qr = Reshape q [1,4,64]
    kr = Reshape k [1,4,64]
    vr = Reshape v [1,16,64]
    qt = Transpose{perm=0,2,1} qr
    s = MatMul qt kr
    p = Softmax s
    vt = Transpose{perm=0,2,1} vr
    m = MatMul p vt
    mt = Transpose{perm=0,2,1} m
    mr = Reshape mt [1,16,8,8]
    o = Conv{kernel_shape=1,1} mr Wo:16x16x1x1
    y = Add x o
  `);
  assert.deepEqual(rolesIn(structure), { Wq: 'query', Wk: 'key', Wv: 'value', Wo: 'output' });
});

test('attention without a softmax', () => {
  const structure = structureOfSketch(
    attention(`
      q = MatMul n Wq:16x16
      k = MatMul n Wk:16x16
      v = MatMul n Wv:16x16
      fq = Elu q
      fk = Elu k
      kt = Transpose{perm=0,2,1} fk
      state = MatMul kt v
      c = MatMul fq state
    `),
  );
  assert.deepEqual(rolesIn(structure), { Wq: 'query', Wk: 'key', Wv: 'value', Wo: 'output' });
  assert.equal(layerMaking(structure, 'state').part, 'attention');
});

test('keys from elsewhere make a cross attention and two stacks', () => {
  const structure = structureOfSketch(`
    in x 1x8x16
    in z 1x5x16
    eq = MatMul x Weq:16x16
    ek = MatMul x Wek:16x16
    ev = MatMul x Wev:16x16
    ekt = Transpose{perm=0,2,1} ek
    es = MatMul eq ekt
    ep = Softmax es
    ec = MatMul ep ev
    eo = MatMul ec Weo:16x16
    e = Add x eo
    q = MatMul z Wq:16x16
    k = MatMul e Wk:16x16
    v = MatMul e Wv:16x16
    kt = Transpose{perm=0,2,1} k
    s = MatMul q kt
    p = Softmax s
    c = MatMul p v
    o = MatMul c Wo:16x16
    y = Add z o
  `);
  assert.equal(structure.family, 'encoder-decoder');
  assert.deepEqual(
    structure.blocks.map((block) => [block.stack, block.index]),
    [
      ['encoder', 0],
      ['decoder', 0],
    ],
  );
});

test('a softmax over plain scores is no attention', () => {
  const structure = structureOfSketch(`
    in x 1x16
    h = Gemm x W1:16x32
    r = Relu h
    l = Gemm r W2:32x4
    y = Softmax l
  `);
  assert.equal(structure.family, 'mlp');
  assert.deepEqual(rolesIn(structure), { W1: 'dense', W2: 'head' });
});

test('projections of stored vectors that are added to the scores are positions', () => {
  const structure = structureOfSketch(
    attention(`
      q = MatMul n Wq:16x16
      k = MatMul n Wk:16x16
      v = MatMul n Wv:16x16
      kt = Transpose{perm=0,2,1} k
      s = MatMul q kt
      r = MatMul R:8x16 Wr:16x16
      rt = Transpose{perm=1,0} r
      t = MatMul q rt
      u = Add s t
      p = Softmax u
      c = MatMul p v
    `),
  );
  const roles = rolesIn(structure);
  assert.deepEqual(
    [roles['Wq'], roles['Wk'], roles['Wv'], roles['Wr']],
    [...['query', 'key', 'value', 'position']],
  );
});

test('learnt queries, repeated for a batch, against keys from a part of a joint weight', () => {
  const structure = structureOfSketch(`
    in x 2x8x16
    sx = Shape x
    at = Slice sx [0] [1] [0]
    sh = Concat{axis=0} at [4] [16]
    e = Expand L:1x4x16 sh
    w = Transpose{perm=1,0} W:48x16
    sw = Shape w
    third = Slice sw [1] [2] [0]
    third1 = Div third [3]
    wq = Slice w [0] third1 [1]
    wk = Slice w third1 [32] [1]
    wv = Slice w [32] [48] [1]
    q = MatMul e wq
    k = MatMul x wk
    v = MatMul x wv
    kt = Transpose{perm=0,2,1} k
    s = MatMul q kt
    t = Mul s 0.25
    p = Softmax t
    c = MatMul p v
    y = MatMul c Wo:16x16
  `);
  assert.equal(layerMaking(structure, 'q').role, 'query');
  assert.equal(layerMaking(structure, 's').role, 'scores');
  assert.equal(layerMaking(structure, 'y').role, 'output');
});

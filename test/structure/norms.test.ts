import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerMaking, structureOfSketch } from './sketch';

const then = (from: string) => `
  h = MatMul ${from} W:16x4
`;

const written: Record<string, string> = {
  'layer norm as older exporters write it': `
    m = ReduceMean{axes=-1} x
    c = Sub x m
    q = Pow c 2.0
    v = ReduceMean{axes=-1} q
    e = Add v 1e-05
    r = Sqrt e
    d = Div c r
    g = Mul d G:16
    y = Add g B:16
  `,
  'root mean square norm': `
    q = Pow x 2.0
    v = ReduceMean{axes=-1} q
    e = Add v 1e-05
    r = Sqrt e
    i = Div 1.0 r
    d = Mul x i
    y = Mul G:16 d
  `,
  'root mean square norm with a reciprocal and casts': `
    f = Cast{to=1} x
    q = Mul f f
    v = ReduceMean{axes=-1} q
    e = Add v 1e-05
    r = Sqrt e
    i = Reciprocal r
    d = Mul f i
    b = Cast{to=1} d
    y = Mul b G:16
  `,
  'batch norm’s scale folded into one product before the subtraction': `
    m = ReduceMean{axes=-1} x
    c = Sub x m
    q = Mul c c
    v = ReduceMean{axes=-1} q
    e = Add v 1e-05
    r = Sqrt e
    i = Reciprocal r
    k = Mul i G:16
    a = Mul x k
    t = Mul m k
    s = Sub B:16 t
    y = Add a s
  `,
};

for (const [name, lines] of Object.entries(written)) {
  test(name, () => {
    const structure = structureOfSketch(`in x 1x8x16\n${lines}${then('y')}`);
    const norm = layerMaking(structure, 'y');
    assert.equal(norm.role, 'norm');
    assert.equal(layerMaking(structure, 'q'), norm);
    const learnt = norm.weights.filter((weight) => weight.parameters > 0);
    assert.deepEqual(
      learnt.map((weight) => weight.name),
      lines.includes('B:16') ? ['G', 'B'] : ['G'],
    );
  });
}

test('an activation right after a norm stays out of it', () => {
  const structure = structureOfSketch(`
    in x 1x8x16
    q = Pow x 2.0
    v = ReduceMean{axes=-1} q
    e = Add v 1e-05
    r = Sqrt e
    d = Div x r
    n = Mul d G:16
    s = Sigmoid n
    y = Mul n s
    ${then('y')}
  `);
  assert.equal(layerMaking(structure, 'n').role, 'norm');
  assert.equal(layerMaking(structure, 'y').role, 'activation');
});

test('group norm has the learnt scale that follows it, not the ones and zeros in it', () => {
  const structure = structureOfSketch(`
    in x 1x16x4x4
    c0 = Conv{kernel_shape=1,1} x W0:16x16x1x1
    g = Reshape c0 [1,4,-1]
    i = InstanceNormalization g Ones:4 Zeros:4
    b = Reshape i [1,16,4,4]
    m = Mul b G:16x1x1
    y = Add m B:16x1x1
    z = Conv{kernel_shape=1,1} y W:16x16x1x1
  `);
  const norm = layerMaking(structure, 'y');
  assert.equal(layerMaking(structure, 'i'), norm);
  assert.deepEqual(norm.weights.map((weight) => [weight.name, weight.parameters]).slice(0, 2), [
    ['G', 16],
    ['B', 16],
  ]);
  assert.ok(
    norm.weights.every((weight) => !/Ones|Zeros/.test(weight.name) || weight.parameters === 0),
  );
});

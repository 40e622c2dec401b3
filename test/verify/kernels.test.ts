import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileSource } from '../../src/engine/files';
import { Models } from '../../src/engine/models';
import { makeNode, makeTensor } from '../../src/onnx/builder';
import type { Node, Tensor } from '../../src/onnx/model';
import type { KernelProof } from '../../src/protocol/build';
import { ortRunner } from '../../src/runtime/ort';
import type { DType } from '../../src/tensor/dtype';
import { proveKernels } from '../../src/verify/kernels';
import { aModel, aTensor, aValue, modelBytes } from '../support/build';

const folder = mkdtempSync(join(tmpdir(), 'fw-kernels-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const contrib = { domain: 'com.microsoft' };
let next = 0;

interface Sketch {
  readonly nodes: readonly Node[];
  readonly weights: readonly Tensor[];
  readonly x?: { dtype?: DType; shape?: (number | string)[] };
  readonly y?: { dtype?: DType; shape?: (number | string)[] };
}

/** What the runtime runs for a model from `x` to `y`. */
async function proofsOf({ nodes, weights, x, y }: Sketch): Promise<KernelProof[]> {
  const shape = ['batch', 64];
  const model = aModel(
    {
      nodes,
      initializers: weights,
      inputs: [aValue('x', x?.dtype ?? 'float32', x?.shape ?? shape)],
      outputs: [aValue('y', y?.dtype ?? 'float32', y?.shape ?? shape)],
    },
    { opsets: new Map([...aModel({}).opsets, ['com.microsoft', 1]]) },
  );
  const file = join(folder, `m${next++}.onnx`);
  writeFileSync(file, modelBytes(model));
  const { structure } = new Models().sized(file, {});
  const sources: FileSource[] = [];
  const proofs = await proveKernels(structure, {
    ...{ runner: ortRunner(), file, threads: 1 },
    optimizedFile: join(mkdtempSync(join(folder, 'o-')), 'executed.onnx'),
    open: (path) => {
      const source = new FileSource(path, path);
      sources.push(source);
      return source;
    },
  });
  sources.forEach((source) => source.dispose());
  return proofs;
}

/** The one compressed layer's. */
async function proofOf(sketch: Sketch): Promise<KernelProof> {
  const proofs = await proofsOf(sketch);
  assert.equal(proofs.length, 1, JSON.stringify(proofs));
  return proofs[0]!;
}

const floats = (name: string, shape: number[], value = 0.5) =>
  aTensor(name, 'float32', shape, Array(shape.reduce((a, b) => a * b, 1)).fill(value));
const codes = (name: string, dtype: DType, shape: number[]) =>
  aTensor(
    name,
    dtype,
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => (at * 7) % 100),
  );
const scalar = (name: string, dtype: DType, value: number) => aTensor(name, dtype, [], [value]);

/** A 64 × 64 product with packed weights. */
const packed = ({
  bits,
  level,
  zeroPoints,
  groups,
}: {
  bits: number;
  level: number;
  zeroPoints?: Tensor;
  groups?: Tensor;
}): Sketch => ({
  nodes: [
    makeNode('MatMulNBits', ['x', 'w', 's', zeroPoints?.name ?? '', groups?.name ?? ''], ['y'], {
      ...{ ...contrib, K: 64, N: 64, bits, block_size: 32, accuracy_level: level },
    }),
  ],
  weights: [
    codes('w', 'uint8', [64, 2, (32 * bits) / 8]),
    floats('s', [64, 2]),
    ...(zeroPoints ? [zeroPoints] : []),
    ...(groups ? [groups] : []),
  ],
});

test('few bits run fast at accuracy level 4, and 4 bits without it', async () => {
  const fast = await proofOf(packed({ bits: 8, level: 4 }));
  assert.deepEqual(
    { ...fast, layer: '' },
    {
      ...{ layer: '', scheme: '8-bit weights', wanted: 'MatMulNBits with integer compute' },
      ...{ ran: ['MatMulNBits'], ok: true, why: null },
    },
  );
  const plain = await proofOf(packed({ bits: 4, level: 0 }));
  assert.ok(plain.ok);
  assert.match(plain.why ?? '', /computes in float32/);
});

test('8 bits at accuracy level 0 are told to dequantize on every run', async () => {
  for (const bits of [8, 2]) {
    const { ok, why, scheme } = await proofOf(packed({ bits, level: 0 }));
    assert.equal(ok, false);
    assert.equal(scheme, `${bits}-bit weights`);
    assert.match(why ?? '', /at accuracy level 4 only/);
  }
});

test('float zero points and reordered inputs have no fast kernel', async () => {
  const zeroPoints = floats('z', [64, 2]);
  const groups = aTensor(
    'g',
    'int32',
    [64],
    Array.from({ length: 64 }, (_, at) => at >> 5),
  );
  const first = await proofOf(packed({ bits: 4, level: 4, zeroPoints }));
  assert.equal(first.ok, false);
  assert.match(first.why ?? '', /zero points are floats/);
  const second = await proofOf(packed({ bits: 4, level: 4, groups }));
  assert.equal(second.ok, false);
  assert.match(second.why ?? '', /g_idx/);
});

const rows: Sketch['x'] = { dtype: 'int64', shape: ['n'] };

test('codes are looked up before they are dequantized; a table dequantized first is told', async () => {
  const weights = [
    codes('t', 'int8', [50, 64]),
    scalar('s', 'float32', 0.1),
    scalar('z', 'int8', 0),
  ];
  const good = await proofOf({
    nodes: [
      makeNode('Gather', ['t', 'x'], ['g']),
      makeNode('DequantizeLinear', ['g', 's', 'z'], ['y']),
    ],
    ...{ weights, x: rows, y: { shape: ['n', 64] } },
  });
  assert.deepEqual([good.ok, good.scheme, good.ran], [true, 'int8 rows', ['Gather']]);
  const bad = await proofOf({
    nodes: [
      makeNode('DequantizeLinear', ['t', 's', 'z'], ['d']),
      makeNode('Gather', ['d', 'x'], ['y']),
    ],
    ...{ weights, x: rows, y: { shape: ['n', 64] } },
  });
  assert.equal(bad.ok, false);
  assert.match(bad.why ?? '', /dequantized before the look-up/);
  assert.ok(bad.ran.includes('DequantizeLinear'));
});

const scales = [scalar('xs', 'float32', 0.02), scalar('xz', 'uint8', 128)];
const quantizedInput = [
  makeNode('QuantizeLinear', ['x', 'xs', 'xz'], ['xq']),
  makeNode('DequantizeLinear', ['xq', 'xs', 'xz'], ['xd']),
];
const requantized = (from: string) => [
  makeNode('QuantizeLinear', [from, 'xs', 'xz'], ['yq']),
  makeNode('DequantizeLinear', ['yq', 'xs', 'xz'], ['y']),
];

test('a static product with a float bias and no quantized output is told to dequantize', async () => {
  const weights = [
    ...scales,
    codes('w', 'int8', [64, 64]),
    scalar('ws', 'float32', 0.01),
    scalar('wz', 'int8', 0),
    floats('b', [64]),
  ];
  const product = [
    ...quantizedInput,
    makeNode('DequantizeLinear', ['w', 'ws', 'wz'], ['wd']),
    makeNode('MatMul', ['xd', 'wd'], ['m']),
  ];
  const bad = await proofOf({ nodes: [...product, makeNode('Add', ['m', 'b'], ['y'])], weights });
  assert.deepEqual([bad.ok, bad.scheme], [false, 'int8 static']);
  assert.match(bad.why ?? '', /bias was fused first, so the weights are dequantized on every run/);
  const good = await proofOf({ nodes: [...product, ...requantized('m')], weights });
  assert.deepEqual([good.ok, good.ran, good.why], [true, ['QLinearMatMul'], null]);
});

test('a static convolution needs a quantized output', async () => {
  const image = { shape: ['n', 3, 8, 8] };
  const weights = [
    ...scales,
    codes('w', 'int8', [4, 3, 3, 3]),
    scalar('ws', 'float32', 0.01),
    scalar('wz', 'int8', 0),
  ];
  const conv = (output: string) => [
    ...quantizedInput,
    makeNode('DequantizeLinear', ['w', 'ws', 'wz'], ['wd']),
    makeNode('Conv', ['xd', 'wd'], [output], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }),
  ];
  const shapes = { x: image, y: { shape: ['n', 4, 8, 8] } };
  const good = await proofOf({ nodes: [...conv('c'), ...requantized('c')], weights, ...shapes });
  assert.deepEqual([good.ok, good.ran], [true, ['QLinearConv']]);
  const bad = await proofOf({ nodes: conv('y'), weights, ...shapes });
  assert.equal(bad.ok, false);
  assert.match(bad.why ?? '', /output is not quantized/);
});

test('weights alone quantized: fast before a product, not transposed, not in a convolution', async () => {
  const dequantized = (shape: number[]) => ({
    weights: [
      codes('w', 'int8', shape),
      floats('s', [shape[0]!]),
      aTensor('z', 'int8', [shape[0]!], Array(shape[0]!).fill(0)),
    ],
    node: (axis: number) => makeNode('DequantizeLinear', ['w', 's', 'z'], ['d'], { axis }),
  });
  const square = dequantized([64, 64]);
  const good = await proofOf({
    nodes: [square.node(1), makeNode('MatMul', ['x', 'd'], ['y'])],
    weights: square.weights,
  });
  assert.deepEqual([good.ok, good.scheme, good.ran], [true, '8-bit weights', ['MatMulNBits']]);
  const turned = await proofOf({
    nodes: [square.node(0), makeNode('Gemm', ['x', 'd'], ['y'], { transB: 1 })],
    weights: square.weights,
  });
  assert.equal(turned.ok, false);
  assert.match(turned.why ?? '', /stored transposed/);
  const kernel = dequantized([4, 3, 3, 3]);
  const convolution = await proofOf({
    nodes: [kernel.node(0), makeNode('Conv', ['x', 'd'], ['y'], { kernel_shape: [3, 3] })],
    ...{ weights: kernel.weights, x: { shape: ['n', 3, 8, 8] }, y: { shape: ['n', 4, 6, 6] } },
  });
  assert.equal(convolution.ok, false);
  assert.match(convolution.why ?? '', /no kernel for convolutions with only their weights/);
});

/** Integer product with scales found at run time, `more` reading its integers besides. */
const dynamic = (more: readonly Node[] = []): Sketch => ({
  nodes: [
    makeNode('DynamicQuantizeLinear', ['x'], ['q', 'qs', 'qz']),
    makeNode('MatMulInteger', ['q', 'w', 'qz', 'wz'], ['i']),
    makeNode('Cast', ['i'], ['f'], { to: 1 }),
    makeNode('Mul', ['qs', 'ws'], ['s']),
    makeNode('Mul', ['f', 's'], ['y']),
    ...more,
  ],
  weights: [
    makeTensor('w', 'int8', [64, 64], new Int8Array(64 * 64).fill(3)),
    floats('ws', [64]),
    makeTensor('wz', 'int8', [64], new Int8Array(64)),
  ],
});

test('dynamic products are fused unless something else reads their integers', async () => {
  const good = await proofOf(dynamic());
  assert.deepEqual(
    [good.ok, good.scheme, good.ran],
    [true, 'int8 dynamic', ['DynamicQuantizeMatMul']],
  );
  const sketch = dynamic();
  const file = join(folder, 'two.onnx');
  const model = aModel({
    nodes: sketch.nodes,
    initializers: sketch.weights,
    inputs: [aValue('x', 'float32', ['batch', 64])],
    outputs: [aValue('y', 'float32', ['batch', 64]), aValue('i', 'int32', ['batch', 64])],
  });
  writeFileSync(file, modelBytes(model));
  const source = join(mkdtempSync(join(folder, 'o-')), 'executed.onnx');
  const [bad] = await proveKernels(new Models().sized(file, {}).structure, {
    ...{ runner: ortRunner(), file, threads: 1, optimizedFile: source },
    open: (path) => new FileSource(path, path),
  });
  assert.equal(bad?.ok, false);
  assert.match(bad?.why ?? '', /nodes of their own/);
});

test('dynamic convolutions are never as intended', async () => {
  const { ok, why } = await proofOf({
    nodes: [
      makeNode('DynamicQuantizeLinear', ['x'], ['q', 'qs', 'qz']),
      makeNode('ConvInteger', ['q', 'w', 'qz'], ['i']),
      makeNode('Cast', ['i'], ['f'], { to: 1 }),
      makeNode('Mul', ['f', 'qs'], ['y']),
    ],
    weights: [codes('w', 'uint8', [4, 3, 3, 3])],
    ...{ x: { shape: ['n', 3, 8, 8] }, y: { shape: ['n', 4, 6, 6] } },
  });
  assert.equal(ok, false);
  assert.match(why ?? '', /use int8 static/);
});

test('storage that is unpacked at load says that it saves bytes only', async () => {
  const half = await proofOf({
    nodes: [makeNode('Cast', ['w'], ['c'], { to: 1 }), makeNode('MatMul', ['x', 'c'], ['y'])],
    weights: [aTensor('w', 'float16', [64, 64], Array(4096).fill(0.5))],
  });
  assert.deepEqual([half.ok, half.scheme], [true, 'float16 storage']);
  assert.match(half.why ?? '', /float32 in memory and in speed/);
  const book = await proofOf({
    nodes: [
      makeNode('Cast', ['w'], ['c'], { to: 6 }),
      makeNode('Gather', ['book', 'c'], ['v']),
      makeNode('MatMul', ['x', 'v'], ['y']),
    ],
    weights: [
      aTensor(
        'w',
        'uint4',
        [64, 64],
        Array.from({ length: 4096 }, (_, at) => at % 16),
      ),
      aTensor(
        'book',
        'float32',
        [16],
        Array.from({ length: 16 }, (_, at) => at / 16),
      ),
    ],
  });
  assert.deepEqual([book.ok, book.scheme], [true, '4-bit codes']);
});

test(
  'half precision on a processor without kernels for it is told',
  { skip: process.arch !== 'x64' },
  async () => {
    const { ok, why } = await proofOf({
      nodes: [makeNode('MatMul', ['x', 'w'], ['y'])],
      weights: [aTensor('w', 'float16', [64, 64], Array(4096).fill(0.5))],
      ...{ x: { dtype: 'float16' }, y: { dtype: 'float16' } },
    });
    assert.equal(ok, false);
    assert.match(why ?? '', /no float16 kernel/);
  },
);

test('a model in float32 has nothing to prove', async () => {
  assert.deepEqual(
    await proofsOf({
      nodes: [makeNode('MatMul', ['x', 'w'], ['y'])],
      weights: [floats('w', [64, 64])],
    }),
    [],
  );
});

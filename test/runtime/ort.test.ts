import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type ErrorCode, UserError } from '../../src/base/errors';
import type { Model, Node, ValueInfo } from '../../src/onnx/model';
import { ortRunner } from '../../src/runtime/ort';
import { UnsupportedOperator } from '../../src/runtime/ortErrors';
import type { Feeds, RunTensor, SessionOptions } from '../../src/runtime/runner';
import type { DType } from '../../src/tensor/dtype';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { someFloats } from '../support/equal';

const runner = ortRunner();
const plain: SessionOptions = { threads: 1, provider: 'cpu', optimize: 'all' };
const folder = mkdtempSync(join(tmpdir(), 'fw-ort-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const load = (model: Model, options: Partial<SessionOptions> = {}) =>
  runner.load(modelBytes(model), { ...plain, name: 'made.onnx', ...options });

const run = async (model: Model, feeds: Feeds) => {
  const session = await load(model);
  try {
    return (await session.run(feeds)).outputs;
  } finally {
    await session.release();
  }
};

const oneNode = (node: Node, input: ValueInfo, output: ValueInfo, more: Partial<Model> = {}) =>
  aModel({ nodes: [node], inputs: [input], outputs: [output] }, more);

test('says its version and that it has a processor', () => {
  assert.match(runner.version, /^\d+\.\d+\.\d+$/);
  assert.ok(runner.providers.includes('cpu'));
});

const samples: readonly RunTensor[] = [
  { dtype: 'float32', shape: [2], data: new Float32Array([1.5, -2]) },
  { dtype: 'float64', shape: [2], data: new Float64Array([1.5, -2]) },
  { dtype: 'float16', shape: [2], data: new Uint16Array([0x3c00, 0xc000]) },
  { dtype: 'int8', shape: [2], data: new Int8Array([1, -2]) },
  { dtype: 'int16', shape: [2], data: new Int16Array([1, -2]) },
  { dtype: 'int32', shape: [2], data: new Int32Array([1, -2]) },
  { dtype: 'int64', shape: [2], data: new BigInt64Array([1n, -(2n ** 60n)]) },
  { dtype: 'uint8', shape: [2], data: new Uint8Array([1, 255]) },
  { dtype: 'uint16', shape: [2], data: new Uint16Array([1, 65535]) },
  { dtype: 'uint32', shape: [2], data: new Uint32Array([1, 2 ** 32 - 1]) },
  { dtype: 'uint64', shape: [2], data: new BigUint64Array([1n, 2n ** 63n]) },
  { dtype: 'bool', shape: [2], data: new Uint8Array([1, 0]) },
  { dtype: 'string', shape: [2], data: ['a', 'zwei'] },
];

for (const sample of samples) {
  test(`${sample.dtype} goes in and comes out unchanged`, async () => {
    const { dtype } = sample;
    const model = oneNode(
      aNode('Identity', ['x'], ['y']),
      aValue('x', dtype, [2]),
      aValue('y', dtype, [2]),
    );
    const { y } = await run(model, { x: sample });
    assert.deepEqual({ ...y, shape: [...y!.shape] }, sample);
  });
}

for (const dtype of ['bfloat16', 'int4', 'float8e4m3fn'] as const satisfies DType[]) {
  test(`${dtype}, which cannot cross, is named`, async () => {
    const node = aNode('Identity', ['x'], ['y']);
    const model = oneNode(node, aValue('x', 'float32', [1]), aValue('y', 'float32', [1]));
    const x = { dtype, shape: [1], data: new Uint8Array(2) };
    await fails(run(model, { x }), 'unsupported', new RegExp(`'x' is ${dtype}`));
  });
}

test('initializers that are also inputs need no feed', async () => {
  const model = aModel({
    nodes: [aNode('Add', ['x', 'w'], ['y'])],
    initializers: [aTensor('w', 'float32', [1], [5])],
    inputs: [aValue('x', 'float32', [1]), aValue('w', 'float32', [1])],
    outputs: [aValue('y', 'float32', [1])],
  });
  const x = { dtype: 'float32' as const, shape: [1], data: new Float32Array([1]) };
  const w = { dtype: 'float32' as const, shape: [1], data: new Float32Array([100]) };
  const { y } = await run(model, { x, w });
  assert.equal((y!.data as Float32Array)[0], 6);
});

test('only the outputs asked for come back', async () => {
  const model = aModel({
    nodes: [aNode('Neg', ['x'], ['a']), aNode('Abs', ['a'], ['b'])],
    inputs: [aValue('x', 'float32', [1])],
    outputs: [aValue('a', 'float32', [1]), aValue('b', 'float32', [1])],
  });
  const session = await load(model);
  const feeds = { x: { dtype: 'float32' as const, shape: [1], data: new Float32Array([2]) } };
  const { outputs, ms } = await session.run(feeds, ['b']);
  assert.deepEqual(Object.keys(outputs), ['b']);
  assert.ok(ms > 0);
  await session.release();
});

test('weights are found in the folder of a model given as bytes, at any offset', async () => {
  const values = new Float32Array([1, 2, 3]);
  writeFileSync(
    join(folder, 'odd.bin'),
    Buffer.concat([Buffer.from('seven!!'), Buffer.from(values.buffer)]),
  );
  const weight = aTensor('w', 'float32', [3], [0, 0, 0]);
  const data = {
    kind: 'external',
    location: 'odd.bin',
    offset: 7,
    length: 12,
    entries: [],
  } as const;
  const model = aModel({
    nodes: [aNode('Add', ['x', 'w'], ['y'])],
    initializers: [{ ...weight, data }],
    inputs: [aValue('x', 'float32', [3])],
    outputs: [aValue('y', 'float32', [3])],
  });
  const session = await load(model, { externalFolder: folder });
  const x = { dtype: 'float32' as const, shape: [3], data: new Float32Array([1, 1, 1]) };
  const { outputs } = await session.run({ x });
  assert.deepEqual([...(outputs['y']!.data as Float32Array)], [2, 3, 4]);
  await session.release();
});

test('a trace and the optimised graph are written, its large weights are not', async () => {
  const inside = mkdtempSync(join(folder, 'trace-'));
  const model = aModel({
    nodes: [aNode('MatMul', ['x', 'w'], ['m']), aNode('Add', ['m', 'b'], ['y'])],
    initializers: [
      aTensor('w', 'float32', [64, 64], new Float32Array(4096).fill(0.5)),
      aTensor('b', 'float32', [64], new Float32Array(64)),
    ],
    inputs: [aValue('x', 'float32', [1, 64])],
    outputs: [aValue('y', 'float32', [1, 64])],
  });
  const optimizedFile = join(inside, 'o.onnx');
  const session = await load(model, { traceFile: join(inside, 'trace'), optimizedFile });
  await session.run({ x: { dtype: 'float32', shape: [1, 64], data: new Float32Array(64) } });
  const trace = session.endTrace();
  await session.release();
  assert.match(readFileSync(trace, 'utf8'), /_kernel_time/);
  assert.ok(readFileSync(optimizedFile).length < 4096, 'the 16 KB weight is not in the graph');
  const rest = readdirSync(inside).filter((file) => file.endsWith('.weights'));
  if (process.platform !== 'win32') assert.deepEqual(rest, []);
});

const fails = (work: Promise<unknown>, code: ErrorCode, message: RegExp) =>
  assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n'), 'one line');
    assert.doesNotMatch(error.message, /onnxruntime_src|\.cc:\d/);
    return true;
  });

const io = [aValue('x', 'float32', [1, 2]), aValue('y', 'float32', [1, 2])] as const;
const x12: Feeds = { x: { dtype: 'float32', shape: [1, 2], data: new Float32Array(2) } };

test('an unknown operator is named with its domain and its node', async () => {
  const standard = oneNode(aNode('Fancy', ['x'], ['y'], {}, { name: 'n1' }), ...io);
  await fails(load(standard), 'unsupported', /made\.onnx: node 'n1' uses 'Fancy'.*standard domain/);
  const custom = oneNode(aNode('Fancy', ['x'], ['y'], {}, { domain: 'my.dom' }), ...io, {
    opsets: new Map([
      ['', 21],
      ['my.dom', 1],
    ]),
  });
  await fails(load(custom), 'unsupported', /'Fancy' of the domain 'my\.dom'/);
  await assert.rejects(load(custom), (error: unknown) => {
    assert.ok(error instanceof UnsupportedOperator);
    assert.deepEqual(error.refused, { op: 'Fancy', domain: 'my.dom', node: undefined });
    return true;
  });
});

test('a domain that is not imported is named', () =>
  fails(
    load(oneNode(aNode('Fancy', ['x'], ['y'], {}, { name: 'n1', domain: 'my.dom' }), ...io)),
    'badModel',
    /'n1'.*'my\.dom'.*does not import/,
  ));

test('an operator without a kernel for its type is named', () =>
  fails(
    load(
      oneNode(
        aNode('Erf', ['x'], ['y'], {}, { name: 'e' }),
        aValue('x', 'float64', [1]),
        aValue('y', 'float64', [1]),
      ),
    ),
    'unsupported',
    /knows Erf .*no kernel.*node 'e'/,
  ));

test('a node that its inputs do not fit is named', () =>
  fails(
    load(
      aModel({
        nodes: [aNode('MatMul', ['x', 'w'], ['y'], {}, { name: 'product' })],
        initializers: [aTensor('w', 'float32', [3, 1], [1, 2, 3])],
        inputs: [aValue('x', 'float32', [1, 2])],
        outputs: [aValue('y', 'float32', [1, 1])],
      }),
    ),
    'badModel',
    /^made\.onnx: the sizes or types at MatMul in node 'product' do not fit: Incompatible dimensions/,
  ));

test('a model that computes nothing says so', () =>
  fails(load(aModel({})), 'badModel', /computes nothing/));

test('answers that are sequences are told of', async () => {
  const model = oneNode(aNode('SequenceConstruct', ['x'], ['y']), io[0], {
    ...io[1],
    type: { kind: 'sequence', element: io[0].type },
  });
  await fails(run(model, x12), 'unsupported', /sequences or maps/);
});

/** A sum with a number of another file. */
function withWeightIn(location: string, offset: number): Model {
  const data = { kind: 'external', location, offset, length: 4, entries: [] } as const;
  return aModel({
    nodes: [aNode('Add', ['x', 'w'], ['y'])],
    initializers: [{ ...aTensor('w', 'float32', [1], [0]), data }],
    inputs: [aValue('x', 'float32', [1])],
    outputs: [aValue('y', 'float32', [1])],
  });
}

test('missing external data is named', () =>
  fails(load(withWeightIn('gone.bin', 0), { externalFolder: folder }), 'missingFile', /gone\.bin/));

test('external data that is too short is told with its place', () => {
  writeFileSync(join(folder, 'short.bin'), Buffer.alloc(10));
  return fails(
    load(withWeightIn('short.bin', 8), { externalFolder: folder }),
    'badModel',
    /'w' should lie at bytes 8 to 12 .* 10 bytes/,
  );
});

test('malformed graphs are explained', async () => {
  const graph = (nodes: Node[]) => aModel({ nodes, inputs: [io[0]], outputs: [io[1]] });
  const cycle = [
    aNode('Add', ['x', 'b'], ['a']),
    aNode('Identity', ['a'], ['b']),
    aNode('Identity', ['a'], ['y']),
  ];
  await fails(load(graph(cycle)), 'badModel', /cycle/);
  await fails(
    load(graph([aNode('Add', ['x', 'b'], ['y'])])),
    'badModel',
    /nothing produces the value 'b'/,
  );
  const twins = ['a', 'y'].map((out, at) =>
    aNode('Identity', [at ? 'a' : 'x'], [out], {}, { name: 'n' }),
  );
  await fails(load(graph(twins)), 'badModel', /two nodes are called 'n'/);
  await fails(load(graph([])), 'badModel', /no node writes the output 'y'/);
});

test('files that are no models are told', async () => {
  await fails(
    runner.load(new TextEncoder().encode('hello, this is text'), plain),
    'badFile',
    /cannot read/,
  );
  await fails(runner.load(join(folder, 'none.onnx'), plain), 'missingFile', /none\.onnx/);
});

test('inputs that do not fit are told with what was expected', async () => {
  const model = oneNode(aNode('Identity', ['x'], ['y']), ...io);
  await fails(run(model, {}), 'badInput', /the input 'x' was not given/);
  const wrong = (tensor: RunTensor) => run(model, { x: tensor });
  await fails(
    wrong({ dtype: 'int64', shape: [1, 2], data: new BigInt64Array(2) }),
    'badInput',
    /int64.*float/,
  );
  await fails(
    wrong({ dtype: 'float32', shape: [2], data: new Float32Array(2) }),
    'badInput',
    /'x' was given 1 .* 2/,
  );
  await fails(
    wrong({ dtype: 'float32', shape: [1, 3], data: new Float32Array(3) }),
    'badInput',
    /size 3 along axis 1.* 2/,
  );
});

test('a node that fails in a run is named', () => {
  const model = aModel({
    nodes: [aNode('Reshape', ['x', 's'], ['y'], {}, { name: 'rs' })],
    inputs: [io[0], aValue('s', 'int64', [1])],
    outputs: [aValue('y', 'float32', ['n'])],
  });
  const s = { dtype: 'int64' as const, shape: [1], data: new BigInt64Array([7n]) };
  return fails(
    run(model, { ...x12, s }),
    'runtime',
    /Reshape in node 'rs' failed: .*requested shape:\{7\}/,
  );
});

test('too much memory is told in bytes', () => {
  const model = oneNode(
    aNode('ConstantOfShape', ['x'], ['y'], {}, { name: 'big' }),
    aValue('x', 'int64', [1]),
    aValue('y', 'float32', ['n']),
  );
  const x = { dtype: 'int64' as const, shape: [1], data: new BigInt64Array([2n ** 42n]) };
  return fails(
    run(model, { x }),
    'runtime',
    /not enough memory: ConstantOfShape 'big'.*17592186044416/,
  );
});

test('providers that are not there are told', async () => {
  const model = oneNode(aNode('Identity', ['x'], ['y']), ...io);
  await fails(load(model, { provider: 'nonsense' }), 'unsupported', /no provider called nonsense/);
});

test('threads of a session that is timed in turn rest between its runs', async () => {
  const size = 512;
  const model = aModel({
    nodes: [aNode('MatMul', ['x', 'w'], ['y'])],
    initializers: [aTensor('w', 'float32', [size, size], new Float32Array(size * size).fill(1))],
    inputs: [aValue('x', 'float32', [size, size])],
    outputs: [aValue('y', 'float32', [size, size])],
  });
  const x = someFloats([size, size]);
  /** Milliseconds of processors in a tenth of a second behind a run. */
  const restless = async (spinning: SessionOptions['spinning']) => {
    const session = await load(model, { threads: 3, ...(spinning ? { spinning } : {}) });
    await session.run({ x });
    const before = process.cpuUsage();
    await setTimeout(100);
    const { user, system } = process.cpuUsage(before);
    await session.release();
    return (user + system) / 1000;
  };
  // Elsewhere they may rest sooner.
  if (process.platform === 'linux') assert.ok((await restless(undefined)) > 50);
  for (const spinning of ['withinRuns', 'never'] as const) {
    assert.ok((await restless(spinning)) < 40, spinning);
  }
});

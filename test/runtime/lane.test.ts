import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as soon } from 'node:timers/promises';
import { UserError } from '../../src/base/errors';
import { ortRunner } from '../../src/runtime/ort';
import type { Lane, RunTensor } from '../../src/runtime/runner';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { someFloats } from '../support/equal';
import { session as plain } from '../support/loading';

const options = { ...plain, name: 'made.onnx' };

function laneFor(t: TestContext): Lane {
  const lane = ortRunner().lane();
  t.after(() => lane.close());
  return lane;
}

const identity = (dtype: RunTensor['dtype']) =>
  modelBytes(
    aModel({
      nodes: [aNode('Identity', ['x'], ['y'])],
      inputs: [aValue('x', dtype, [2])],
      outputs: [aValue('y', dtype, [2])],
    }),
  );

/** Takes a while: a matrix to the power of `times`. */
const powers = (size: number, times: number) =>
  modelBytes(
    aModel({
      nodes: Array.from({ length: times }, (_, at) =>
        aNode('MatMul', [at === 0 ? 'x' : `x${at}`, 'w'], [at === times - 1 ? 'y' : `x${at + 1}`]),
      ),
      inputs: [aValue('x', 'float32', [size, size])],
      outputs: [aValue('y', 'float32', [size, size])],
      initializers: [
        aTensor('w', 'float32', [size, size], new Array<number>(size * size).fill(1e-3)),
      ],
    }),
  );

const tensors: readonly RunTensor[] = [
  { dtype: 'float32', shape: [2], data: new Float32Array([1.5, -2]) },
  { dtype: 'float16', shape: [2], data: new Uint16Array([0x3c00, 0xc000]) },
  { dtype: 'int64', shape: [2], data: new BigInt64Array([1n, -(2n ** 60n)]) },
  { dtype: 'bool', shape: [2], data: new Uint8Array([1, 0]) },
  { dtype: 'string', shape: [2], data: ['a', 'zwei'] },
];

test('tensors cross to a lane and back unchanged, and stay with whoever gave them', async (t) => {
  const lane = laneFor(t);
  for (const x of tensors) {
    const before = structuredClone(x);
    const session = await lane.load(identity(x.dtype), options);
    assert.deepEqual([session.inputs, session.outputs], [['x'], ['y']]);
    const { outputs } = await session.run({ x });
    assert.deepEqual({ ...outputs['y'], shape: [...outputs['y']!.shape] }, before);
    assert.deepEqual(x, before);
    await session.release();
  }
});

test('while a lane runs, this thread and other lanes go on', async (t) => {
  const [one, other] = [laneFor(t), laneFor(t)];
  const x = someFloats([512, 512]);
  const [long, short] = await Promise.all([
    one.load(powers(512, 40), options),
    other.load(powers(512, 1), options),
  ]);
  let isOver = false;
  const running = long.run({ x }).then(() => (isOver = true));
  const { outputs } = await short.run({ x });
  await soon();
  assert.equal(isOver, false);
  assert.equal(outputs['y']?.data.constructor, Float32Array);
  await running;
});

test('what the runtime refuses is said in the same words', async (t) => {
  const bad: [Uint8Array, RunTensor][] = [
    [identity('float32'), { dtype: 'int64', shape: [2], data: new BigInt64Array(2) }],
    [identity('float32'), { dtype: 'bfloat16', shape: [2], data: new Uint16Array(2) }],
    [identity('float32'), { dtype: 'float32', shape: [3], data: new Float32Array(3) }],
    [new Uint8Array([1, 2, 3]), { dtype: 'float32', shape: [2], data: new Float32Array(2) }],
  ];
  const lane = laneFor(t);
  for (const [model, x] of bad) {
    const [there, here] = await Promise.all(
      [lane, ortRunner()].map((runner) =>
        runner
          .load(model.slice(), options)
          .then((session) => session.run({ x }))
          .then(
            () => assert.fail('it ran'),
            (error: unknown) => error,
          ),
      ),
    );
    assert.ok(there instanceof UserError && here instanceof UserError);
    assert.deepEqual([there.code, there.message, there.hint], [here.code, here.message, here.hint]);
  }
});

test('a session that was released runs no more, others of its lane do', async (t) => {
  const lane = laneFor(t);
  const [a, b] = [
    await lane.load(identity('bool'), options),
    await lane.load(identity('bool'), options),
  ];
  const x = tensors[3]!;
  await a.release();
  await assert.rejects(a.run({ x }), { code: 'runtime' });
  assert.deepEqual((await b.run({ x })).outputs['y']?.data, x.data);
});

test('closing waits for what runs, and refuses what comes after', async () => {
  const lane = ortRunner().lane();
  const session = await lane.load(powers(256, 40), options);
  const running = session.run({ x: someFloats([256, 256]) });
  await lane.close();
  assert.equal((await running).outputs['y']?.shape.length, 2);
  await assert.rejects(session.run({ x: someFloats([256, 256]) }), { code: 'runtime' });
  await assert.rejects(lane.load(identity('bool'), options), { code: 'runtime' });
  await lane.close();
});

test('sessions that run in turn take what those before them made, in a lane as without', async (t) => {
  const twice = modelBytes(
    aModel({
      nodes: [aNode('Add', ['x', 'x'], ['y'])],
      inputs: [aValue('x', 'float32', [2])],
      outputs: [aValue('y', 'float32', [2])],
    }),
  );
  const less = modelBytes(
    aModel({
      nodes: [aNode('Sub', ['y', 'b'], ['z'])],
      inputs: [aValue('y', 'float32', [2]), aValue('b', 'float32', [2])],
      outputs: [aValue('z', 'float32', [2])],
    }),
  );
  const floats = (...values: number[]): RunTensor => ({
    ...{ dtype: 'float32', shape: [2], data: new Float32Array(values) },
  });
  // What is made counts before what is fed under its name, and what nobody takes is no matter.
  const feeds = { x: floats(1, 2), y: floats(9, 9), b: floats(0.5, 1), more: floats(0, 0) };
  for (const runner of [laneFor(t), ortRunner()]) {
    const first = await runner.load(twice.slice(), options);
    const second = await runner.load(less.slice(), options);
    const turns = [
      { session: first, fetches: ['y'] },
      { session: second, fetches: ['z'] },
    ];
    const made = await first.runInTurn(turns, feeds, ['z', 'y']);
    assert.deepEqual(Object.keys(made), ['z', 'y']);
    assert.deepEqual(made['y']?.data, new Float32Array([2, 4]));
    assert.deepEqual(made['z']?.data, new Float32Array([1.5, 3]));
    await second.release();
    await assert.rejects(first.runInTurn(turns, feeds, ['z']), { code: 'runtime' });
    await first.release();
  }
});

import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isUserError, type ErrorCode } from '../../src/base/errors';
import type { ProfileRequest } from '../../src/protocol/engineApi';
import { type Engine, startEngine } from '../../src/protocol/engineProcess';
import { engineFolder } from '../../src/protocol/temporary';
import type { Profile } from '../../src/protocol/types';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { engineProgram } from '../support/engineProgram';

const folder = mkdtempSync(join(tmpdir(), 'fw-engine-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const small = join(folder, 'small.onnx');
writeFileSync(
  small,
  modelBytes(
    aModel({
      nodes: [aNode('MatMul', ['x', 'w'], ['m']), aNode('Relu', ['m'], ['y'])],
      initializers: [aTensor('w', 'float32', [4, 4], new Float32Array(16).fill(0.5))],
      inputs: [aValue('x', 'float32', ['batch', 4])],
      outputs: [aValue('y', 'float32', ['batch', 4])],
    }),
  ),
);

/** One run takes seconds, all of it inside one operator or the next. */
const slow = join(folder, 'slow.onnx');
const names = Array.from({ length: 13 }, (_, at) => `m${at}`);
writeFileSync(
  slow,
  modelBytes(
    aModel({
      nodes: names.slice(1).map((name, at) => aNode('MatMul', [names[at]!, names[at]!], [name])),
      inputs: [aValue('m0', 'float32', [2048, 2048])],
      outputs: [aValue('m12', 'float32', [2048, 2048])],
    }),
  ),
);

const request = (file: string, more: Partial<ProfileRequest> = {}): ProfileRequest => ({
  ...{ file, threads: 1, runs: 3, warmup: 1, provider: 'cpu', seed: 0 },
  ...more,
});

const lines: string[] = [];
/** The process that the log named last. */
const lastStarted = () =>
  Number(lines.findLast((line) => / started on /.test(line))?.split(' ')[1]);

async function withEngine(work: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = startEngine({ program: engineProgram(), log: (line) => lines.push(line) });
  try {
    await work(engine);
  } finally {
    engine.dispose();
  }
}

const failsAs = (work: Promise<unknown>, code: ErrorCode, message = /./) =>
  assert.rejects(work, (error: unknown) => {
    assert.ok(isUserError(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
async function until(isTrue: () => boolean, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await soon(20)) if (isTrue()) return true;
  return isTrue();
}

/** Starts the slow model and waits until it really runs. */
async function startSlow(
  engine: Engine,
  signal?: AbortSignal,
): Promise<{ call: Promise<Profile> }> {
  let call!: Promise<Profile>;
  await new Promise<void>((resolve) => {
    const progress = (_: number, note: string) => {
      if (note.startsWith('loading')) resolve();
    };
    call = engine.api.profile(request(slow), { signal, progress });
    call.catch(() => resolve());
  });
  await soon(300);
  return { call };
}

test('reads in one process and runs in another', () =>
  withEngine(async ({ api }) => {
    const inspection = await api.inspect({ file: small, dims: { batch: 2 } });
    assert.equal(inspection.totals.macs, 32);
    const reader = lastStarted();
    const seen: string[] = [];
    const profile = await api.profile(request(small, { runs: 2000 }), {
      progress: (_, note) => seen.push(note),
    });
    assert.notEqual(lastStarted(), reader);
    assert.ok(profile.complete);
    assert.ok(
      seen.some((note) => /^\d+ of 2000 runs$/.test(note)),
      seen.join('; '),
    );
    const { version, node } = await api.runtime({});
    assert.match(version, /^\d+\./);
    assert.match(node, new RegExp(process.version));
  }));

test('errors come across with their code and hint', () =>
  withEngine(async ({ api }) => {
    await failsAs(api.inspect({ file: join(folder, 'none.onnx') }), 'missingFile', /none\.onnx/);
    await failsAs(api.inspect({ file: small, dims: { nonsense: 2 } }), 'badInput', /nonsense/);
    await failsAs(api.profile(request(small, { runs: 0 })), 'badInput');
    await failsAs(api.profile(request(small, { provider: 'nonsense' })), 'unsupported', /nonsense/);
  }));

test('a process killed in mid-run fails its call as a crash, and the next call works', () =>
  withEngine(async (engine) => {
    const { call } = await startSlow(engine);
    const pid = lastStarted();
    process.kill(pid, 'SIGKILL');
    await failsAs(call, 'crash', /engine stopped while running slow\.onnx: .*memory.*SIGKILL/);
    const next = await engine.api.profile(request(small));
    assert.ok(next.complete);
    assert.notEqual(lastStarted(), pid);
    assert.ok(
      await until(() => !existsSync(engineFolder(pid)), 2000),
      'its temporary files are gone',
    );
  }));

for (const [signal, message] of [
  ['SIGSEGV', /memory access/],
  ['SIGABRT', /abort/],
] as const) {
  test(`${signal} is told apart`, { skip: process.platform === 'win32' && 'no signals' }, () =>
    withEngine(async (engine) => {
      const { call } = await startSlow(engine);
      process.kill(lastStarted(), signal);
      await failsAs(call, 'crash', message);
    }),
  );
}

test('a cancelled run comes back within 200 ms, the reader lives on', () =>
  withEngine(async (engine) => {
    await engine.api.inspect({ file: small });
    const reader = lastStarted();
    const abort = new AbortController();
    const { call } = await startSlow(engine, abort.signal);
    const runner = lastStarted();
    const started = performance.now();
    abort.abort();
    await failsAs(call, 'cancelled');
    const ms = performance.now() - started;
    assert.ok(ms < 200, `${ms} ms`);
    assert.ok(await until(() => !isAlive(runner), 1000), 'the process that did not answer is gone');
    assert.ok(isAlive(reader));
    assert.ok((await engine.api.profile(request(small))).complete);
  }));

test('a cancel between runs is answered by the process itself', () =>
  withEngine(async (engine) => {
    const abort = new AbortController();
    const partials: Profile[] = [];
    const progress = (fraction: number) => {
      if (fraction > 0.1) abort.abort();
    };
    const options = {
      signal: abort.signal,
      progress,
      partial: (value: unknown) => partials.push(value as Profile),
    };
    await failsAs(engine.api.profile(request(small, { runs: 20_000 }), options), 'cancelled');
    const pid = lastStarted();
    assert.ok((await engine.api.profile(request(small))).complete);
    assert.equal(lastStarted(), pid, 'it need not be started again');
  }));

test('a call that waits for its turn is cancelled at once, and does not disturb the one before', () =>
  withEngine(async (engine) => {
    const first = engine.api.profile(request(small, { runs: 300 }));
    const abort = new AbortController();
    const second = engine.api.profile(request(small), { signal: abort.signal });
    abort.abort();
    await failsAs(second, 'cancelled');
    assert.ok((await first).complete);
  }));

test('restart ends what is under way as cancelled', () =>
  withEngine(async (engine) => {
    const { call } = await startSlow(engine);
    engine.restart();
    await failsAs(call, 'cancelled');
    assert.ok((await engine.api.inspect({ file: small })).nodes.length === 2);
  }));

test('dispose ends the processes and leaves no temporary files', async () => {
  const engine = startEngine({ program: engineProgram(), log: (line) => lines.push(line) });
  const { call } = await startSlow(engine);
  const pid = lastStarted();
  call.catch(() => {});
  engine.dispose();
  assert.ok(await until(() => !isAlive(pid) && !existsSync(engineFolder(pid)), 2000));
  await failsAs(engine.api.inspect({ file: small }), 'cancelled');
});

test('a Node that does not run is told by its path', async () => {
  const engine = startEngine({ program: engineProgram(), nodePath: join(folder, 'nonode') });
  await failsAs(
    engine.api.inspect({ file: small }),
    'badInput',
    /nonode does not run; the engine needs Node 20/,
  );
  engine.dispose();
});

test('a program that is missing is told', async () => {
  const engine = startEngine({ program: join(folder, 'gone.js') });
  await failsAs(engine.api.inspect({ file: small }), 'crash', /a part of it is missing/);
  engine.dispose();
});

test(
  'the engine dies with its owner, also in mid-run',
  { skip: process.platform === 'win32' && 'ends after the run there' },
  async () => {
    // A process between this one and the engine, to be killed without a chance to clean up.
    const owner = join(folder, 'owner.cjs');
    writeFileSync(
      owner,
      `const child = require('node:child_process').fork(${JSON.stringify(engineProgram())}, { serialization: 'advanced' });
     child.send({ jsonrpc: '2.0', id: 1, method: 'profile', params: [{ argument: ${JSON.stringify(request(slow))}, token: 0 }] });
     child.on('message', (message) => { if (JSON.stringify(message).includes('loading')) process.send(child.pid); });`,
    );
    const middle = fork(owner);
    const pid = await new Promise<number>((resolve) =>
      middle.once('message', (id) => resolve(Number(id))),
    );
    await soon(300);
    middle.kill('SIGKILL');
    assert.ok(await until(() => !isAlive(pid), 3000));
    assert.ok(await until(() => !existsSync(engineFolder(pid)), 1000));
  },
);

test('the environment of the editor does not reach the engine', async () => {
  process.env['NODE_OPTIONS'] = '--this-is-no-option';
  process.env['ELECTRON_RUN_AS_NODE'] = '1';
  try {
    await withEngine(async ({ api }) => {
      assert.equal((await api.dimensions({ file: small }))[0]?.symbol, 'batch');
    });
  } finally {
    delete process.env['NODE_OPTIONS'];
    delete process.env['ELECTRON_RUN_AS_NODE'];
  }
});

test('started by hand it says what it is', async () => {
  const child = spawn(process.execPath, [engineProgram()]);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(code, 2);
});

test('no temporary files are left by any of these', () => {
  const pids = lines.filter((line) => / started on /.test(line)).map((line) => line.split(' ')[1]);
  const left = readdirSync(tmpdir()).filter((name) =>
    pids.some((pid) => name === `featherweight-engine-${pid}`),
  );
  assert.deepEqual(left, []);
});

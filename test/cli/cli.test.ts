import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inspection, ProfiledInspection } from '../../src/protocol/types';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { featherweight, programFolder } from './program';
import { schemaOf } from './schema';

const folder = mkdtempSync(join(tmpdir(), 'featherweight-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string) => join(folder, name);

const model = place('model.onnx');
writeFileSync(
  model,
  modelBytes(
    aModel(
      {
        inputs: [aValue('x', 'float32', ['batch', 's18', 8])],
        outputs: [aValue('y', 'float32', ['batch', 's18', 8])],
        initializers: [
          aTensor('net.up.weight', 'float32', [8, 32], Array(256).fill(0.1)),
          aTensor('net.down.weight', 'float32', [32, 8], Array(256).fill(0.1)),
        ],
        nodes: [
          aNode('MatMul', ['x', 'net.up.weight'], ['a'], {}, { name: '/net/up/MatMul' }),
          aNode('Relu', ['a'], ['b'], {}, { name: '/net/act/Relu' }),
          aNode('MatMul', ['b', 'net.down.weight'], ['y'], {}, { name: '/net/down/MatMul' }),
        ],
      },
      { producerName: 'test' },
    ),
  ),
);
const json = async <T>(...args: string[]): Promise<T> => {
  const { code, stdout, stderr } = await featherweight([...args, '--json']);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  return JSON.parse(stdout) as T;
};

test('inspect prints tables, and needs neither the engine nor the runtime', async () => {
  const alone = place('alone');
  mkdirSync(alone);
  for (const file of ['cli.js', 'cli.main.js']) {
    copyFileSync(join(programFolder(), file), join(alone, file));
  }
  const { code, stdout, stderr } = await featherweight(['inspect', model], { from: alone });
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  assert.match(stdout, /^model\.onnx /);
  assert.match(stdout, /512 {2}parameters/);
  assert.match(stdout, /net\.up +\S+ +8 × 32 +256/);
});

test('inspect --json holds to its schema, and counts', async () => {
  const inspection = await json<Inspection>('inspect', model);
  const valid = schemaOf('inspect');
  assert.ok(valid(inspection), JSON.stringify(valid.errors));
  assert.equal(inspection.totals.parameters, 512);
  assert.equal(inspection.totals.macs, 128 * 512);
  assert.ok(!valid({ ...inspection, totals: { ...inspection.totals, parameters: null } }));
  assert.ok(!valid({ ...inspection, layers: undefined }));
});

test('profile --json holds to its schema, and measures', async () => {
  const profiled = await json<ProfiledInspection>('profile', model, '--runs', '3', '--warmup', '1');
  const valid = schemaOf('profile');
  assert.ok(valid(profiled), JSON.stringify(valid.errors));
  assert.equal(profiled.measured.runs, 3);
  assert.equal(profiled.measured.data, 'synthetic');
  assert.ok(profiled.measured.latencyMs.median > 0);
  assert.ok(profiled.layers.some((layer) => (layer.timeMs ?? 0) > 0));
  const sum = profiled.layers.reduce((total, layer) => total + (layer.timeMs ?? 0), 0);
  assert.ok(Math.abs(sum - (profiled.totals.timeMs ?? 0)) < 1e-9);
});

test('dimensions are set by symbol, by role, and by whole shapes', async () => {
  const macs = async (...args: string[]) =>
    (await json<Inspection>('inspect', model, ...args)).totals.macs;
  assert.equal(await macs('--dim', 's18=10'), 5120);
  assert.equal(await macs('--dim', 'sequence=10', '--dim', 'batch=3'), 3 * 5120);
  assert.equal(await macs('--shape', 'x=2x5x8'), 5120);
});

test('figures stand for the shapes of the data that was run', async () => {
  const data = place('x.npy');
  // The NumPy format, version 1: header padded so that the data starts at a multiple of 64.
  const header =
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 5, 8), }".padEnd(117) + '\n';
  writeFileSync(
    data,
    Buffer.concat([
      Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 255, header.length >> 8]),
      Buffer.from(header),
      Buffer.alloc(2 * 5 * 8 * 4),
    ]),
  );
  const profiled = await json<ProfiledInspection>('profile', model, '--data', data, '--runs', '2');
  // One sample at a time.
  assert.deepEqual(profiled.measured.inputs[0]?.shape, [1, 5, 8]);
  assert.equal(profiled.totals.macs, 5 * 512);
});

test('--csv and --html write the same layers', async () => {
  const { code, stdout } = await featherweight([
    'inspect',
    model,
    '--csv',
    '--html',
    place('r.html'),
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /^id,name,part,.*\r\nnet\.up,net\.up,/);
  const page = readFileSync(place('r.html'), 'utf8');
  assert.match(page, /<td[^>]*>net\.up<\/td>/);
});

writeFileSync(place('text.onnx'), 'hello there');
writeFileSync(place('empty.onnx'), '');
writeFileSync(
  place('lfs.onnx'),
  `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 9\n`,
);
writeFileSync(place('cut.onnx'), readFileSync(model).subarray(0, 300));
writeFileSync(
  place('odd.onnx'),
  modelBytes(
    aModel({
      inputs: [aValue('x', 'float32', [2])],
      outputs: [aValue('y', 'float32', [2])],
      nodes: [aNode('Frobnicate', ['x'], ['y'], {}, { name: 'f', domain: 'org.example' })],
    }),
  ),
);

const mistakes: readonly [about: string, args: string[], says: RegExp][] = [
  ['a file that is not there', ['inspect', place('none.onnx')], /none\.onnx/],
  ['a text file', ['inspect', place('text.onnx')], /text\.onnx.*not an ONNX model/],
  ['an empty file', ['inspect', place('empty.onnx')], /empty\.onnx/],
  ['a Git LFS pointer', ['inspect', place('lfs.onnx')], /Git LFS/],
  ['a file that was cut off', ['profile', place('cut.onnx')], /cut\.onnx/],
  ['a folder', ['inspect', folder], /folder/],
  [
    'an operator that the runtime lacks',
    ['profile', place('odd.onnx')],
    /Frobnicate.*org\.example|org\.example.*Frobnicate/,
  ],
  ['a dimension without a size', ['inspect', model, '--dim', 'batch'], /NAME=N/],
  ['a dimension that the model lacks', ['inspect', model, '--dim', 'nose=3'], /nose/],
  ['a shape that does not fit', ['inspect', model, '--shape', 'x=1x2'], /x/],
  ['an input that the model lacks', ['inspect', model, '--shape', 'nose=1x2'], /nose/],
  ['no runs', ['profile', model, '--runs', '0'], /whole number/],
  ['data that is not there', ['profile', model, '--data', place('none.npz')], /none\.npz/],
  ['a provider that is not there', ['profile', model, '--provider', 'abacus'], /abacus/],
  ['two outputs at once', ['inspect', model, '--json', '--csv'], /choose one/],
  ['a page over the model', ['inspect', model, '--html', model], /overwrite/],
  [
    'a page that cannot be written',
    ['inspect', model, '--html', place('no/such/r.html')],
    /cannot be written/,
  ],
  ['an unknown option', ['inspect', model, '--layrs', '3'], /--layrs.*--layers/],
  ['an unknown command', ['inspekt', model], /inspekt/],
  ['no model', ['inspect'], /MODEL/],
];

for (const [about, args, says] of mistakes) {
  test(`${about}: exit code 1 and one clear line`, async () => {
    const { code, stdout, stderr } = await featherweight(args);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^featherweight: [^\n]+\n$/);
    assert.match(stderr, says);
    assert.ok(!/\bat .*:\d+:\d+|Error:/.test(stderr), 'no stack, no class name');
  });
}

test('help tells options, examples and exit codes; version is the package’s', async () => {
  const root = await featherweight(['--help']);
  assert.equal(root.code, 0);
  assert.match(root.stdout, /Exit codes:/);
  for (const command of ['inspect', 'profile']) {
    const { code, stdout } = await featherweight([command, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /--dim <NAME=N>/);
    assert.match(stdout, new RegExp(`Examples:\\n {2}featherweight ${command} model\\.onnx`));
  }
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  assert.equal((await featherweight(['--version'])).stdout, `${version}\n`);
});

test('colour only where it is asked for', async () => {
  const plain = await featherweight(['inspect', model], { env: { NO_COLOR: '' } });
  assert.ok(!plain.stdout.includes('\u001b'));
  const forced = await featherweight(['inspect', model], {
    env: { NO_COLOR: '', FORCE_COLOR: '1' },
  });
  assert.ok(forced.stdout.includes('\u001b['));
});

test('a reader that closes the pipe is no failure', async () => {
  const { code, stderr } = await featherweight(['inspect', model, '--json'], {
    started: (child) => child.stdout?.destroy(),
  });
  assert.equal(code, 0);
  assert.equal(stderr, '');
});

/** Processes that this one started. */
function childrenOf(pid: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child!);
}

async function childOf(pid: number): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const [child] = childrenOf(pid);
    if (child !== undefined) return child;
    await sleep(50);
  }
  throw new Error('no engine was started');
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const longRun = ['profile', model, '--runs', '100000000'];
const windows = process.platform === 'win32' ? 'signals are of Unix' : false;

test('Ctrl+C stops the run and its engine', { skip: windows }, async () => {
  let engine = 0;
  const { code, stdout, stderr } = await featherweight(longRun, {
    started: (child) =>
      void childOf(child.pid!).then(async (pid) => {
        engine = pid;
        await sleep(300);
        child.kill('SIGINT');
      }),
  });
  assert.equal(code, 130);
  assert.equal(stdout, '');
  assert.match(stderr, /featherweight: stopped\.\n$/);
  await sleep(200);
  assert.ok(engine > 0 && !isAlive(engine));
});

test('an engine that is killed is told apart from bad input', { skip: windows }, async () => {
  const { code, stdout, stderr } = await featherweight(longRun, {
    started: (child) =>
      void childOf(child.pid!).then(async (pid) => {
        await sleep(300);
        process.kill(pid, 'SIGKILL');
      }),
  });
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^featherweight: [^\n]+\n$/m);
});

test('the sample inspects and profiles', async () => {
  const sample = resolve('media/samples/digits-vit/model.onnx');
  const { code, stdout } = await featherweight(['profile', sample, '--runs', '3']);
  assert.equal(code, 0);
  assert.match(stdout, /vision transformer/);
  assert.match(stdout, /latency/);
});

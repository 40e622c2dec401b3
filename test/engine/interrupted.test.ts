import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs, {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isCancelled, isUserError } from '../../src/base/errors';
import { saveModel, saveModelSlowly } from '../../src/engine/saveModel';
import { stageBeside } from '../../src/engine/staging';
import { type Engine, startEngine } from '../../src/protocol/engineProcess';
import type { BuildRequest } from '../../src/protocol/build';
import { computedTensor, rememberLast } from '../../src/onnx/builder';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { engineProgram } from '../support/engineProgram';
import { inFolder } from '../support/folder';
import { refuses } from '../support/refuses';

const small = aModel({
  nodes: [aNode('Relu', ['w'], ['y'])],
  outputs: [aValue('y', 'float32', [256])],
  initializers: [aTensor('w', 'float32', [256], new Float32Array(256))],
});

/** A model whose building takes about a second, with its weights outside. */
function saveLarge(file: string): void {
  const width = 1024;
  const count = 8;
  // Each of its own: equal weights would be stored, and made, once.
  const values = (weight: number) =>
    Float32Array.from({ length: width * width }, (_, i) => Math.sin((i + weight) * 12.9898));
  const model = aModel({
    nodes: Array.from({ length: count }, (_, i) =>
      aNode('MatMul', [`h${i}`, `w${i}`], [`h${i + 1}`], {}, { name: `m${i}` }),
    ),
    inputs: [aValue('h0', 'float32', ['n', width])],
    outputs: [aValue(`h${count}`, 'float32', ['n', width])],
    initializers: Array.from({ length: count }, (_, i) =>
      aTensor(`w${i}`, 'float32', [width, width], values(i)),
    ),
  });
  saveModel(model, file, { weights: 'outside' });
}

/** A folder with a large model, an older result, and an engine. */
async function whileBuilding(
  body: (bench: {
    folder: string;
    engine: Engine;
    build: (options?: { signal?: AbortSignal }) => Promise<unknown>;
    /** Resolves once so many bytes of the new model's data are written, with the name of the hidden file. */
    writing: (least?: number) => Promise<string>;
    unharmed: () => void;
  }) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const place = (name: string) => join(folder, name);
    saveLarge(place('model.onnx'));
    saveModel(small, place('light.onnx'), { weights: 'outside' });
    const before = ['light.onnx', 'light.onnx.data'].map((name) => readFileSync(place(name)));
    const engine = startEngine({ program: engineProgram() });
    const request: BuildRequest = {
      file: place('model.onnx'),
      recipe: {
        version: 1,
        model: { file: 'model.onnx' },
        steps: [{ action: 'weightOnly', targets: {}, params: { rounding: 'nearest' } }],
      },
      ...{ folder, output: place('light.onnx'), overwrite: true, threads: 1 },
    };
    try {
      await body({
        ...{ folder, engine },
        build: (options) => engine.api.build(request, options),
        async writing(least = 1e5) {
          for (let poll = 0; poll < 4000; poll++) {
            const name = readdirSync(folder).find((each) => each.endsWith('.part'));
            const found = name && statSync(place(name), { throwIfNoEntry: false });
            if (name && found && found.size > least) return name;
            await sleep(5);
          }
          throw new Error('Nothing was written in 20 seconds.');
        },
        unharmed() {
          const after = ['light.onnx', 'light.onnx.data'].map((name) => readFileSync(place(name)));
          assert.ok(after.every((bytes, i) => bytes.equals(before[i]!)));
        },
      });
    } finally {
      engine.dispose();
    }
  });
}

const names = (folder: string) => readdirSync(folder).sort();
const files = ['light.onnx', 'light.onnx.data', 'model.onnx', 'model.onnx.data'];

test('an engine killed while it writes leaves what was there, and the next build clears up', () =>
  whileBuilding(async ({ folder, build, writing, unharmed }) => {
    const work = build();
    const failed = assert.rejects(work, (error) => isUserError(error) && error.code === 'crash');
    const hidden = await writing();
    process.kill(Number(/-(\d+)-[0-9a-f]+\.part$/.exec(hidden)![1]), 'SIGKILL');
    await failed;
    unharmed();
    const left = names(folder).filter((name) => !files.includes(name));
    assert.ok(left.every((name) => /^\.featherweight-.*\.(tmp|part)$/.test(name)));
    await build();
    assert.deepEqual(names(folder), [
      'light.onnx',
      'light.onnx.2.data',
      'model.onnx',
      'model.onnx.data',
    ]);
  }));

test('a build cancelled while it writes stops by itself and leaves nothing', () =>
  whileBuilding(async ({ folder, build, writing, unharmed }) => {
    const controller = new AbortController();
    const work = build({ signal: controller.signal });
    const failed = assert.rejects(work, isCancelled);
    await writing();
    controller.abort();
    await failed;
    unharmed();
    // It is ended where it does not stop in time; what it leaves is then removed by the next build.
    const left = names(folder).filter((name) => !files.includes(name));
    assert.ok(left.every((name) => /^\.featherweight-.*\.(tmp|part)$/.test(name)));
    await build();
    assert.equal(names(folder).length, files.length);
  }));

test('a save that is cut short is gone on with, and gives the same files', () =>
  inFolder(async (folder) => {
    const megabytes = 12;
    const computed: number[] = [];
    const controller = new AbortController();
    const remember = rememberLast();
    const weight = (i: number) => {
      const compute = remember(() => {
        computed.push(i);
        if (computed.length === 5) controller.abort();
        return new Float32Array(megabytes << 18).fill(i);
      });
      return computedTensor(`w${i}`, 'float32', [megabytes, 1 << 18], compute);
    };
    const model = aModel({ initializers: Array.from({ length: 6 }, (_, i) => weight(i)) });
    const options = { weights: 'outside', resume: '0123456789abcdef' } as const;
    const file = join(folder, 'a.onnx');
    await assert.rejects(
      saveModelSlowly(model, file, { ...options, signal: controller.signal }),
      isCancelled,
    );
    assert.deepEqual(computed, [0, 1, 2, 3, 4]);
    const [left, ...others] = readdirSync(folder);
    assert.match(left!, /\.part$/);
    assert.deepEqual(others, []);
    // As if the process had ended while it wrote the fourth.
    truncateSync(join(folder, left!), (3 * megabytes + 1) << 20);
    computed.length = 0;
    await saveModelSlowly(model, file, options);
    assert.deepEqual(computed, [3, 4, 5]);
    const whole = join(folder, 'b.onnx');
    saveModel(model, whole, { weights: 'outside' });
    assert.ok(readFileSync(`${file}.data`).equals(readFileSync(`${whole}.data`)));
    assert.deepEqual(readdirSync(folder).sort(), [
      'a.onnx',
      'a.onnx.data',
      'b.onnx',
      'b.onnx.data',
    ]);
  }));

test('a disk that fills up while it is written is said, and nothing is left', () => {
  inFolder((folder) => {
    const file = join(folder, 'a.onnx');
    saveModel(small, file);
    const before = readFileSync(file);
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    let written = 0;
    const { writeSync } = fs;
    const filling = mock.method(fs, 'writeSync', (...args: Parameters<typeof writeSync>) => {
      if (++written > 1) throw full;
      return writeSync(...args);
    });
    try {
      refuses(
        () => saveModel(small, file, { weights: 'outside' }),
        'badInput',
        /a\.onnx cannot be written: the disk is full\.$/,
      );
    } finally {
      filling.mock.restore();
    }
    assert.equal(written, 2);
    assert.deepEqual(readdirSync(folder), ['a.onnx']);
    assert.deepEqual(readFileSync(file), before);
  });
});

/** A disk of 1 MB, or why there can be none. */
function smallDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}

test('a model that does not fit on the disk is refused before it is written', (t) => {
  const disk = smallDisk();
  if (!disk) {
    t.skip('only root can make small disks');
    return;
  }
  try {
    const large = aTensor('w', 'float32', [1 << 19], new Float32Array(1 << 19));
    const model = { ...small, graph: { ...small.graph, initializers: [large] } };
    const file = join(disk, 'a.onnx');
    refuses(
      () => saveModel(model, file),
      'badInput',
      /has no room for the model: it takes 2\.\d+ MB, 1\.\d+ MB are free/,
    );
    assert.deepEqual(readdirSync(disk), []);
  } finally {
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  }
});

test('only what dead builds left is cleared up', () => {
  inFolder((folder) => {
    const first = stageBeside(join(folder, 'a.onnx'));
    const mine = first.folder.slice(folder.length + 1);
    const machine = mine.split('-')[1]!;
    // No process has this id: Linux gives none above 2^22.
    const dead = `.featherweight-${machine}-99999999-1.tmp`;
    const elsewhere = '.featherweight-00000000-99999999-1.tmp';
    const old = '.featherweight-00000000-99999999-2.tmp';
    const others = ['.featherweight-notes.tmp', 'a.tmp', '.featherweight'];
    for (const name of [dead, elsewhere, old, ...others]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, dead, 'a.onnx'), 'half');
    const before = new Date(Date.now() - 48 * 3600_000);
    utimesSync(join(folder, old), before, before);
    const second = stageBeside(join(folder, 'b.onnx'));
    const left = readdirSync(folder).filter((name) => !second.folder.endsWith(name));
    assert.deepEqual(left.sort(), [mine, elsewhere, ...others].sort());
    first.dispose();
    second.dispose();
  });
});

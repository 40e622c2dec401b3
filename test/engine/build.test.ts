import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCancelled, isUserError } from '../../src/base/errors';
import { build } from '../../src/engine/build';
import { hashOf } from '../../src/engine/fileHash';
import { Models } from '../../src/engine/models';
import { saveModel } from '../../src/engine/saveModel';
import type { BuildRequest } from '../../src/protocol/build';
import type { Step } from '../../src/protocol/recipe';
import { ortRunner } from '../../src/runtime/ort';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { inFolder } from '../support/folder';
import { npyFile } from '../support/npy';

const size = 64;
const weight = (name: string, seed: number) =>
  aTensor(
    name,
    'float32',
    [size, size],
    Float32Array.from({ length: size * size }, (_, i) => Math.sin(i * 12.9898 + seed)),
  );
const chain = (op = 'MatMul') =>
  aModel({
    nodes: [
      aNode('MatMul', ['x', 'net.0.weight'], ['h'], {}, { name: '/net/0/MatMul' }),
      aNode('Relu', ['h'], ['r'], {}, { name: '/net/1/Relu' }),
      aNode(op, ['r', 'net.2.weight'], ['y'], {}, { name: '/net/2/MatMul' }),
    ],
    inputs: [aValue('x', 'float32', ['batch', size])],
    outputs: [aValue('y', 'float32', ['batch', size])],
    initializers: [weight('net.0.weight', 1), weight('net.2.weight', 2)],
  });

const all: Step = { action: 'int8Dynamic', targets: {} };

interface Bench {
  readonly folder: string;
  readonly place: (name: string) => string;
  readonly request: (more?: Partial<BuildRequest>) => BuildRequest;
  readonly run: (request: BuildRequest, signal?: AbortSignal) => ReturnType<typeof build>;
  readonly notes: string[];
}

/** A folder with a model, and its building. */
async function onBench(body: (bench: Bench) => Promise<void>, model = chain(), outside = false) {
  await inFolder(async (folder) => {
    const place = (name: string) => join(folder, name);
    saveModel(model, place('model.onnx'), { weights: outside ? 'outside' : 'keep' });
    const notes: string[] = [];
    const models = new Models();
    await body({
      ...{ folder, place, notes },
      request: (more) => ({
        file: place('model.onnx'),
        recipe: { version: 1, model: { file: 'model.onnx' }, steps: [all] },
        ...{ folder, output: place('light.onnx'), overwrite: false, threads: 1 },
        ...more,
      }),
      run: (request, signal = new AbortController().signal) =>
        build(models.sized(request.file, {}), request, {
          signal,
          progress: (_, note) => notes.push(note),
          partial: () => {},
        }),
    });
  });
}

async function refuses(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isUserError(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}

test('a build says what it did, and leaves one file that runs', () =>
  onBench(async ({ folder, request, run, notes, place }) => {
    const built = await run(request());
    assert.deepEqual(readdirSync(folder).sort(), ['light.onnx', 'model.onnx']);
    assert.equal(built.tried, 'loaded');
    assert.equal(built.bytes, statSync(place('light.onnx')).size);
    assert.equal(built.sourceBytes, statSync(place('model.onnx')).size);
    assert.ok(built.bytes < 0.4 * built.sourceBytes);
    assert.deepEqual(built.files, [place('light.onnx')]);
    const [step] = built.steps;
    assert.deepEqual(step?.layers, ['net.0', 'net.2']);
    assert.ok(step!.edits > 0);
    assert.ok(notes.includes('step 1 of 1 · int8, dynamic'), notes.join('\n'));
    assert.match(notes.join('\n'), /writing · [\d.]+ KB of [\d.]+ KB\nloading light\.onnx/);
  }));

test('weights that lie outside lie outside again, and the pair is replaced at once', () =>
  onBench(
    async ({ folder, request, run, place }) => {
      const names = () => readdirSync(folder).sort();
      const source = ['model.onnx', 'model.onnx.data'];
      const first = await run(request());
      assert.deepEqual(names(), ['light.onnx', 'light.onnx.data', ...source]);
      assert.equal(
        first.bytes,
        statSync(place('light.onnx')).size + statSync(place('light.onnx.data')).size,
      );
      await refuses(run(request()), 'badInput', /is there already/);
      const again = await run(request({ overwrite: true }));
      // The first pair stood whole until the second did.
      assert.deepEqual(names(), ['light.onnx', 'light.onnx.2.data', ...source]);
      assert.deepEqual(again.files, [place('light.onnx.2.data'), place('light.onnx')]);
      await run(request({ overwrite: true }));
      assert.deepEqual(names(), ['light.onnx', 'light.onnx.data', ...source]);
      const session = await ortRunner().load(place('light.onnx'), {
        ...{ threads: 1, provider: 'cpu', optimize: 'all' },
      });
      await session.release();
    },
    chain(),
    true,
  ));

test('a recipe for another file is not applied unless that is asked for', () =>
  onBench(async ({ request, run, place }) => {
    const recipe = (sha256: string) => ({
      version: 1 as const,
      model: { file: 'model.onnx', sha256 },
      steps: [all],
    });
    const other = recipe('0'.repeat(64));
    await refuses(
      run(request({ recipe: other })),
      'badInput',
      /made for another file than model\.onnx/,
    );
    assert.ok(!existsSync(place('light.onnx')));
    await run(request({ recipe: other, otherModel: true }));
    const right = recipe(hashOf(place('model.onnx')));
    await run(request({ recipe: right, overwrite: true }));
    // The hash is that of what is there now.
    saveModel(chain('Add'), place('model.onnx'));
    await refuses(run(request({ recipe: right, overwrite: true })), 'badInput', /another file/);
  }));

test('nothing is written where nothing changes, and where it must not be', () =>
  onBench(async ({ folder, request, run, place }) => {
    const steps = (...list: Step[]) => ({ version: 1 as const, model: { file: '' }, steps: list });
    const relu: Step = { action: 'int8Dynamic', targets: { layers: ['net.1'] } };
    await refuses(run(request({ recipe: steps() })), 'badInput', /no steps/);
    await refuses(
      run(request({ recipe: steps(relu) })),
      'badInput',
      /No step changes anything.*\w\.$/,
    );
    const nobody: Step = { action: 'int8Dynamic', targets: { layers: ['net.9'] } };
    await refuses(run(request({ recipe: steps(nobody) })), 'badInput', /no layer 'net\.9'/);
    const source = { output: place('model.onnx'), overwrite: true };
    await refuses(run(request(source)), 'badInput', /cannot take the place/);
    await refuses(run(request({ output: folder, overwrite: true })), 'badInput', /is a folder/);
    await refuses(
      run(request({ output: place('no/a.onnx') })),
      'badInput',
      /folder does not exist/,
    );
    assert.deepEqual(readdirSync(folder), ['model.onnx']);
  }));

test('data is found from the recipe, also beside its folder', () =>
  onBench(async ({ request, run, place }) => {
    mkdirSync(place('recipes'));
    const values = Float32Array.from({ length: 40 * size }, (_, i) => Math.cos(i));
    writeFileSync(place('x.npy'), npyFile('<f4', [40, size], new Uint8Array(values.buffer)));
    const recipe = (calibration: string) => ({
      version: 1 as const,
      model: { file: '../model.onnx' },
      data: { calibration, samples: 20 },
      steps: [{ action: 'int8Static', targets: {} }],
    });
    const folder = place('recipes');
    const built = await run(request({ folder, recipe: recipe('../x.npy') }));
    assert.ok(built.steps[0]!.layers.length > 0);
    assert.deepEqual([built.facts?.name, built.facts?.used], ['x.npy', 20]);
    const missing = run(request({ folder, recipe: recipe('x.npy'), overwrite: true }));
    await refuses(missing, 'missingFile', /x\.npy/);
    const without = { ...recipe(''), data: {} };
    await refuses(
      run(request({ folder, recipe: without, overwrite: true })),
      'badInput',
      /needs data/,
    );
  }));

test('a cancelled build leaves what was there', () =>
  onBench(async ({ folder, request, run, place }) => {
    writeFileSync(place('light.onnx'), 'before');
    const controller = new AbortController();
    const work = run(request({ overwrite: true }), controller.signal);
    controller.abort();
    await assert.rejects(work, isCancelled);
    assert.deepEqual(readdirSync(folder).sort(), ['light.onnx', 'model.onnx']);
    assert.equal(readFileSync(place('light.onnx'), 'utf8'), 'before');
  }));

test('a model that the runtime cannot run anyway is built, and that is said', () =>
  onBench(
    async ({ request, run }) => {
      const built = await run(request());
      assert.equal(built.tried, 'not');
      assert.match(built.notes.join(), /does not load the original here either: .*Frobnicate/);
    },
    aModel(
      {
        ...chain().graph,
        nodes: [
          ...chain().graph.nodes.slice(0, 2),
          aNode('Frobnicate', ['r'], ['y'], {}, { domain: 'org.example' }),
        ],
      },
      {
        opsets: new Map([
          ['', 21],
          ['org.example', 1],
        ]),
      },
    ),
  ));

test('a weight that is no number is the reason where nothing else was meant', () => {
  const model = chain();
  const [first, second] = model.graph.initializers;
  const broken = aTensor(
    'net.0.weight',
    'float32',
    [size, size],
    new Float32Array(size * size).fill(NaN),
  );
  const damaged = { ...model, graph: { ...model.graph, initializers: [broken, second!] } };
  assert.equal(first?.name, broken.name);
  return onBench(async ({ request, run, place }) => {
    const only: Step = { action: 'weightOnly', targets: { layers: ['net.0'] } };
    const recipe = { version: 1, model: { file: 'model.onnx' }, steps: [only] } as const;
    await assert.rejects(
      run(request({ recipe })),
      (error) =>
        isUserError(error) &&
        /No step changes anything .*'net\.0\.weight' holds 4,096 values that are no numbers/.test(
          error.message,
        ),
    );
    assert.ok(!existsSync(place('light.onnx')));
    const { steps } = await run(request());
    assert.deepEqual(steps[0]?.layers, ['net.2']);
    assert.match(steps[0]?.skipped[0]?.why ?? '', /no numbers/);
  }, damaged);
});

import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isCancelled } from '../../src/base/errors';
import { FileSource } from '../../src/engine/files';
import { Models } from '../../src/engine/models';
import type { Model, Node } from '../../src/onnx/model';
import { profile, type ProfileInput, type ProfileResult } from '../../src/profile/profile';
import { syntheticFeeds } from '../../src/runtime/feeds';
import { ortRunner } from '../../src/runtime/ort';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';

const folder = mkdtempSync(join(tmpdir(), 'fw-profile-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const runner = ortRunner();
const models = new Models();
let next = 0;

function saved(model: Model): string {
  const inside = join(folder, `model-${next++}`);
  mkdirSync(inside);
  const file = join(inside, 'model.onnx');
  writeFileSync(file, modelBytes(model));
  return file;
}

async function profiled(file: string, more: Partial<ProfileInput> = {}) {
  const sized = models.sized(file, {});
  const feeds = syntheticFeeds(sized.index, sized.shapes, sized.resolved, 0);
  const temporary = mkdtempSync(join(folder, 'temporary-'));
  const partials: ProfileResult[] = [];
  const progress: [number, string][] = [];
  const result = await profile({
    ...{
      file,
      structure: sized.structure,
      runner,
      threads: 1,
      provider: 'cpu',
      warmup: 2,
      runs: 9,
    },
    folder: temporary,
    feeds: () => feeds,
    open: (path) => new FileSource(path),
    progress: (fraction, note) => progress.push([fraction, note]),
    partial: (known) => partials.push(known),
    ...more,
  });
  return { result, partials, progress, sized };
}

const size = 96;
const weight = (name: string) =>
  aTensor(
    name,
    'float32',
    [size, size],
    Float32Array.from({ length: size * size }, (_, at) => Math.sin(at) / size),
  );

/** Two layers; the nodes have no names. */
const plain = aModel({
  nodes: [
    aNode('MatMul', ['x', 'w1'], ['a']),
    aNode('Relu', ['a'], ['b']),
    aNode('MatMul', ['b', 'w2'], ['y']),
  ],
  initializers: [weight('w1'), weight('w2')],
  inputs: [aValue('x', 'float32', ['batch', size])],
  outputs: [aValue('y', 'float32', ['batch', size])],
});

const sumOfLayers = ({ layers }: ProfileResult) =>
  [...layers.values()].reduce((sum, { timeMs }) => sum + timeMs, 0);

test('layers and the unattributed rest add up to the plain run', async () => {
  const { result, sized } = await profiled(saved(plain));
  assert.ok(result.complete);
  assert.deepEqual(
    [...result.layers.keys()].sort(),
    sized.structure.layers.map((layer) => layer.id).sort(),
  );
  const total = sumOfLayers(result) + result.unattributedMs!;
  const { median } = result.plainLatencyMs!;
  assert.ok(Math.abs(total - median) < 1e-9 || total > median, `${total} against ${median}`);
  assert.ok(result.unattributedMs! >= 0 && result.unattributedMs! <= median);
  for (const { timeMs, p10, p90 } of result.layers.values())
    assert.ok(p10 <= timeMs && timeMs <= p90);
  assert.equal(result.nodes.size, 3);
  assert.equal(result.threads, 1);
  assert.ok(result.loadMs > 0 && result.latencyMs.median > 0);
  if (process.platform === 'linux') assert.ok(result.peakMemoryBytes! > 0);
});

test('tells more and more, and how far it is', async () => {
  const { partials, progress, result } = await profiled(saved(plain));
  assert.ok(partials.every((known) => !known.complete));
  assert.equal(partials[0]!.plainLatencyMs, null);
  assert.equal(partials[0]!.unattributedMs, null);
  assert.equal(partials[0]!.layers.size, 0);
  const layered = partials.find((known) => known.layers.size > 0)!;
  assert.ok([...layered.layers.values()].every(({ ran }) => ran.how === 'unknown'));
  assert.ok([...result.layers.values()].every(({ ran }) => ran.how !== 'unknown'));
  assert.ok(progress.every(([fraction], at) => at === 0 || fraction >= progress[at - 1]![0]));
  assert.equal(progress.at(-1)![0], 1);
  assert.ok(progress.some(([, note]) => note === '5 of 9 runs'));
});

test('what ran is listed slowest first with the layers it stands for', async () => {
  const { result } = await profiled(saved(plain));
  const times = result.executed.map((node) => node.timeMs);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => b - a),
  );
  assert.ok(result.executed.every((node) => node.layers.length > 0));
  assert.ok(
    result.executed.every((node) => !node.name.includes('@')),
    'marks are not shown',
  );
});

test('stops between runs when cancelled', async () => {
  const abort = new AbortController();
  let runs = 0;
  const progress = () => {
    if (++runs === 4) abort.abort();
  };
  await assert.rejects(profiled(saved(plain), { signal: abort.signal, progress }), isCancelled);
  assert.equal(runs, 4);
});

test('nodes in bodies get their own times', async () => {
  const branch = (op: string, initializer: string) =>
    aModel({
      nodes: [aNode('MatMul', ['x', initializer], ['m']), aNode(op, ['m'], ['r'])],
      initializers: [weight(initializer)],
      outputs: [aValue('r', 'float32', ['batch', size])],
    }).graph;
  const { result } = await profiled(
    saved(
      aModel({
        nodes: [
          aNode('If', ['flag'], ['y'], {
            then_branch: { kind: 'graph', value: branch('Relu', 'wt') },
            else_branch: { kind: 'graph', value: branch('Exp', 'we') },
          }),
        ],
        inputs: [aValue('x', 'float32', ['batch', size]), aValue('flag', 'bool', [])],
        outputs: [aValue('y', 'float32', ['batch', size])],
      }),
    ),
  );
  const ids = [...result.nodes.keys()];
  assert.ok(
    ids.some((id) => id.includes('then_branch')),
    ids.join(),
  );
  assert.ok(!ids.some((id) => id.includes('else_branch')), 'the other branch did not run');
});

test('weights in Constant nodes and in files beside the model are found', async () => {
  const value = (name: string) => ({ value: { kind: 'tensor' as const, value: weight('') }, name });
  const constants: Node[] = ['w1', 'w2'].map((name) =>
    aNode('Constant', [], [name], { value: value(name).value }),
  );
  await profiled(
    saved({
      ...plain,
      graph: { ...plain.graph, nodes: [...constants, ...plain.graph.nodes], initializers: [] },
    }),
  );

  const bytes = weight('w2').data as { bytes: Uint8Array };
  const data = {
    kind: 'external',
    location: 'sub/w2.bin',
    offset: 3,
    length: bytes.bytes.length,
    entries: [],
  } as const;
  const outside = { ...weight('w2'), data };
  const file = saved({
    ...plain,
    graph: { ...plain.graph, initializers: [weight('w1'), outside] },
  });
  mkdirSync(join(file, '..', 'sub'));
  writeFileSync(join(file, '..', 'sub/w2.bin'), Buffer.concat([Buffer.from('odd'), bytes.bytes]));
  assert.ok((await profiled(file)).result.complete);
});

test('a folder that may not be written, and a link to the model, do no harm', async () => {
  const file = saved(plain);
  chmodSync(join(file, '..'), 0o555);
  const linked = join(mkdtempSync(join(folder, 'link-')), 'other name.onnx');
  symlinkSync(file, linked);
  const before = readdirSync(join(file, '..'));
  assert.ok((await profiled(linked)).result.complete);
  assert.deepEqual(readdirSync(join(file, '..')), before);
  chmodSync(join(file, '..'), 0o755);
});

test('a model and its data that are links into another folder are run', async () => {
  const { bytes } = weight('w2').data as { bytes: Uint8Array };
  const data = {
    kind: 'external',
    location: 'model.data',
    offset: 0,
    length: bytes.length,
    entries: [],
  } as const;
  const initializers = [weight('w1'), { ...weight('w2'), data }];
  const blob = saved({ ...plain, graph: { ...plain.graph, initializers } });
  writeFileSync(join(blob, '..', 'abcdef'), bytes);
  const snapshot = mkdtempSync(join(folder, 'snapshot-'));
  symlinkSync(blob, join(snapshot, 'model.onnx'));
  symlinkSync(join(blob, '..', 'abcdef'), join(snapshot, 'model.data'));
  assert.ok((await profiled(join(snapshot, 'model.onnx'))).result.complete);
});

test('a model with local functions is timed inside them', async () => {
  const functions = [
    {
      ...{
        name: 'Twice',
        domain: 'made',
        overload: '',
        inputs: ['i'],
        outputs: ['o'],
        attributes: [],
      },
      attributeDefaults: new Map(),
      nodes: [aNode('MatMul', ['i', 'i'], ['t']), aNode('Relu', ['t'], ['o'])],
      opsets: new Map([['', 21]]),
      ...{ values: [], docString: '', metadata: [], unknown: new Uint8Array(0) },
    },
  ];
  const { result } = await profiled(
    saved(
      aModel(
        {
          nodes: [aNode('Twice', ['x'], ['y'], {}, { domain: 'made' })],
          inputs: [aValue('x', 'float32', [size, size])],
          outputs: [aValue('y', 'float32', [size, size])],
        },
        {
          functions,
          opsets: new Map([
            ['', 21],
            ['made', 1],
          ]),
        },
      ),
    ),
  );
  assert.equal(result.nodes.size, 2);
});

test('old models whose weights are listed as inputs are run', async () => {
  const inputs = [
    ...plain.graph.inputs,
    ...['w1', 'w2'].map((name) => aValue(name, 'float32', [size, size])),
  ];
  const old = {
    ...plain,
    irVersion: 3,
    opsets: new Map([['', 8]]),
    graph: { ...plain.graph, inputs },
  };
  assert.ok((await profiled(saved(old))).result.complete);
});

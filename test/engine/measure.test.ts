import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { zipSync } from 'fflate';
import { isUserError, UserError } from '../../src/base/errors';
import { measure } from '../../src/engine/measure';
import { checkMemory } from '../../src/engine/memory';
import { Models } from '../../src/engine/models';
import type { Model } from '../../src/onnx/model';
import type { ProfileRequest } from '../../src/protocol/engineApi';
import { engineFolder } from '../../src/protocol/temporary';
import type { Profile } from '../../src/protocol/types';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { modelsFolder, withoutModels } from '../support/models';
import { npyOf } from '../support/npy';

const folder = mkdtempSync(join(tmpdir(), 'fw-measure-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const models = new Models();
let next = 0;
const save = (model: Model) => {
  const file = join(folder, `m${next++}.onnx`);
  writeFileSync(file, modelBytes(model));
  return file;
};

const measured = (
  file: string,
  more: Partial<ProfileRequest> = {},
  partial: (value: unknown) => void = () => {},
) => {
  const request = {
    ...{ file, threads: 1, runs: 3, warmup: 1, provider: 'cpu', seed: 5 },
    ...more,
  };
  const context = { signal: new AbortController().signal, progress: () => {}, partial };
  return measure(
    models.sized(file, { dims: request.dims, shapes: request.shapes }),
    request,
    context,
  );
};

const fails = (work: Promise<unknown>, message: RegExp) =>
  assert.rejects(work, (error: unknown) => {
    assert.ok(isUserError(error), String(error));
    assert.match(error.message, message);
    return true;
  });

const pair = aModel({
  nodes: [aNode('Gather', ['table', 'ids'], ['e']), aNode('MatMul', ['e', 'w'], ['y'])],
  initializers: [
    aTensor('table', 'float32', [10, 4], new Float32Array(40).fill(1)),
    aTensor('w', 'float32', [4, 4], new Float32Array(16).fill(1)),
  ],
  inputs: [aValue('ids', 'int64', ['batch', 'sequence'])],
  outputs: [aValue('y', 'float32', ['batch', 'sequence', 4])],
});

/** In place of what differs from run to run. */
const untimed = {
  latencyMs: 0,
  plainLatencyMs: 0,
  loadMs: 0,
  peakMemoryBytes: 0,
  unattributedMs: 0,
  disturbedMs: 0,
  traceCostMs: 0,
  executed: 0,
};

test('a profile says how it was made', async () => {
  const partials: Profile[] = [];
  const { measured: facts, complete } = await measured(
    save(pair),
    { dims: { sequence: 7 } },
    (value) => partials.push(value as Profile),
  );
  assert.ok(complete);
  assert.deepEqual(
    {
      ...facts,
      ...untimed,
    },
    {
      ...{
        provider: 'cpu',
        threads: 1,
        warmup: 1,
        runs: 3,
        data: 'synthetic',
        seed: 5,
        runtime: facts.runtime,
      },
      ...untimed,
      facts: {
        ...{ kind: null, name: 'synthetic', samples: 1, used: 1, drawnWith: 5 },
        ...{ classes: null, lengths: null, assumed: [] },
      },
      inputs: [{ name: 'ids', dtype: 'int64', shape: [1, 7] }],
    },
  );
  assert.deepEqual(JSON.parse(JSON.stringify(partials)), partials);
  assert.ok(!existsSync(engineFolder(process.pid)), 'no temporary files stay');
});

test('given data is run batch by batch, and said to be the data', async () => {
  const file = save(pair);
  const ids = {
    dtype: 'int64' as const,
    shape: [3, 4],
    data: BigInt64Array.from([1n, 2n, 0n, 0n, 3n, 0n, 0n, 0n, 4n, 5n, 6n, 0n]),
  };
  const data = join(folder, 'given.npz');
  writeFileSync(data, zipSync({ 'ids.npy': npyOf(ids) }));
  const { measured: facts } = await measured(file, { data });
  assert.deepEqual([facts.data, facts.seed, facts.inputs[0]!.shape], ['given.npz', null, [1, 2]]);
});

test('an operator that the runtime does not know is named with all its nodes', async () => {
  const nodes = ['a', 'b', 'c', 'd', 'y'].map((name, at, all) =>
    aNode('Mystery', [at ? all[at - 1]! : 'x'], [name], {}, { domain: 'made.up', name: `n${at}` }),
  );
  const file = save(
    aModel(
      { nodes, inputs: [aValue('x', 'float32', [1])], outputs: [aValue('y', 'float32', [1])] },
      {
        opsets: new Map([
          ['', 21],
          ['made.up', 1],
        ]),
      },
    ),
  );
  await fails(
    measured(file),
    /'Mystery' of the domain 'made\.up'\. Used by 'n0', 'n1', 'n2' and 2 more\./,
  );
  assert.ok(!existsSync(engineFolder(process.pid)));
});

test('requests that make no sense are told', async () => {
  const file = save(pair);
  await fails(measured(file, { runs: 0 }), /one run/);
  await fails(measured(file, { threads: -1 }), /threads cannot be -1/);
  await fails(measured(file, { data: join(folder, 'gone.npz') }), /gone\.npz does not exist/);
});

test('too large a model is refused before the system ends the process', () => {
  const sized = models.sized(save(pair), { dims: { batch: 100_000, sequence: 1000 } });
  assert.throws(
    () => checkMemory(sized, 1e9),
    (error: unknown) =>
      error instanceof UserError && /needs at least .*1\.00 GB are free/.test(error.message),
  );
  checkMemory(sized, 1e12);
  checkMemory(models.sized(save(pair), {}), 0);
});

test('a cache that the data leaves out is made up as empty', { skip: withoutModels }, async () => {
  const file = join(modelsFolder, 'tiny-lm/model-cache.onnx');
  const { measured: facts } = await measured(file, {
    data: join(modelsFolder, 'tiny-lm/valid.npz'),
    runs: 1,
    warmup: 0,
  });
  const past = facts.inputs.find(({ name }) => name.startsWith('past'));
  assert.equal(past?.shape[2], 0);
  assert.equal(facts.seed, 5, 'a part of the inputs is made up');
});

for (const [model, data] of [
  ['minilm-sst2/model.onnx', 'minilm-sst2/dev.jsonl'],
  ['digits-vit/model.onnx', 'digits-vit/test.npz'],
  ['lstm-sst2/model.onnx', 'lstm-sst2/dev.npz'],
  ['vad/model.onnx', 'vad/speech.npz'],
  ['vad/model-if.onnx', 'vad/speech.npz'],
  ['ultraface/model.onnx', 'ultraface/images.npz'],
] as const) {
  test(`${model} runs on ${data}`, { skip: withoutModels }, async () => {
    const options = { data: join(modelsFolder, data), runs: 2, warmup: 0 };
    const { complete, layers } = await measured(join(modelsFolder, model), options);
    assert.ok(complete);
    assert.ok(Object.values(layers).some(({ timeMs }) => timeMs > 0));
  });
}

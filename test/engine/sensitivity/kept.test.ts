import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Sensitivity, SensitivityRequest } from '../../../src/protocol/sensitivity';
import { keptLines, withEngine, sample } from '../../support/sweeping';

test('rows are reused for the same question only', () =>
  withEngine(async ({ engine, request }) => {
    const few = { ...request, probes: ['int8'], layers: ['blocks.0.*'] };
    const reusedBy = async (more: Partial<SensitivityRequest>) =>
      (await engine.api.sensitivity({ ...few, ...more })).reused;
    assert.equal(await reusedBy({}), 0);
    assert.equal(await reusedBy({}), 6);
    // More layers and probes are more rows of the same sweep.
    assert.equal(await reusedBy({ probes: ['int4', 'int8'], layers: ['blocks.0.mlp.*'] }), 2);
    assert.equal(await reusedBy({ samples: 9 }), 0);
    assert.equal(await reusedBy({ metric: 'nmse' }), 0);
    assert.equal(await reusedBy({ file: sample('model-dynamo.onnx'), layers: ['*.mlp.up'] }), 0);
    const madeUp = { ...few };
    delete madeUp.data;
    const synthetic = async (more: Partial<SensitivityRequest>) =>
      (await engine.api.sensitivity({ ...madeUp, ...more })).reused;
    assert.equal(await synthetic({}), 0);
    assert.equal(await synthetic({ seed: 2 }), 0);
    assert.equal(await synthetic({ dims: { batch: 2 } }), 0);
    assert.equal(await synthetic({}), 6);
  }));

test('errors that were followed are kept by model, inputs and probe', () =>
  withEngine(async ({ engine, request }) => {
    const followed = { ...request, probes: ['int8'], layers: ['*.mlp.*'] };
    const ask = async (more: Partial<SensitivityRequest>) => {
      const partials: Sensitivity[] = [];
      const found = await engine.api.sensitivity(
        { ...followed, ...more },
        { partial: (value) => partials.push(value as Sensitivity) },
      );
      return { rows: found.propagation, partials };
    };
    const first = await ask({ propagation: 'int4', layers: ['*.mlp.up'] });
    assert.equal(first.rows.length, 4);
    const lines = keptLines(request.cache!).length;
    const again = await ask({ propagation: 'int4', layers: ['*.mlp.up'] });
    assert.deepEqual(again.rows, first.rows);
    assert.equal(keptLines(request.cache!).length, lines);
    // More layers: only those are measured, and all stand in the model's order.
    const more = await ask({ propagation: 'int4' });
    assert.equal(keptLines(request.cache!).length, lines + 4 + 4);
    assert.deepEqual(
      more.rows.map(({ id }) => id),
      ['0', '1', '2', '3'].flatMap((at) => [`blocks.${at}.mlp.up`, `blocks.${at}.mlp.down`]),
    );
    assert.deepEqual(
      more.rows.filter(({ id }) => id.endsWith('up')),
      first.rows,
    );
    await ask({ propagation: 'int2' });
    await ask({ propagation: 'int4', samples: 9 });
    // The errors of two bits, and of other samples with rows of their own.
    assert.equal(keptLines(request.cache!).length, lines + 8 + 8 + 8 + 8);
    // Metrics do not change errors.
    await ask({ propagation: 'int2', metric: 'nmse' });
    assert.equal(keptLines(request.cache!).length, lines + 5 * 8);
  }));

/** Numbers of samples that rows stand on. */
const spent = ({ layers }: Sensitivity) => layers.map(({ samples }) => samples);

test('an adaptive sweep is answered from what is kept, and an exact one takes its rows of all samples', () =>
  withEngine(async ({ engine, request }) => {
    const question = { ...request, samples: 48, probes: ['int4'] };
    const adaptive = await engine.api.sensitivity({ ...question, tier: 'adaptive' });
    assert.equal(adaptive.tier, 'adaptive');
    assert.equal(adaptive.layers.length, 28);
    assert.ok(adaptive.layers.every(({ settled }) => settled));
    const whole = spent(adaptive).filter((count) => count === 48).length;
    assert.ok(whole > 0 && whole < 28, `${whole} rows of all samples`);
    assert.equal(adaptive.stability[0]?.rows, 28);
    assert.ok(adaptive.stability[0].samples <= Math.min(...spent(adaptive)));
    const again = await engine.api.sensitivity({ ...question, tier: 'adaptive' });
    assert.equal(again.reused, 28);
    assert.deepEqual(again.layers, adaptive.layers);
    assert.deepEqual(again.stability, adaptive.stability);
    // One probe more: the scores of the other are there already.
    const probes = ['int4', 'int2'];
    const more = await engine.api.sensitivity({ ...question, tier: 'adaptive', probes });
    assert.equal(more.reused, 28);
    assert.deepEqual(
      more.layers.filter(({ probe }) => probe === 'int4'),
      adaptive.layers,
    );
    const exact = await engine.api.sensitivity(question);
    assert.equal(exact.reused, whole);
    assert.ok(spent(exact).every((count) => count === 48));
    const answered = await engine.api.sensitivity({ ...question, tier: 'adaptive' });
    assert.equal(answered.reused, 28);
    assert.deepEqual(answered.layers, exact.layers);
  }));

test('another weight in the file, and other data, are other questions', () =>
  withEngine(async ({ engine, request, folder }) => {
    const copy = { ...request, probes: ['int8'], layers: ['blocks.0.mlp.*'] };
    const [file, data] = [join(folder, 'model.onnx'), join(folder, 'test.npz')];
    const bytes = readFileSync(request.file);
    writeFileSync(file, bytes);
    writeFileSync(data, readFileSync(request.data!));
    const reusedBy = async (more: Partial<SensitivityRequest> = {}) =>
      (await engine.api.sensitivity({ ...copy, file, data, ...more })).reused;
    assert.equal(await reusedBy(), 0);
    // The name of the file is not what it is.
    assert.equal(await reusedBy({ file: request.file, data: request.data! }), 2);
    assert.equal(await reusedBy({ probes: ['int8', 'int4'] }), 2);
    // In the middle of a weight, of which this file has little else.
    const at = Math.floor(bytes.length / 2);
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(file, bytes);
    assert.equal(await reusedBy(), 0);
    assert.equal(await reusedBy(), 2);
    writeFileSync(data, readFileSync(sample('train.npz')));
    assert.equal(await reusedBy(), 0);
  }));

test('a folder that cannot be used, or a full disk, is said and no failure', () =>
  withEngine(async ({ engine, request, folder }) => {
    const few = { ...request, probes: ['int8'], layers: ['blocks.0.mlp.*'] };
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const nowhere = await engine.api.sensitivity({ ...few, cache: join(file, 'kept') });
    assert.equal(nowhere.layers.length, 2);
    assert.match(
      nowhere.notes.join(),
      /^Finished rows could not be kept for the next time: ENOTDIR/,
    );
    assert.deepEqual((await engine.api.sensitivity(few)).notes, []);
    if (process.platform !== 'linux') return;
    const [name] = readdirSync(request.cache!);
    const full = join(folder, 'full');
    mkdirSync(full);
    symlinkSync('/dev/full', join(full, name!));
    const unkept = await engine.api.sensitivity({ ...few, cache: full });
    assert.equal(unkept.reused, 0);
    assert.equal(unkept.layers.length, 2);
    assert.match(unkept.notes.join(), /could not be kept.*ENOSPC/);
  }));

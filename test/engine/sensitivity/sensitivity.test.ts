import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { isCancelled, isUserError } from '../../../src/base/errors';
import { type Engine, startEngine } from '../../../src/protocol/engineProcess';
import type { Sensitivity, SensitivityRequest } from '../../../src/protocol/sensitivity';
import { mergeSensitivities } from '../../../src/report/sensitivity/merge';
import { engineProgram } from '../../support/engineProgram';
import { inFolder } from '../../support/folder';

const sample = (name: string) => resolve('media/samples/digits-vit', name);

const asked: SensitivityRequest = {
  ...{ file: sample('model.onnx'), data: sample('test.npz'), probes: ['int8', 'prune50'] },
  ...{ samples: 8, threads: 1, seed: 1 },
};
/** Rows that it gives. */
const all = 28 * 2;

interface Bench {
  readonly engine: Engine;
  /** Of the process that runs models. */
  readonly pid: () => number;
  readonly folder: string;
  readonly request: SensitivityRequest;
}

function withEngine(work: (bench: Bench) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const lines: string[] = [];
    const engine = startEngine({ program: engineProgram(), log: (line) => lines.push(line) });
    const started = () => lines.findLast((line) => / started on /.test(line));
    try {
      const request = { ...asked, cache: join(folder, 'kept') };
      await work({ engine, folder, request, pid: () => Number(started()?.split(' ')[1]) });
    } finally {
      engine.dispose();
    }
  });
}

/** Lines of the one file in a cache, whole ones or not. */
const keptLines = (cache: string) =>
  readdirSync(cache).flatMap((name) =>
    readFileSync(join(cache, name), 'utf8').split('\n').filter(Boolean),
  );

const isWhole = (line: string) => {
  try {
    return Boolean(JSON.parse(line));
  } catch {
    return false;
  }
};

/** Lets a sweep come to `least` rows, does something to it, and gives the last partial result when it has failed. */
async function interrupted(
  { engine, request }: Bench,
  least: number,
  interrupt: () => void,
  signal?: AbortSignal,
  countOf = ({ layers }: Sensitivity) => layers.length,
): Promise<{ error: unknown; last: Sensitivity }> {
  let last: Sensitivity | undefined;
  const error = await engine.api
    .sensitivity(request, {
      ...(signal ? { signal } : {}),
      partial: (value) => {
        const before = last ? countOf(last) : 0;
        last = value as Sensitivity;
        if (before < least && countOf(last) >= least) interrupt();
      },
    })
    .then(
      () => assert.fail('The sweep was over too soon.'),
      (thrown: unknown) => thrown,
    );
  return { error, last: last! };
}

/** A small model's sweep is over before much can be done to it. */
const longer = (bench: Bench): Bench => ({ ...bench, request: { ...bench.request, samples: 96 } });

test('a sweep that is cancelled comes back within 200 ms with what it had, and goes on from there', () =>
  withEngine(async (short) => {
    const bench = longer(short);
    const stop = new AbortController();
    let stopped = 0;
    const { error, last } = await interrupted(
      ...([bench, 1] as const),
      () => {
        stopped = performance.now();
        stop.abort();
      },
      stop.signal,
    );
    const ms = performance.now() - stopped;
    assert.ok(isCancelled(error), String(error));
    assert.ok(ms < 200, `${ms} ms`);
    assert.equal(last.complete, false);
    const kept = keptLines(bench.request.cache!).filter(isWhole).length;
    assert.ok(last.layers.length >= 1 && last.layers.length <= kept);
    const whole = await bench.engine.api.sensitivity(bench.request);
    assert.equal(whole.reused, kept);
    assert.equal(whole.layers.length, all);
    assert.ok(whole.complete);
    console.log(`  came back after ${ms.toFixed(0)} ms with ${last.layers.length} rows`);
  }));

test('an engine that is killed in a sweep loses no more than the row under way', () =>
  withEngine(async (short) => {
    const bench = longer(short);
    const { error, last } = await interrupted(bench, 1, () => process.kill(bench.pid(), 'SIGKILL'));
    assert.ok(isUserError(error) && error.code === 'crash', String(error));
    const lines = keptLines(bench.request.cache!);
    const kept = lines.filter(isWhole).length;
    assert.ok(lines.length - kept <= 1);
    assert.ok(kept >= last.layers.length);
    // What a process leaves that is killed while it writes.
    const [name] = readdirSync(bench.request.cache!);
    appendFileSync(join(bench.request.cache!, name!), '\n{"id":"blocks.3.mlp.down","probe":"pr');
    const again = await bench.engine.api.sensitivity(bench.request);
    assert.equal(again.reused, kept);
    assert.equal(again.layers.length, all);
    const third = await bench.engine.api.sensitivity(bench.request);
    assert.equal(third.reused, all);
    assert.deepEqual(third.layers, again.layers);
  }));

test('errors that are followed, and hints, stop within 200 ms and keep what they have found', () =>
  withEngine(async (bench) => {
    const questions = [
      {
        request: { ...bench.request, probes: ['int8'], propagation: 'int4', layers: ['blocks.*'] },
        countOf: ({ propagation }: Sensitivity) => propagation.length,
      },
      {
        request: { ...bench.request, tier: 'hints' as const, probes: ['int4', 'lowRank90'] },
        countOf: ({ hints }: Sensitivity) => hints.length,
      },
    ];
    for (const { request, countOf } of questions) {
      const stop = new AbortController();
      let stopped = 0;
      const abort = () => {
        stopped = performance.now();
        stop.abort();
      };
      const asked = [{ ...bench, request }, 1, abort, stop.signal, countOf] as const;
      const { error, last } = await interrupted(...asked);
      const ms = performance.now() - stopped;
      assert.ok(isCancelled(error) && ms < 200, `${String(error)} after ${ms} ms`);
      assert.ok(countOf(last) >= 1 && !last.complete);
    }
    const errorsKept = () =>
      keptLines(bench.request.cache!).filter((line) => line.includes('"local"') && isWhole(line));
    const [{ request, countOf }] = questions as [(typeof questions)[0]];
    const before = errorsKept().length;
    assert.ok(before >= 1 && before < 24, `${before} rows of errors`);
    const kill = () => process.kill(bench.pid(), 'SIGKILL');
    const killed = await interrupted(
      ...([{ ...bench, request }, before + 2, kill, undefined, countOf] as const),
    );
    assert.ok(isUserError(killed.error) && killed.error.code === 'crash');
    assert.ok(errorsKept().length >= before + 2);
    const whole = await bench.engine.api.sensitivity(request);
    assert.equal(whole.propagation.length, 24);
    assert.equal(errorsKept().length, 24);
  }));

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

test('an adaptive sweep that is cancelled, and one whose engine is killed, go on where they were', () =>
  withEngine(async (bench) => {
    const { engine } = bench;
    const request = {
      ...{ ...bench.request, samples: 48, probes: ['int4', 'int2'] },
      tier: 'adaptive' as const,
    };
    const unkept = { ...request };
    delete unkept.cache;
    const wanted = await engine.api.sensitivity(unkept);
    const scoresKept = () =>
      keptLines(request.cache!)
        .filter(isWhole)
        .map((line) => JSON.parse(line) as { scores: number[] })
        .reduce((sum, { scores }) => sum + scores.length, 0);
    const stop = new AbortController();
    let stopped = 0;
    const abort = () => {
      stopped = performance.now();
      stop.abort();
    };
    const first = await interrupted({ ...bench, request }, 20, abort, stop.signal);
    const ms = performance.now() - stopped;
    assert.ok(isCancelled(first.error) && ms < 200, `${String(first.error)} after ${ms} ms`);
    const afterFirst = scoresKept();
    assert.ok(afterFirst >= first.last.layers.length);
    const kill = () => process.kill(bench.pid(), 'SIGKILL');
    const second = await interrupted({ ...bench, request }, 40, kill);
    assert.ok(isUserError(second.error) && second.error.code === 'crash', String(second.error));
    assert.ok(scoresKept() > afterFirst);
    const found = await engine.api.sensitivity(request);
    assert.ok(found.reused > 0);
    const near = (a: number, b: number) => Math.abs(a - b) <= 1e-4 * Math.abs(b) + 1e-8;
    for (const [at, { id, probe, damage, samples }] of wanted.layers.entries()) {
      const row = found.layers[at]!;
      assert.ok(near(row.damage, damage), `${id} ${probe}: ${row.damage}, not ${damage}`);
      assert.equal(row.samples, samples, `${id} ${probe}`);
    }
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

test('two sweeps at once on one cache agree and leave it whole', () =>
  withEngine(async (one) =>
    withEngine(async (other) => {
      const request = { ...one.request, layers: ['*.mlp.*'] };
      const rows = 8 * 2;
      const [a, b] = await Promise.all(
        [one, other].map(({ engine }) => engine.api.sensitivity(request)),
      );
      assert.deepEqual(a!.layers, b!.layers);
      const lines = keptLines(request.cache!);
      assert.ok(lines.every(isWhole) && lines.length >= rows && lines.length <= 2 * rows);
      const third = await other.engine.api.sensitivity(request);
      assert.equal(third.reused, rows);
      assert.deepEqual(third.layers, a!.layers);
    }),
  ));

test('the parts of a sweep are the whole, whatever is asked about', () =>
  withEngine(async ({ engine }) => {
    const questions: Partial<SensitivityRequest>[] = [
      {
        probes: ['int4', 'weightOnly:bits=2', 'removedHead', 'removedBlock'],
        layers: ['*.0*.output*', '*.0*.mlp*', 'blocks.0', 'head'],
      },
      { probes: ['int4', 'prune50'], tier: 'hints' },
    ];
    for (const more of questions) {
      const wanted = { ...asked, ...more };
      const whole = await engine.api.sensitivity(wanted);
      const parts = [];
      for (const index of [2, 0, 1]) {
        const shard = { index, of: 3 };
        const part = await engine.api.sensitivity({ ...wanted, shard });
        parts.push({ name: `${index}.json`, sensitivity: part });
      }
      const merged = mergeSensitivities(parts);
      const facts = ({ layers, hints }: Sensitivity) => ({
        hints,
        rows: layers.map(({ id, probe, bytes, samples }) => ({ id, probe, bytes, samples })),
      });
      assert.deepEqual(facts(merged), facts(whole));
      for (const [at, { id, probe, damage }] of whole.layers.entries()) {
        const found = merged.layers[at]!.damage;
        assert.ok(
          Math.abs(found - damage) <= 1e-5 * damage + 1e-9,
          `${id} ${probe}: ${found}, not ${damage}`,
        );
      }
      assert.deepEqual(merged.stability, whole.stability);
      assert.equal(whole.stability.length, more.tier === 'hints' ? 0 : 3);
      assert.ok(whole.layers.length + whole.hints.length > 8);
    }
  }));

import assert from 'node:assert/strict';
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCancelled, isUserError } from '../../../src/base/errors';
import type { Sensitivity } from '../../../src/protocol/sensitivity';
import { all, type Bench, isWhole, keptLines, withEngine } from '../../support/sweeping';

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

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { noProgress } from '../../src/base/progress';
import type { Calibration, CalibrationBatch } from '../../src/runtime/calibration';
import type { Feeds } from '../../src/runtime/runner';
import {
  adaptiveKey,
  adaptiveSweep,
  type AdaptiveOptions,
  type AdaptiveRow,
} from '../../src/sensitivity/adaptive';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { forTheirCost } from '../../src/sensitivity/difficulty';
import { metrics } from '../../src/sensitivity/metrics/index';
import { weightProbes } from '../../src/sensitivity/probes';
import { layerSubject } from '../../src/sensitivity/sweep';
import { drawnBy, stratifiedMean, strataOf } from '../../src/sensitivity/strata';
import { calibrationOf, unmasked } from '../support/calibration';
import { someFloats } from '../support/equal';
import { feedForwards, sizedModel, streamWidth } from '../support/residuals';

const samples = 48;

/** Single samples, which can be picked; all but some are nearly alike. */
function pickable(batches: readonly CalibrationBatch[]): Calibration {
  return {
    ...calibrationOf(batches),
    pick: (numbers) => pickable(numbers.map((number) => batches[number]!)),
  };
}

const data = pickable(
  Array.from({ length: samples }, (_, at) =>
    unmasked({ x: someFloats([1, 3, streamWidth], at % 7 === 3 ? at : (at % 5) + 1) }),
  ),
);

interface Run {
  readonly rows: ReadonlyMap<string, AdaptiveRow>;
  /** How often rows were told. */
  readonly told: number;
  readonly spent: number;
  readonly ranked: readonly string[];
}

const nmse: AdaptiveOptions['score'] = (reference, candidate, batch) =>
  metrics.nmse.score({
    ...{ reference: reference['y']!, candidate: candidate['y']! },
    ...{ batch, reading: 'values' },
  });

/** Twelve layers in six blocks under two probes. */
async function swept(t: TestContext, change: Partial<AdaptiveOptions>): Promise<Run> {
  const { index, structure } = sizedModel(t, feedForwards('pre', 6));
  const rows = new Map<string, AdaptiveRow>();
  let told = 0;
  await adaptiveSweep({
    ...{ index, data, open: undefined, memory: 1e9, worst: 3, seed: 1 },
    tasks: candidatesOf(structure).layers.map((each) => ({
      subject: layerSubject(each),
      changes: (['int4', 'prune50'] as const).map((name) => ({
        ...{ kind: 'weight', name, change: weightProbes[name].change },
      })),
    })),
    score: nmse,
    ...{ signal: undefined, progress: noProgress },
    ...change,
    finished: (row) => {
      rows.set(`${row.subject.id} ${row.name}`, row);
      told++;
      change.finished?.(row);
    },
  });
  const spent = [...rows.values()].reduce((sum, { scores }) => sum + scores.length, 0);
  const ranked = [...rows].sort(([, a], [, b]) => b.mean - a.mean).map(([key]) => key);
  return { rows, told, spent, ranked };
}

const worstOf = ({ ranked }: Run, name: string) =>
  new Set(ranked.filter((key) => key.endsWith(name)).slice(0, 3));

test('it finds the layers that suffer most with fewer samples, and says what its means stand on', async (t) => {
  const { name, samples: count, batches, load } = data;
  const whole = { name, samples: count, batches, load };
  const exact = await swept(t, { data: whole });
  assert.equal(exact.spent, 24 * samples);
  assert.ok([...exact.rows.values()].every(({ settled }) => settled));
  const adaptive = await swept(t, {});
  assert.ok(adaptive.spent < 0.9 * exact.spent, `${adaptive.spent} of ${exact.spent}`);
  for (const name of ['int4', 'prune50']) {
    assert.deepEqual(worstOf(adaptive, name), worstOf(exact, name));
  }
  let inside = 0;
  for (const [key, { mean, halfWidth, settled, scores }] of adaptive.rows) {
    const wanted = exact.rows.get(key)!;
    assert.ok(settled);
    if (scores.length === samples) assert.deepEqual(scores, wanted.scores);
    inside += Number(Math.abs(mean - wanted.mean) <= halfWidth);
  }
  assert.ok(inside >= 22, `${inside} of 24`);
});

test('a seed gives the same rows again', async (t) => {
  const [a, b] = [await swept(t, { seed: 7 }), await swept(t, { seed: 7 })];
  assert.deepEqual(
    [...a.rows].map(([key, { mean, scores }]) => [key, mean, scores]),
    [...b.rows].map(([key, { mean, scores }]) => [key, mean, scores]),
  );
});

test('it stops when nothing is open', async (t) => {
  const all = await swept(t, { worst: 12 });
  const { drawn } = strataOf(new Array<number>(samples).fill(0), 1)[2]!;
  assert.equal(drawn.length, 4);
  const first = drawnBy(strataOf(new Array<number>(samples).fill(0), 1), 0).length;
  const counts = new Set([...all.rows.values()].map(({ scores }) => scores.length));
  assert.deepEqual(counts, new Set([samples, first]));
});

test('a limit keeps rows open until their side of it is known', async (t) => {
  const free = await swept(t, { worst: 12 });
  const open = free.ranked.find((key) => free.rows.get(key)!.scores.length < samples)!;
  const limit = free.rows.get(open)!.mean;
  const limited = await swept(t, { worst: 12, limit });
  assert.equal(limited.rows.get(open)!.scores.length, samples);
  assert.ok(limited.spent < 24 * samples);
});

test('what was told before an abort holds', async (t) => {
  const aborter = new AbortController();
  const rows: AdaptiveRow[] = [];
  const finished = (row: AdaptiveRow) => {
    rows.push(row);
    if (rows.length === 9) aborter.abort();
  };
  await assert.rejects(swept(t, { signal: aborter.signal, finished }), { code: 'cancelled' });
  assert.equal(rows.length, 9);
  // The six of the pilots are settled; of the others only some samples are known.
  assert.deepEqual(new Set(rows.slice(0, 6).map(({ settled }) => settled)), new Set([true]));
  assert.ok(rows.slice(6).every(({ settled, scores }) => !settled && scores.length < samples));
});

test('strata hold every sample once, and all are drawn in the end', () => {
  const hard = Array.from({ length: 200 }, (_, at) => (at * 37) % 200);
  const strata = strataOf(hard, 3);
  const all = strata.flatMap(({ samples: own }) => own).sort((a, b) => a - b);
  assert.deepEqual(all, [...hard.keys()]);
  const rounds = strata[0]!.drawn.length;
  assert.equal(rounds, 5, 'more samples, more rounds');
  assert.deepEqual(drawnBy(strata, rounds - 1), all);
  for (let round = 1; round < rounds; round++) {
    const before = new Set(drawnBy(strata, round - 1));
    assert.ok(before.size < drawnBy(strata, round).length);
    assert.ok([...before].every((sample) => drawnBy(strata, round).includes(sample)));
  }
  assert.ok(Math.min(...strata[0]!.samples.map((at) => hard[at]!)) >= 156);
});

test('the mean of some samples is that of all on average, within its error', () => {
  const hard = Array.from({ length: 64 }, (_, at) => 64 - at);
  const value = (at: number) => Math.exp(-at / 20) * (1 + 0.5 * Math.sin(at * 12.9898));
  const wanted = hard.reduce((sum, _, at) => sum + value(at), 0) / 64;
  let [sum, inside] = [0, 0];
  const seeds = 400;
  for (let seed = 0; seed < seeds; seed++) {
    const { mean, error } = stratifiedMean(strataOf(hard, seed), 0, value);
    sum += mean / seeds;
    inside += Number(Math.abs(mean - wanted) <= 2 * error);
  }
  assert.ok(Math.abs(sum - wanted) < 0.01 * wanted, `${sum}, not ${wanted}`);
  // Few draws of a stratum tell little of its spread.
  assert.ok(inside / seeds > 0.75, `${inside} of ${seeds}`);
  assert.deepEqual(stratifiedMean(strataOf(hard, 1), 3, value).error, 0);
});

test('what is known from before is not measured again, and changes nothing', async (t) => {
  const whole = await swept(t, { seed: 3 });
  const aborter = new AbortController();
  const kept = new Map<string, ReadonlyMap<number, number>>();
  let told = 0;
  const keep = ({ subject, name, samples, scores }: AdaptiveRow) => {
    const known = samples.map((sample, at) => [sample, scores[at]!] as const);
    kept.set(adaptiveKey(subject, name), new Map(known));
    if (++told === 20) aborter.abort();
  };
  await assert.rejects(swept(t, { seed: 3, signal: aborter.signal, finished: keep }), {
    code: 'cancelled',
  });
  let scored = 0;
  const score: AdaptiveOptions['score'] = (reference, candidate, batch) => {
    scored++;
    return nmse(reference, candidate, batch);
  };
  const resumed = await swept(t, { seed: 3, known: kept, score });
  assert.deepEqual(resumed.ranked, whole.ranked);
  for (const [key, row] of whole.rows) {
    const { samples: spent, scores, mean, settled } = resumed.rows.get(key)!;
    assert.deepEqual(
      [spent, scores, mean, settled],
      [row.samples, row.scores, row.mean, row.settled],
    );
  }
  const before = [...kept.values()].reduce((sum, { size }) => sum + size, 0);
  assert.ok(before > 0);
  assert.equal(scored, whole.spent - before);
});

test('it goes on where all that is cheap is known, and measures nothing where everything is', async (t) => {
  const whole = await swept(t, {});
  const known = new Map(
    [...whole.rows.values()].map(({ subject, name, samples: spent, scores }) => [
      adaptiveKey(subject, name),
      new Map(spent.map((sample, at) => [sample, scores[at]!])),
    ]),
  );
  const score = () => assert.fail('nothing is missing');
  const again = await swept(t, { known, score });
  assert.deepEqual(again.ranked, whole.ranked);
  const hard = (_: Feeds, { feeds }: CalibrationBatch) => [(feeds['x']!.data as Float32Array)[0]!];
  const first = await swept(t, { difficulty: hard });
  const kept = new Map(
    [...first.rows.values()].map(({ subject, name, samples: spent, scores }) => [
      adaptiveKey(subject, name),
      new Map(spent.map((sample, at) => [sample, scores[at]!])),
    ]),
  );
  // How unsure the model is is seen where it runs as it is: nothing is scored for it.
  const second = await swept(t, { difficulty: hard, known: kept, score });
  assert.deepEqual(second.ranked, first.ranked);
});

test('samples are hard for what they cost, which is their positions', () => {
  const real = Uint8Array.from([1, 1, 1, 1, 1, 0, 0, 0]);
  const mask = { batch: 2, sequence: 4, real };
  const batch = { feeds: {}, labels: undefined, mask };
  assert.deepEqual(forTheirCost([6, 6], batch), [3, 6]);
  assert.deepEqual(forTheirCost([6, 6], { ...batch, mask: undefined }), [6, 6]);
});

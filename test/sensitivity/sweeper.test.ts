import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { noProgress } from '../../src/base/progress';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { metrics } from '../../src/sensitivity/metrics/index';
import { weightProbes } from '../../src/sensitivity/probes';
import { layerSubject, type Score, sweep, type SweepRow } from '../../src/sensitivity/sweep';
import { type Ground, Sweeper } from '../../src/sensitivity/sweeper';
import { dataOf } from '../support/calibration';
import { someFloats } from '../support/equal';
import { feedForwards, sizedModel, streamWidth } from '../support/residuals';

/** Batches of so many samples each. */
const batchesOf = (...sizes: number[]) =>
  dataOf(sizes.map((size, at) => ({ x: someFloats([size, 3, streamWidth], at + size) })));

const score: Score = (a, b, batch) =>
  metrics.nmse.score({ reference: a['y']!, candidate: b['y']!, batch, reading: 'values' });

/** A sweeper for a dozen layers, which counts what it loads. */
function openSweeper(t: TestContext) {
  const { index, structure } = sizedModel(t, feedForwards('pre', 6));
  const tasks = candidatesOf(structure).layers.map((each) => ({
    subject: layerSubject(each),
    changes: [{ kind: 'weight', name: 'int4', change: weightProbes.int4.change } as const],
  }));
  const count = { loaded: 0 };
  const plain = batchesOf(2);
  const data = {
    ...plain,
    load: (...given: Parameters<typeof plain.load>) => {
      count.loaded++;
      return plain.load(...given);
    },
  };
  const common = { index, open: undefined, signal: undefined, memory: 1e9 };
  const sweeper = new Sweeper({ ...common, data, subjects: tasks.map(({ subject }) => subject) });
  t.after(() => sweeper.close());
  const measure = async (ground: Ground | undefined, isLast = false) => {
    const rows: SweepRow[] = [];
    const finished = (row: SweepRow) => rows.push(row);
    await sweeper.measure(ground!, { tasks, score, finished, progress: noProgress, isLast });
    return rows.map(({ subject: { id }, scores }) => ({ id, scores }));
  };
  const alone = async (own: typeof plain) => {
    const rows: SweepRow[] = [];
    const finished = (row: SweepRow) => rows.push(row);
    await sweep({ ...common, data: own, tasks, score, finished, progress: noProgress });
    return rows.map(({ subject: { id }, scores }) => ({ id, scores }));
  };
  return { sweeper, count, measure, alone };
}

test('segments are loaded once for several data, and scores are those of sweeps of their own', async (t) => {
  const { sweeper, count, measure, alone } = openSweeper(t);
  const [small, large, later] = [batchesOf(1, 1), batchesOf(4, 3), batchesOf(2)];
  const [one, other] = await sweeper.enter(small, large);
  const segments = count.loaded;
  assert.equal(segments, 4);
  assert.deepEqual(await measure(one), await alone(small));
  assert.deepEqual(await measure(other), await alone(large));
  const before = count.loaded;
  const [third] = await sweeper.enter(later);
  assert.equal(count.loaded, before, 'data of other sizes was known to come');
  assert.deepEqual(await measure(third, true), await alone(later));
});

test('segments that were loaded for sizes which other data does not have are loaded again', async (t) => {
  const { sweeper, count, measure, alone } = openSweeper(t);
  await sweeper.enter(batchesOf(2, 2));
  const segments = count.loaded;
  const other = batchesOf(3);
  const [ground] = await sweeper.enter(other);
  // What the model itself is fed has the sizes that its file has.
  assert.equal(count.loaded - segments, segments - 1);
  assert.deepEqual(await measure(ground), await alone(other));
  await sweeper.enter(batchesOf(5));
  const before = count.loaded;
  await sweeper.enter(batchesOf(1));
  assert.equal(count.loaded, before);
});

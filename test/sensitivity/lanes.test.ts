import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test, type TestContext } from 'node:test';
import { noProgress } from '../../src/base/progress';
import { loadModel } from '../../src/engine/loadModel';
import type { Calibration } from '../../src/runtime/calibration';
import { ortRunner } from '../../src/runtime/ort';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { metrics } from '../../src/sensitivity/metrics/index';
import { weightProbes } from '../../src/sensitivity/probes';
import { layerSubject, sweep, type SweepOptions, type SweepRow } from '../../src/sensitivity/sweep';
import { dataOf } from '../support/calibration';
import { someFloats } from '../support/equal';
import { session } from '../support/loading';
import { feedForwards, sizedModel, streamWidth } from '../support/residuals';

const five = dataOf(
  Array.from({ length: 5 }, (_, at) => ({ x: someFloats([1, 3, streamWidth], at + 1) })),
);

/** Data with so many lanes, and how many of them are open. */
function inLanes(most: number, failAt = Infinity, data = five) {
  const count = { opened: 0, open: 0, loaded: 0 };
  const laned: Calibration = {
    ...data,
    lanes: {
      most,
      open(of) {
        assert.equal(of, most);
        const lane = ortRunner().lane();
        count.opened++;
        count.open++;
        const through = { runner: lane, open: undefined, folder: tmpdir(), name: 'made.onnx' };
        return {
          load: (model, options) => {
            if (++count.loaded === failAt) return Promise.reject(new Error('no more'));
            return loadModel(model, through, { ...session, ...options });
          },
          async close() {
            await lane.close();
            count.open--;
          },
        };
      },
    },
  };
  return { count, laned };
}

/** Twelve layers in six blocks under two probes. */
async function swept(t: TestContext, change: Partial<SweepOptions>): Promise<SweepRow[]> {
  const { index, structure } = sizedModel(t, feedForwards('pre', 6));
  const rows: SweepRow[] = [];
  await sweep({
    ...{ index, data: five, open: undefined, memory: 1e9 },
    tasks: candidatesOf(structure).layers.map((each) => ({
      subject: layerSubject(each),
      changes: (['int4', 'prune50'] as const).map((name) => ({
        ...{ kind: 'weight', name, change: weightProbes[name].change },
      })),
    })),
    score: (a, b, batch) =>
      metrics.nmse.score({ reference: a['y']!, candidate: b['y']!, batch, reading: 'values' }),
    ...{ signal: undefined, progress: noProgress },
    ...change,
    finished: (row) => {
      rows.push(row);
      change.finished?.(row);
    },
  });
  return rows;
}

const sorted = (rows: readonly SweepRow[]) =>
  rows.map(({ subject: { id }, name, scores }) => `${id} ${name} ${scores.join(' ')}`).sort();

test('scores are the same in any number of lanes, with room for values and without', async (t) => {
  const alone = sorted(await swept(t, {}));
  assert.equal(alone.length, 24);
  for (const most of [2, 3]) {
    for (const memory of [1e9, 1]) {
      const { laned, count } = inLanes(most);
      const shares: number[] = [];
      const progress = (share: number) => shares.push(share);
      assert.deepEqual(sorted(await swept(t, { data: laned, memory, progress })), alone);
      assert.deepEqual(
        shares,
        [...shares].sort((a, b) => a - b),
      );
      assert.equal(shares.at(-1), 1);
      assert.deepEqual([count.opened, count.open], [most, 0]);
    }
  }
  assert.deepEqual(sorted(await swept(t, { memory: 1 })), alone);
});

test('a lane that runs none of the unchanged model itself goes on behind changes all the same', async (t) => {
  const data = dataOf([{ x: someFloats([1, 3, streamWidth], 4) }]);
  const { laned } = inLanes(3, Infinity, data);
  assert.deepEqual(sorted(await swept(t, { data: laned })), sorted(await swept(t, { data })));
});

test('an error in one lane ends all', async (t) => {
  // Within the start, and in the middle of the work.
  for (const failAt of [3, 12]) {
    const { laned, count } = inLanes(2, failAt);
    await assert.rejects(swept(t, { data: laned }), { message: 'no more' });
    assert.equal(count.open, 0);
  }
});

test('an abort ends all lanes, and what was told holds', async (t) => {
  const { laned, count } = inLanes(2);
  const aborter = new AbortController();
  const rows: SweepRow[] = [];
  const finished = (row: SweepRow) => {
    rows.push(row);
    if (rows.length === 5) aborter.abort();
  };
  await assert.rejects(swept(t, { data: laned, signal: aborter.signal, finished }), {
    code: 'cancelled',
  });
  assert.equal(count.open, 0);
  const whole = sorted(await swept(t, {}));
  assert.ok(rows.length < whole.length);
  for (const row of sorted(rows)) assert.ok(whole.includes(row));
});

test('a sweep of little opens no lanes', async (t) => {
  const { laned, count } = inLanes(1);
  await swept(t, { data: laned });
  assert.equal(count.opened, 0);
});

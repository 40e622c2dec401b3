import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noProgress } from '../../src/base/progress';
import type { Session } from '../../src/runtime/runner';
import { compareLatency, medianInterval } from '../../src/verify/latency';

test('the interval of a median holds it and narrows with the count', () => {
  const values = (n: number) => Array.from({ length: n }, (_, at) => at / n);
  const few = medianInterval(values(12));
  const many = medianInterval(values(400));
  for (const { ratio, low, high } of [few, many]) assert.ok(low <= ratio && ratio <= high);
  assert.ok(many.high - many.low < few.high - few.low);
  // With too few values for an interval it is all of them.
  assert.deepEqual(medianInterval([3, 1]), { ratio: 2, low: 1, high: 3 });
});

test('rounds take turns, and a disturbance that meets both leaves the ratio alone', async () => {
  const order: string[] = [];
  // The machine is ten times slower in every second round.
  let calls = 0;
  const session = (name: string, ms: number) =>
    ({
      run: () => {
        order.push(name);
        return Promise.resolve({ outputs: {}, ms: ms * (Math.floor(calls++ / 2) % 2 ? 10 : 1) });
      },
    }) as unknown as Session;
  const found = await compareLatency(
    { session: session('a', 30), feeds: {} },
    { session: session('b', 10), feeds: {} },
    { rounds: 8, warmup: 2, signal: undefined, progress: noProgress },
  );
  assert.equal(order.join(''), 'abbaabbaabbaabbaabba');
  assert.deepEqual([found.ratio, found.low, found.high, found.rounds], [3, 3, 3, 8]);
});

test('it stops between rounds', async () => {
  const stop = new AbortController();
  let runs = 0;
  const session = {
    run: () => {
      if (++runs === 3) stop.abort();
      return Promise.resolve({ outputs: {}, ms: 1 });
    },
  } as unknown as Session;
  const timed = { session, feeds: {} };
  const options = { rounds: 50, warmup: 0, signal: stop.signal, progress: noProgress };
  await assert.rejects(compareLatency(timed, timed, options), /Cancelled/);
  assert.equal(runs, 4);
});

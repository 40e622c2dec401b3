import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { tellSeldom } from '../../../src/engine/sensitivity/partial';

/** A teller on a clock of its own; telling takes `costMs`. */
function bench(t: TestContext, costMs = 0) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const told: number[] = [];
  const teller = tellSeldom(
    () => {
      now += costMs;
      told.push(now);
    },
    () => now,
  );
  const wait = (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  return { teller, told, wait };
}

test('the first change is told at once, the others a few times a second', (t) => {
  const { teller, told, wait } = bench(t);
  for (let row = 0; row < 100; row++) {
    teller.changed();
    wait(10);
  }
  assert.deepEqual(told, [0, 250, 500, 750, 1000]);
});

test('a change that nothing follows is told all the same', (t) => {
  const { teller, told, wait } = bench(t);
  teller.changed();
  wait(10);
  teller.changed();
  assert.deepEqual(told, [0]);
  wait(1000);
  assert.deepEqual(told.length, 2);
});

test('what is large is told less often', (t) => {
  const { teller, told, wait } = bench(t, 100);
  for (let row = 0; row < 500; row++) {
    teller.changed();
    wait(10);
  }
  // A twentieth of the time: every 2.1 seconds.
  assert.deepEqual(told, [100, 2200, 4300]);
});

test('the end tells what was left to tell, and nothing where nothing was', (t) => {
  const { teller, told, wait } = bench(t);
  teller.changed();
  wait(10);
  teller.changed();
  teller.flush();
  assert.deepEqual(told, [0, 10]);
  teller.flush();
  wait(1000);
  assert.deepEqual(told, [0, 10]);
});

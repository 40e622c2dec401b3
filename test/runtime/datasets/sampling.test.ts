import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../../../src/runtime/datasets/dataset';
import { placesIn, placesOf } from '../../../src/runtime/datasets/sampling';

test('without a seed the first samples are taken', () => {
  assert.deepEqual(placesOf(10, 3), [0, 1, 2]);
  assert.deepEqual(placesOf(2, 3), [0, 1]);
});

test('a draw is the same for the same seed, without repetition, and fewer are the beginning of more', () => {
  const all = placesOf(100, 100, 7);
  assert.deepEqual(
    [...all].sort((a, b) => a - b),
    placesOf(100, 100),
  );
  assert.deepEqual(placesOf(100, 30, 7), all.slice(0, 30));
  assert.notDeepEqual(placesOf(100, 30, 8), all.slice(0, 30));
});

test('every sample is drawn as often as any other', () => {
  const times = new Array<number>(10).fill(0);
  for (let seed = 0; seed < 2000; seed++) for (const at of placesOf(10, 3, seed)) times[at]!++;
  // 600 each on average, with a deviation of 20.
  assert.ok(Math.max(...times) < 690 && Math.min(...times) > 510, String(times));
});

test('few are drawn from very many at once', () => {
  const places = placesOf(1e12, 1000, 1);
  assert.equal(new Set(places).size, 1000);
  assert.ok(places.some((place) => place > 5e11));
});

test('a model with a batch of its own gets whole batches, and others none that were skipped', () => {
  const dataset = (count: number, atOnce?: number) => ({ count, atOnce }) as Dataset;
  assert.equal(placesIn(dataset(100, 32), 50).length, 32);
  assert.equal(placesIn(dataset(100, 32), 5).length, 32);
  assert.deepEqual(placesIn(dataset(10), 3, { skip: 3 }), [3, 4, 5]);
  assert.deepEqual(placesIn(dataset(10), 3, { skip: 9 }), [9]);
  assert.deepEqual(placesIn(dataset(10), 3, { skip: 10 }), []);
  const seen = placesIn(dataset(10), 6, { seed: 3 });
  const unseen = placesIn(dataset(10), 6, { seed: 3, skip: 6 });
  assert.deepEqual([...seen, ...unseen], placesOf(10, 10, 3));
});

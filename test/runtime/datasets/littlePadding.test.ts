import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, range } from '../../../src/runtime/datasets/dataset';
import { batchesOfLittlePadding } from '../../../src/runtime/datasets/littlePadding';

const dataset = (lengths: readonly number[] | undefined, atOnce?: number): Dataset =>
  ({
    ...{ name: 'data', count: lengths?.length ?? 10, atOnce },
    lengths: (places: readonly number[]) => lengths && places.map((place) => lengths[place] ?? 0),
  }) as unknown as Dataset;

test('batches are cut where lengths jump, and all samples are in one', () => {
  const lengths = [100, 5, 6, 98, 5, 101, 6, 5];
  const batches = batchesOfLittlePadding(dataset(lengths), 16, range(0, 8));
  assert.deepEqual(batches, [
    [1, 4, 7, 2, 6],
    [3, 0, 5],
  ]);
});

test('a run’s own cost keeps few samples from batches of their own, and no batch is too large', () => {
  const lengths = range(0, 40).map((at) => 10 + (at % 3));
  const batches = batchesOfLittlePadding(dataset(lengths), 16, range(0, 40));
  assert.ok(batches.every((batch) => batch.length <= 16));
  assert.equal(batches.length, 3);
  assert.deepEqual(
    [...batches.flat()].sort((a, b) => a - b),
    range(0, 40),
  );
});

test('data without lengths and models with a size of their own have equal batches', () => {
  const sizes = (of: Dataset) =>
    batchesOfLittlePadding(of, 4, range(0, 10)).map((batch) => batch.length);
  assert.deepEqual(sizes(dataset(undefined)), [4, 4, 2]);
  assert.deepEqual(sizes(dataset([1, 2, 3, 4, 5, 6, 7, 8, 9, 90], 5)), [5, 5]);
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Output } from '../../../src/onnx/output';
import { tensorMessage } from '../../../src/onnx/tensorMessage';
import { batchesByLength, range } from '../../../src/runtime/datasets/dataset';
import type { InputSpec } from '../../../src/runtime/inputs';
import { aTensor } from '../../support/build';
import { dataFolder, float32, int64, numbersIn as numbers, openFor } from '../../support/datasets';
import { refuses as refusesAs } from '../../support/refuses';

const { path, save, saveArrays, open } = dataFolder();

const ids: InputSpec = { name: 'input_ids', dtype: 'int64', shape: ['batch', 'sequence'] };
const mask: InputSpec = { name: 'attention_mask', dtype: 'int64', shape: ['b2', 'sequence'] };

const refuses = (work: () => unknown, message: RegExp) => refusesAs(work, 'badInput', message);

test('batches are cut to their longest sample by the mask', () => {
  saveArrays('padded.npz', {
    input_ids: int64([3, 4], [5, 6, 0, 0, 7, 0, 0, 0, 1, 2, 3, 4]),
    attention_mask: int64([3, 4], [1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]),
    label: int64([3], [1, 0, 1]),
  });
  const data = open('padded.npz', [ids, mask]);
  assert.equal(data.count, 3);
  assert.equal(data.batches(2), 2);
  assert.deepEqual(data.batch(1, 2).feeds['input_ids']!.shape, [1, 4]);
  const first = data.batch(0, 2);
  assert.deepEqual(first.feeds['input_ids']!.shape, [2, 2]);
  assert.deepEqual(numbers(first.feeds, 'input_ids'), [5, 6, 7, 0]);
  assert.deepEqual(numbers(first.feeds, 'attention_mask'), [1, 1, 1, 0]);
  assert.deepEqual(first.labels, [1, 0]);
  assert.deepEqual(data.batch(2, 1).feeds['input_ids']!.shape, [1, 4]);
});

test('without a mask the usual end of the rows is padding', () => {
  saveArrays('ids.npz', {
    input_ids: int64([3, 5], [5, 6, 1, 1, 1, 7, 8, 9, 1, 1, 2, 3, 4, 5, 6]),
  });
  assert.deepEqual(open('ids.npz', [ids]).batch(0, 2).feeds['input_ids']!.shape, [2, 3]);
});

test('a length that the model fixes is not cut', () => {
  saveArrays('fixed.npz', { input_ids: int64([2, 3], [5, 0, 0, 6, 0, 0]) });
  const data = open('fixed.npz', [{ ...ids, shape: ['batch', 3] }]);
  assert.deepEqual(data.batch(0, 2).feeds['input_ids']!.shape, [2, 3]);
});

test('samples may lie along another axis, and single values hold for all', () => {
  saveArrays('speech.npz', {
    input: float32([3, 2], [1, 2, 3, 4, 5, 6]),
    state: float32([2, 3, 1], [1, 2, 3, 4, 5, 6]),
    sr: int64([], [16000]),
  });
  const specs: InputSpec[] = [
    { name: 'input', dtype: 'float32', shape: ['batch', 2] },
    { name: 'state', dtype: 'float32', shape: [2, 'batch', 1] },
    { name: 'sr', dtype: 'int64', shape: [] },
  ];
  const { feeds } = open('speech.npz', specs).batch(1, 1);
  assert.deepEqual(numbers(feeds, 'input'), [3, 4]);
  assert.deepEqual(feeds['state']!.shape, [2, 1, 1]);
  assert.deepEqual(numbers(feeds, 'state'), [2, 5]);
  assert.deepEqual(numbers(feeds, 'sr'), [16000]);
});

test('a batch that the model fixes is taken', () => {
  saveArrays('images.npz', { image: float32([5, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) });
  const data = open('images.npz', [{ name: 'image', dtype: 'float32', shape: [2, 2] }]);
  assert.equal(data.batches(1), 2);
  assert.deepEqual(numbers(data.batch(1, 1).feeds, 'image'), [4, 5, 6, 7]);
  refuses(() => open('images.npz', [{ name: 'image', dtype: 'float32', shape: [6, 2] }]), /6/);
});

test('an axis more than the model has holds the samples', () => {
  saveArrays('stacked.npz', { image: float32([3, 2], [0, 1, 2, 3, 4, 5]) });
  const data = open('stacked.npz', [{ name: 'image', dtype: 'float32', shape: [2] }]);
  assert.equal(data.batches(8), 3);
  assert.deepEqual(data.batch(2, 8).feeds['image'], float32([2], [4, 5]));
});

test('numbers are converted where nothing is lost', () => {
  saveArrays('bytes.npz', {
    input_ids: { dtype: 'int32', shape: [1, 2], data: new Int32Array([3, 4]) },
    attention_mask: { dtype: 'bool', shape: [1, 2], data: new Uint8Array([1, 1]) },
  });
  const { feeds } = open('bytes.npz', [ids, mask]).batch(0, 1);
  assert.deepEqual(feeds['input_ids'], int64([1, 2], [3, 4]));
  assert.deepEqual(feeds['attention_mask'], int64([1, 2], [1, 1]));
});

test('what does not fit is told with what the model takes', () => {
  saveArrays('wrong.npz', {
    image: float32([2, 3, 8], new Array<number>(48).fill(0)),
    label: int64([2], [0, 1]),
  });
  const spec = (
    name: string,
    shape: InputSpec['shape'],
    dtype: InputSpec['dtype'] = 'float32',
  ): InputSpec[] => [{ name, dtype, shape }];
  refuses(
    () => open('wrong.npz', spec('pixels', ['batch', 3])),
    /nothing for the input 'pixels' \(float32 \[batch, 3\]\); it has image, label/,
  );
  refuses(
    () => open('wrong.npz', spec('image', ['batch', 4, 8])),
    /image in wrong\.npz is float32 \[2, 3, 8\]; the model takes float32 \[batch, 4, 8\]/,
  );
  refuses(
    () => open('wrong.npz', spec('image', ['batch', 3, 8], 'int64')),
    /float32 \[2, 3, 8\]; the model takes int64/,
  );
  refusesAs(
    () => open('none.npz', spec('image', ['batch'])),
    'missingFile',
    /none\.npz does not exist/,
  );
  save('model.txt', 'x');
  refuses(() => open('model.txt', []), /no data that can be read/);
});

test('states may be left out', () => {
  saveArrays('nostate.npz', { input_ids: int64([1, 2], [3, 4]) });
  const past: InputSpec = { name: 'past', dtype: 'float32', shape: ['batch', 'past'] };
  const data = open('nostate.npz', [ids, past]);
  assert.deepEqual(Object.keys(data.batch(0, 1).feeds), ['input_ids']);
});

const pb = (name: string, shape: number[], values: number[]) => {
  const output = new Output(false);
  tensorMessage.writeBody(output, aTensor(name, 'float32', shape, values));
  return output.toBytes();
};

test('folders of test sets go to inputs by name, else by place', () => {
  for (const set of ['test_data_set_0', 'test_data_set_10', 'test_data_set_2']) {
    const second = Number(set.split('_').at(-1));
    save(`sets/${set}/input_0.pb`, pb('b', [1], [second]));
    save(`sets/${set}/output_0.pb`, pb('y', [1], [0]));
  }
  const specs: InputSpec[] = ['a', 'b'].map((name) => ({ name, dtype: 'float32', shape: ['n'] }));
  refuses(() => open('sets', specs), /test_data_set_0 has nothing for the input 'a'/);
  for (const set of ['test_data_set_0', 'test_data_set_10', 'test_data_set_2']) {
    save(`sets/${set}/input_1.pb`, pb('a', [1], [-1]));
  }
  const data = open('sets', specs);
  assert.equal(data.batches(4), 3);
  assert.deepEqual(
    [0, 1, 2].map((at) => numbers(data.batch(at, 1).feeds, 'b')[0]),
    [0, 2, 10],
  );
  assert.deepEqual(numbers(open('sets/test_data_set_2', specs).batch(0, 1).feeds, 'a'), [-1]);
  save('sets/test_data_set_2/input_1.pb', pb('', [1], [7]));
  const placed = open('sets/test_data_set_2', specs).batch(0, 1).feeds;
  assert.deepEqual([numbers(placed, 'a'), numbers(placed, 'b')], [[2], [7]]);
  refuses(() => open('sets', specs.slice(0, 1)), /one input too many: the model takes 1/);
  refuses(() => open('.', specs), /no input_0\.pb/);
});

test('a damaged tensor file is told by name', () => {
  save('broken/input_0.pb', new Uint8Array([255, 255, 255, 255]));
  refusesAs(() => open('broken', [ids]), 'badFile', /input_0/);
});

test('evaluation takes every sample once, the short ones first, with their labels', () => {
  const lengths = [4, 1, 3, 2, 2];
  saveArrays('lengths.npz', {
    input_ids: int64(
      [5, 4],
      lengths.flatMap((length, row) => [0, 1, 2, 3].map((at) => (at < length ? 10 * row + 1 : 0))),
    ),
    attention_mask: int64(
      [5, 4],
      lengths.flatMap((length) => [0, 1, 2, 3].map((at) => Number(at < length))),
    ),
    label: int64([5], [40, 10, 30, 20, 21]),
  });
  const data = open('lengths.npz', [ids, mask]);
  assert.deepEqual(data.lengths(range(0, 5)), lengths);
  const batches = batchesByLength(data, 2);
  assert.deepEqual(batches, [[1, 3], [4, 2], [0]]);
  const found = batches.map((samples) => data.select(samples));
  assert.deepEqual(
    found.map(({ labels }) => labels),
    [[10, 20], [21, 30], [40]],
  );
  assert.deepEqual(
    found.map(({ feeds }) => feeds['input_ids']!.shape),
    [
      [2, 2],
      [2, 3],
      [1, 4],
    ],
  );
  assert.deepEqual(numbers(found[0]!.feeds, 'input_ids'), [11, 0, 31, 31]);
});

test('samples may be taken in any order along any axis', () => {
  saveArrays('any.npz', { image: float32([3, 2], [0, 1, 2, 3, 4, 5]) });
  const image: InputSpec = { name: 'image', dtype: 'float32', shape: ['n', 2] };
  const data = open('any.npz', [image]);
  assert.equal(data.lengths([0]), undefined);
  assert.deepEqual(numbers(data.select([2, 0]).feeds, 'image'), [4, 5, 0, 1]);
});

test('a model with a batch of its own gets full batches only', () => {
  saveArrays('fixed.npz', { image: float32([5, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) });
  const image: InputSpec = { name: 'image', dtype: 'float32', shape: [2, 2] };
  const data = open('fixed.npz', [image]);
  assert.deepEqual([data.atOnce, data.batches(32)], [2, 2]);
  assert.deepEqual(batchesByLength(data, 32), [
    [0, 1],
    [2, 3],
  ]);
});

test('arrays that disagree, are empty or hold what the model cannot take are told by input', () => {
  const options = { folder: path, longest: 3 };
  const wrong = (arrays: Parameters<typeof saveArrays>[1], message: RegExp) => {
    saveArrays('wrong.npz', arrays);
    refuses(() => {
      const data = openFor(join(path, 'wrong.npz'), [ids, { ...mask, shape: ids.shape }], options);
      data.batch(0, 2);
    }, message);
  };
  const ones = (...shape: number[]) => int64(shape, Array(shape.reduce((a, b) => a * b)).fill(1));
  const attention_mask = ones(2, 3);
  wrong(
    { input_ids: ones(4, 3), attention_mask },
    /input_ids has 4 samples in wrong\.npz, and attention_mask has 2; the model takes as many of both \(batch\)/,
  );
  wrong(
    { input_ids: ones(2, 3, 1), attention_mask },
    /input_ids in wrong\.npz is int64 \[2, 3, 1\]; the model takes int64 \[batch, sequence\]/,
  );
  wrong({ input_ids: int64([2, 0], []), attention_mask }, /is int64 \[2, 0\]/);
  wrong(
    { input_ids: ones(2, 4), attention_mask: ones(2, 4) },
    /is 4 tokens long; the model takes 3/,
  );
  const input_ids = int64([2, 3], [1, 2, 3, 4, 5, 100_000]);
  wrong(
    { input_ids, attention_mask },
    /input_ids in wrong\.npz holds 100000; the model knows tokens from 0 to 99999/,
  );
});

test('labels of test sets lie beside their inputs', () => {
  const spec: InputSpec = { name: 'a', dtype: 'float32', shape: ['n'] };
  save('labelled/0/input_0.pb', pb('a', [2], [1, 2]));
  save('labelled/0/labels.pb', pb('labels', [2], [1, 0]));
  assert.deepEqual(open('labelled', [spec]).batch(0, 1).labels, [1, 0]);
  save('labelled/1/input_0.pb', pb('a', [2], [1, 2]));
  refuses(() => open('labelled', [spec]).labels([0, 1]), /1 has no labels; all sets or none/);
});

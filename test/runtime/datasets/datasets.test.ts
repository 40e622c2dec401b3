import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { zipSync } from 'fflate';
import { UserError } from '../../../src/base/errors';
import { Output } from '../../../src/onnx/output';
import { tensorMessage } from '../../../src/onnx/tensorMessage';
import { batchesByLength } from '../../../src/runtime/datasets/dataset';
import { openDataset } from '../../../src/runtime/datasets/open';
import type { InputSpec } from '../../../src/runtime/inputs';
import type { Feeds, RunTensor } from '../../../src/runtime/runner';
import { aTensor } from '../../support/build';
import { modelsFolder, withoutModels } from '../../support/models';
import { npyOf } from '../../support/npy';

const folder = mkdtempSync(join(tmpdir(), 'fw-data-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const none: ReadonlySet<string> = new Set();
const open = (name: string, specs: readonly InputSpec[], optional = none) =>
  openDataset(join(folder, name), { specs, optional, modelFolder: folder, longest: undefined });

const save = (name: string, data: Uint8Array | string) => writeFileSync(join(folder, name), data);
const saveArrays = (name: string, arrays: Record<string, RunTensor>) =>
  save(
    name,
    zipSync(
      Object.fromEntries(
        Object.entries(arrays).map(([key, value]) => [`${key}.npy`, npyOf(value)]),
      ),
    ),
  );

const int64 = (shape: number[], values: readonly number[]): RunTensor => ({
  dtype: 'int64',
  shape,
  data: BigInt64Array.from(values, BigInt),
});
const float32 = (shape: number[], values: readonly number[]): RunTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const numbers = (feeds: Feeds, name: string) =>
  Array.from(feeds[name]!.data as unknown as ArrayLike<number | bigint>, Number);

const ids: InputSpec = { name: 'input_ids', dtype: 'int64', shape: ['batch', 'sequence'] };
const mask: InputSpec = { name: 'attention_mask', dtype: 'int64', shape: ['b2', 'sequence'] };

const refuses = (work: () => unknown, message: RegExp) =>
  assert.throws(work, (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });

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
  refuses(() => open('none.npz', spec('image', ['batch'])), /none\.npz does not exist/);
  save('model.txt', 'x');
  refuses(() => open('model.txt', []), /no data that can be read/);
});

test('states may be left out', () => {
  saveArrays('nostate.npz', { input_ids: int64([1, 2], [3, 4]) });
  const past: InputSpec = { name: 'past', dtype: 'float32', shape: ['batch', 'past'] };
  const data = open('nostate.npz', [ids, past], new Set(['past']));
  assert.deepEqual(Object.keys(data.batch(0, 1).feeds), ['input_ids']);
});

const pb = (name: string, shape: number[], values: number[]) => {
  const output = new Output(false);
  tensorMessage.writeBody(output, aTensor(name, 'float32', shape, values));
  return output.toBytes();
};

test('folders of test sets go to inputs by name, else by place', () => {
  for (const set of ['test_data_set_0', 'test_data_set_10', 'test_data_set_2']) {
    mkdirSync(join(folder, 'sets', set), { recursive: true });
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
  mkdirSync(join(folder, 'broken'), { recursive: true });
  save('broken/input_0.pb', new Uint8Array([255, 255, 255, 255]));
  assert.throws(() => open('broken', [ids]), UserError);
});

test('texts need a tokenizer and a text in every line', () => {
  save('texts.jsonl', '{"text": "a"}\n');
  refuses(() => open('texts.jsonl', [ids]), /no tokenizer\.json for the texts of texts\.jsonl/);
  save('tokenizer.json', JSON.stringify(wordTokenizer));
  save('bad.jsonl', '{"text": "a"}\n{"label": 3}\n');
  refuses(() => open('bad.jsonl', [ids]), /Line 2 of bad\.jsonl has no text/);
  save('broken.jsonl', '{"text": \n');
  refuses(() => open('broken.jsonl', [ids]), /no JSON object in line 1/);
});

/** Words by white space; 0 is padding. */
const wordTokenizer = {
  version: '1.0',
  truncation: { max_length: 3 },
  padding: { pad_id: 0 },
  added_tokens: [],
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordLevel',
    vocab: { '[PAD]': 0, '[UNK]': 1, good: 2, bad: 3, very: 4 },
    unk_token: '[UNK]',
  },
};

test('texts are tokenised, padded to the longest and cut to what the model takes', () => {
  save('tokenizer.json', JSON.stringify(wordTokenizer));
  save(
    'few.jsonl',
    '{"sentence": "Very GOOD", "label": 1}\n\n{"text": "bad", "label": 0}\n{"text": "very very very very bad"}\n',
  );
  const data = open('few.jsonl', [ids, mask]);
  assert.equal(data.count, 3);
  const { feeds, labels } = data.batch(0, 2);
  assert.deepEqual(feeds['input_ids'], int64([2, 2], [4, 2, 3, 0]));
  assert.deepEqual(numbers(feeds, 'attention_mask'), [1, 1, 1, 0]);
  assert.deepEqual(labels, [1, 0]);
  const long = data.batch(2, 1);
  assert.deepEqual(numbers(long.feeds, 'input_ids'), [4, 4, 3], 'the closing token stays');
  assert.equal(long.labels, undefined);
  refuses(
    () => open('few.jsonl', [{ name: 'pixels', dtype: 'float32', shape: ['batch', 3] }]),
    /'pixels'.*cannot be made from the texts/,
  );
});

test(
  'texts give the same ids as the arrays made from them in Python',
  { skip: withoutModels },
  () => {
    const specs = [
      ids,
      { ...mask, shape: ['batch', 'sequence'] },
      { ...ids, name: 'token_type_ids' },
    ];
    const at = (file: string) =>
      openDataset(join(modelsFolder, 'minilm-sst2', file), {
        specs,
        optional: none,
        modelFolder: folder,
        longest: 512,
      });
    const texts = at('dev.jsonl');
    const arrays = at('dev.npz');
    assert.equal(texts.count, arrays.count);
    for (const index of [0, 5, 50]) {
      assert.deepEqual(texts.batch(index, 16), arrays.batch(index, 16));
    }
  },
);

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
  assert.deepEqual(data.lengths(), lengths);
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
  assert.equal(data.lengths(), undefined);
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

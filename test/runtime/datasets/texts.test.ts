import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InputSpec } from '../../../src/runtime/inputs';
import { dataFolder, int64, numbersIn as numbers, openFor } from '../../support/datasets';
import { modelsFolder, withoutModels } from '../../support/models';
import { refuses as refusesAs } from '../../support/refuses';

const { path: folder, save, open } = dataFolder();

const ids: InputSpec = { name: 'input_ids', dtype: 'int64', shape: ['batch', 'sequence'] };
const mask: InputSpec = { name: 'attention_mask', dtype: 'int64', shape: ['b2', 'sequence'] };
const types: InputSpec = { ...ids, name: 'token_type_ids' };

const refuses = (work: () => unknown, message: RegExp) => refusesAs(work, 'badInput', message);

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

test('texts need a tokenizer and a text in every line', () => {
  save('texts.jsonl', '{"text": "a"}\n');
  refusesAs(
    () => open('texts.jsonl', [ids]),
    'missingFile',
    /no tokenizer\.json for the texts of texts\.jsonl/,
  );
  save('tokenizer.json', JSON.stringify(wordTokenizer));
  save('bad.jsonl', '{"text": "a"}\n{"label": 3}\n');
  refuses(() => open('bad.jsonl', [ids]).batch(0, 2), /Line 2 of bad\.jsonl has no text/);
  save('broken.jsonl', '{"text": \n');
  refuses(() => open('broken.jsonl', [ids]), /no JSON object in line 1/);
});

test('texts are tokenised, padded to the longest and cut to what the model takes', () => {
  save('tokenizer.json', JSON.stringify(wordTokenizer));
  save(
    'few.jsonl',
    '{"sentence": "Very GOOD", "label": 1}\n\n{"text": "bad", "label": 0}\n{"text": "very very very very bad", "label": 0}\n',
  );
  const data = open('few.jsonl', [ids, mask]);
  assert.equal(data.count, 3);
  const { feeds, labels } = data.batch(0, 2);
  assert.deepEqual(feeds['input_ids'], int64([2, 2], [4, 2, 3, 0]));
  assert.deepEqual(numbers(feeds, 'attention_mask'), [1, 1, 1, 0]);
  assert.deepEqual(labels, [1, 0]);
  const long = data.batch(2, 1);
  assert.deepEqual(numbers(long.feeds, 'input_ids'), [4, 4, 4]);
  assert.deepEqual(long.labels, [0]);
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
      openFor(join(modelsFolder, 'minilm-sst2', file), specs, { folder, longest: 512 });
    const texts = at('dev.jsonl');
    const arrays = at('dev.npz');
    assert.equal(texts.count, arrays.count);
    for (const index of [0, 5, 50]) {
      assert.deepEqual(texts.batch(index, 16), arrays.batch(index, 16));
    }
  },
);

/** Words as above, between [CLS] and [SEP]; the second text is of type 1. */
const pairTokenizer = {
  ...wordTokenizer,
  truncation: { max_length: 8 },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
      { Sequence: { id: 'B', type_id: 1 } },
      { SpecialToken: { id: '[SEP]', type_id: 1 } },
    ],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [5], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [6], tokens: ['[SEP]'] },
    },
  },
  model: {
    ...wordTokenizer.model,
    vocab: { ...wordTokenizer.model.vocab, '[CLS]': 5, '[SEP]': 6 },
  },
};

test('of a pair of texts the longer one loses its end', () => {
  save('pairs/tokenizer.json', JSON.stringify(pairTokenizer));
  save(
    'pairs/nli.jsonl',
    [
      { premise: 'good', hypothesis: 'very bad', label: 2 },
      { sentence1: 'good good good good good', sentence2: 'very bad', label: 0 },
      { text: 'bad', text_pair: 'very very very very very very good', label: 1 },
    ]
      .map((sample) => JSON.stringify(sample))
      .join('\n'),
  );
  const data = open('pairs/nli.jsonl', [ids, mask, types]);
  assert.deepEqual(data.lengths([0, 1, 2]), [6, 8, 8]);
  const first = data.batch(0, 1).feeds;
  assert.deepEqual(numbers(first, 'input_ids'), [5, 2, 6, 4, 3, 6]);
  assert.deepEqual(numbers(first, 'token_type_ids'), [0, 0, 0, 1, 1, 1]);
  const { feeds, labels } = data.select([1, 2]);
  assert.deepEqual(numbers(feeds, 'input_ids'), [
    ...[5, 2, 2, 2, 6, 4, 3, 6],
    ...[5, 3, 6, 4, 4, 4, 4, 6],
  ]);
  assert.deepEqual(numbers(feeds, 'token_type_ids'), [
    ...[0, 0, 0, 0, 0, 1, 1, 1],
    ...[0, 0, 0, 1, 1, 1, 1, 1],
  ]);
  assert.deepEqual(labels, [0, 1]);
});

test('a text fits into a model of fixed length with its closing token', () => {
  save('pairs/tokenizer.json', JSON.stringify(pairTokenizer));
  save('pairs/one.jsonl', '{"text": "good good good good good good"}');
  const { feeds } = open('pairs/one.jsonl', [{ ...ids, shape: [1, 4] }]).batch(0, 1);
  assert.deepEqual(feeds['input_ids'], int64([1, 4], [5, 2, 2, 6]));
});

test('labels by name are numbered as config.json says, else in alphabetical order', () => {
  save('named/tokenizer.json', JSON.stringify(wordTokenizer));
  save('named/two.jsonl', '{"text": "good", "label": "pos"}\n{"text": "bad", "label": "neg"}');
  const plain = open('named/two.jsonl', [ids]);
  assert.deepEqual(plain.labels([0, 1]), [1, 0]);
  assert.match(plain.assumed.join(), /alphabetical order: neg = 0, pos = 1/);
  save('named/config.json', JSON.stringify({ label2id: { pos: 0, neg: 1 } }));
  const told = open('named/two.jsonl', [ids]);
  assert.deepEqual([told.labels([0, 1]), told.assumed], [[0, 1], []]);
  save('named/odd.jsonl', '{"text": "good", "label": "pos"}\n{"text": "bad", "label": "meh"}');
  refuses(
    () => open('named/odd.jsonl', [ids]).labels([0, 1]),
    /Line 2 of odd\.jsonl has the label 'meh', which is not in label2id of config\.json: pos, neg/,
  );
});

test('all samples have a label, or none has', () => {
  save('tokenizer.json', JSON.stringify(wordTokenizer));
  save('some.jsonl', '{"text": "good", "label": 1}\n\n{"text": "bad"}\n');
  refuses(() => open('some.jsonl', [ids]).batch(0, 2), /Line 3 of some\.jsonl has no label/);
  save('late.jsonl', '{"text": "good"}\n{"text": "bad", "label": 1}\n');
  refuses(() => open('late.jsonl', [ids]).batch(0, 2), /Line 2 of late\.jsonl has a label, but/);
  save('none.jsonl', '{"text": "good"}\n{"text": "bad"}\n');
  assert.equal(open('none.jsonl', [ids]).batch(0, 2).labels, undefined);
});

test('a decoder gets positions, lengths and a mask, and begins with an empty cache', () => {
  save('tokenizer.json', JSON.stringify(wordTokenizer));
  save('prompts.jsonl', '{"prompt": "very good"}\n{"prompt": "bad"}\n');
  const data = open('prompts.jsonl', [
    ids,
    { ...mask, shape: ['batch', 'past + sequence'] },
    { ...ids, name: 'position_ids' },
    { name: 'past_key_values.0.key', dtype: 'float32', shape: ['batch', 2, 'past', 8] },
    { name: 'use_cache_branch', dtype: 'bool', shape: [1] },
    { name: 'seq_lens', dtype: 'int32', shape: ['batch'] },
  ]);
  const { feeds, mask: real } = data.batch(0, 2);
  assert.deepEqual(Object.keys(feeds), ['input_ids', 'attention_mask', 'position_ids', 'seq_lens']);
  assert.deepEqual(numbers(feeds, 'position_ids'), [0, 1, 0, 1]);
  assert.deepEqual(numbers(feeds, 'seq_lens'), [2, 1]);
  assert.deepEqual(real, { batch: 2, sequence: 2, real: Uint8Array.from([1, 1, 1, 0]) });
});

test('without an input for a mask, what is longer than a text is padding all the same', () => {
  save('tokenizer.json', JSON.stringify(wordTokenizer));
  save('lengths.jsonl', '{"text": "very good"}\n{"text": "bad"}\n');
  const data = open('lengths.jsonl', [ids]);
  assert.deepEqual(data.batch(0, 2).mask?.real, Uint8Array.from([1, 1, 1, 0]));
  assert.equal(data.batch(1, 1).mask, undefined);
});

test('texts in a table are told from features by the name of their column', () => {
  save('tokenizer.json', JSON.stringify(wordTokenizer));
  save('reviews.csv', 'label,text\n1,"very, ""good"""\n0,bad\n');
  const data = open('reviews.csv', [ids, mask]);
  assert.equal(data.kind, 'texts');
  assert.deepEqual(data.batch(0, 2).labels, [1, 0]);
  assert.deepEqual(numbers(data.batch(1, 1).feeds, 'input_ids'), [3]);
});

test('a broken tokenizer is told in one line', () => {
  save('broken/tokenizer.json', '{"model":\n');
  save('broken/a.jsonl', '{"text": "a"}');
  refuses(() => open('broken/a.jsonl', [ids]), /The tokenizer\.json for a\.jsonl cannot be used/);
});

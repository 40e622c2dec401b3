import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import type { InputSpec } from '../../../src/runtime/inputs';
import { factsOf } from '../../../src/runtime/datasets/facts';
import { dataFolder, float32, int64, numbersIn } from '../../support/datasets';
import { npyFile, npyOf } from '../../support/npy';
import { refuses as refusesAs } from '../../support/refuses';

const { save, saveArrays, open } = dataFolder();
const refuses = (work: () => unknown, message: RegExp) => refusesAs(work, 'badInput', message);

const ids: InputSpec = { name: 'input_ids', dtype: 'int64', shape: ['batch', 'sequence'] };

test('arrays hold a label for each sample or for each of its positions', () => {
  const tokens = int64([2, 3], [5, 6, 7, 8, 9, 0]);
  const labels = int64([2, 3], [1, 0, -100, 2, -100, -100]);
  saveArrays('tokens.npz', { input_ids: tokens, labels, tags: int64([2], [4, 5]) });
  const data = open('tokens.npz', [ids]);
  assert.deepEqual(data.batch(0, 2).labels, [
    [1, 0, -100],
    [2, -100, -100],
  ]);
  assert.equal(factsOf(data, [0, 1]).classes, 3, 'what is ignored is no class');
  assert.deepEqual(open('tokens.npz', [ids], 'tags').batch(0, 2).labels, [4, 5]);
  refuses(() => open('tokens.npz', [ids], 'other'), /no array 'other': it has input_ids, labels/);
  saveArrays('more.npz', { input_ids: tokens, label: int64([3], [0, 1, 0]) });
  refuses(
    () => open('more.npz', [ids]),
    /label in more\.npz is int64 \[3\]; labels are \[2\], or whole numbers \[2, positions\]/,
  );
  // Targets of a regression are no classes.
  saveArrays('values.npz', { input_ids: tokens, y: float32([2, 3], [1, 2, 3, 4, 5, 6]) });
  assert.equal(open('values.npz', [ids]).batch(0, 2).labels, undefined);
});

/** Pieces of words by longest match, between [CLS] 1 and [SEP] 2; 0 is padding. */
const pieces = {
  version: '1.0',
  truncation: null,
  padding: { pad_id: 0 },
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [2], tokens: ['[SEP]'] },
    },
  },
  decoder: null,
  model: {
    ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##' },
    max_input_chars_per_word: 100,
    vocab: {
      ...{ '[PAD]': 0, '[CLS]': 1, '[SEP]': 2, '[UNK]': 3 },
      ...{ Ada: 4, '##ms': 5, in: 6, Paris: 7, '##ian': 8 },
    },
  },
};

test('labels of words stand at their first tokens', () => {
  save('tokenizer.json', JSON.stringify(pieces));
  const lines = [
    { words: ['Adams', 'in', 'Paris'], ner_tags: [1, 0, 2] },
    { tokens: ['Paris', 'Adams'], labels: [2, 1] },
  ];
  save('words.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
  const { feeds, labels } = open('words.jsonl', [ids]).batch(0, 2);
  assert.deepEqual(numbersIn(feeds, 'input_ids'), [1, 4, 5, 6, 7, 2, 1, 7, 4, 5, 2, 0]);
  assert.deepEqual(labels, [
    [-100, 1, -100, 0, 2, -100],
    [-100, 2, 1, -100, -100],
  ]);
});

test('what a cut text loses, its labels lose', () => {
  const cut = { ...pieces, truncation: { max_length: 4 } };
  save('tokenizer.json', JSON.stringify(cut));
  save('words.jsonl', JSON.stringify({ words: ['Paris', 'Adams', 'in'], tags: [2, 1, 0] }));
  const { feeds, labels } = open('words.jsonl', [ids]).batch(0, 1);
  assert.deepEqual(numbersIn(feeds, 'input_ids'), [1, 7, 4, 2]);
  assert.deepEqual(labels, [[-100, 2, 1, -100]]);
});

test('labels of a text are one for each of its tokens, by number or by name', () => {
  save('tokenizer.json', JSON.stringify(pieces));
  const labelled = (labels: unknown) =>
    save('text.jsonl', `${JSON.stringify({ text: 'Adams in', labels })}\n`);
  labelled([-100, 1, -100, 0, -100]);
  assert.deepEqual(open('text.jsonl', [ids]).batch(0, 1).labels, [[-100, 1, -100, 0, -100]]);
  labelled(['O', 'B-PER', 'B-PER', 'O', 'O']);
  const named = open('text.jsonl', [ids]);
  assert.deepEqual(named.batch(0, 1).labels, [[1, 0, 0, 1, 1]]);
  assert.match(named.assumed.join(), /alphabetical order: B-PER = 0, O = 1/);
  labelled([1, 0]);
  refuses(
    () => open('text.jsonl', [ids]),
    /Line 1 of text\.jsonl has 2 labels for 5 tokens, those that stand for no text included/,
  );
  save('mixed.jsonl', '{"text": "in", "labels": [0, 1, 0]}\n{"text": "in", "labels": 1}\n');
  refuses(
    () => open('mixed.jsonl', [ids]).batch(0, 2),
    /Line 2 of mixed\.jsonl has no list of labels; the first sample’s is a list of 3/,
  );
  save('words.jsonl', '{"words": ["in", "Paris"], "labels": [0]}\n');
  refuses(() => open('words.jsonl', [ids]), /has 1 labels for 2 words/);
});

test('labels of arrays may be names; numbers with fractions are no classes', () => {
  const input_ids = int64([3, 2], [5, 6, 7, 8, 9, 3]);
  const letters = ['dog', 'cat', 'dog'].flatMap((name) => [...name].map((at) => at.charCodeAt(0)));
  const names = npyFile('<U3', [3], new Uint8Array(Uint32Array.from(letters).buffer));
  save('named.npz', zipSync({ 'input_ids.npy': npyOf(input_ids), 'label.npy': names }));
  const named = open('named.npz', [ids]);
  assert.deepEqual(named.labels([0, 1, 2]), [1, 0, 1]);
  assert.match(named.assumed.join(), /cat = 0, dog = 1/);
  saveArrays('regression.npz', { input_ids, label: float32([3], [1, 2.5, 3]) });
  assert.equal(open('regression.npz', [ids]).labels([0]), undefined);
  saveArrays('some.npz', { input_ids, label: float32([3], [1, NaN, -1]) });
  assert.equal(factsOf(open('some.npz', [ids]), [0, 1, 2]).classes, 1);
});

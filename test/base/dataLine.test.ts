import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataFacts } from '../../src/base/dataKinds';
import { assumptionLines, dataLine } from '../../src/base/dataLine';

const facts: DataFacts = {
  ...{ kind: 'texts', name: 'dev.jsonl', samples: 872, used: 64, drawnWith: null, classes: 2 },
  lengths: { least: 4, median: 25, most: 60 },
  assumed: [],
};

test('a line says how much of which data was used', () => {
  assert.equal(
    dataLine(facts),
    'Data: dev.jsonl: the first 64 of 872 samples, 2 classes, 4 to 60 positions long (median 25)',
  );
  assert.equal(
    dataLine({ ...facts, drawnWith: 7, classes: null, lengths: null }),
    'Data: dev.jsonl: 64 drawn with seed 7 of 872 samples, no labels',
  );
  assert.equal(
    dataLine({ ...facts, used: 872, lengths: { least: 8, median: 8, most: 8 } }),
    'Data: dev.jsonl: 872 samples, 2 classes, 8 positions long',
  );
});

test('inputs that were made up are called so', () => {
  const madeUp = { ...facts, kind: null, name: 'synthetic', used: 8, drawnWith: 1 };
  assert.equal(dataLine(madeUp), 'Data: made-up inputs, 8 runs (seed 1)');
});

test('names from files cannot write on the terminal', () => {
  const hostile = { ...facts, name: 'a\u001b[31m\n', assumed: ['b\u001b[0m = 0'] };
  assert.doesNotMatch(dataLine(hostile), /\u001b|\n/);
  assert.doesNotMatch(assumptionLines(hostile).join(''), /\u001b/);
});

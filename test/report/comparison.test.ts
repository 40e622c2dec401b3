import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison } from '../../src/protocol/build';
import { comparisonLines } from '../../src/report/comparisonLines';
import { comparisonView } from '../../src/report/comparisonView';
import { comparisonOf } from './fixture';

const lineOf = (changes: Partial<Comparison>, id: string) =>
  comparisonLines(comparisonOf(changes)).find((line) => line.id === id);
const words = (changes: Partial<Comparison>, id: string) => {
  const line = lineOf(changes, id);
  return line && [line.reference, line.candidate, line.verdict, line.note, line.tone];
};
const latency = (ratio: number, low: number, high: number, rounds = 40) => {
  const { latency } = comparisonOf({});
  return { latency: { ...latency, ratio, low, high, rounds } };
};
const accuracy = (mean: number, low: number, high: number) => ({
  accuracy: { reference: 0.878, candidate: 0.878 + mean, difference: { mean, low, high } },
});

test('a gain says how much, with its interval and how it was measured', () => {
  assert.deepEqual(words({}, 'latency'), [
    '62.5 ms',
    '25.1 ms',
    '2.5x faster',
    '[2.3, 2.6], 40 rounds in turn, 1 thread',
    'better',
  ]);
  assert.deepEqual(lineOf({}, 'file')?.bars, { reference: 1, candidate: 0.25 });
  assert.equal(lineOf({}, 'file')?.verdict, '4.0x smaller');
});

test('a loss is turned round, its interval too', () => {
  const slower = words(latency(0.5, 0.4, 0.625), 'latency')!;
  assert.deepEqual(slower.slice(2), [
    '2.0x slower',
    '[1.60, 2.5], 40 rounds in turn, 1 thread',
    'worse',
  ]);
});

test('a difference inside its interval is no difference', () => {
  assert.deepEqual(words(latency(1.02, 0.98, 1.06), 'latency')?.slice(2, 4), [
    'no difference',
    '[0.98, 1.06], 40 rounds in turn, 1 thread',
  ]);
  assert.deepEqual(words(accuracy(-0.002, -0.009, 0.005), 'accuracy')?.slice(2), [
    'no difference',
    '−0.2 points [−0.9, +0.5], paired',
    'same',
  ]);
});

test('one outside of it is said in points', () => {
  assert.equal(words(accuracy(-0.031, -0.05, -0.01), 'accuracy')?.[2], '3.1 points lower');
  assert.equal(words(accuracy(0.02, 0.01, 0.03), 'accuracy')?.[2], '2.0 points higher');
});

test('what is not measured yet is a dash, and what has no meaning here is left out', () => {
  assert.deepEqual(words(latency(NaN, NaN, NaN, 0), 'latency')?.slice(0, 3), ['–', '–', '']);
  const bare = comparisonLines(
    comparisonOf({
      ...{ accuracy: null, agreement: null, kl: null },
      peakMemoryBytes: { reference: 1, candidate: null },
    }),
  );
  assert.deepEqual(
    bare.map(({ id }) => id),
    ['file', 'latency', 'error', 'load'],
  );
});

test('a cosine has as many digits as tell it from 1', () => {
  assert.match(words({ cosine: 0.99983 }, 'error')?.[3] ?? '', /^cosine 0\.99983/);
  assert.match(words({ cosine: 1 - 1e-10 }, 'error')?.[3] ?? '', /^cosine above 0\.9999999,/);
});

test('equal answers are called equal, and answers that are no numbers stand out', () => {
  assert.deepEqual(words({ sqnrDb: null, maxError: 0 }, 'error')?.slice(1, 3), [
    '0',
    'the outputs are the same, to the last bit',
  ]);
  const broken = words({ broken: 12 }, 'error')!;
  assert.match(String(broken[3]), /^12 values are NaN or infinite/);
  assert.equal(broken[4], 'worse');
});

test('perplexity is compared by its ratio', () => {
  const of = (low: number, mean: number, high: number) => ({
    perplexity: { reference: 43.31, candidate: 43.6, ratio: { low, mean, high }, tokens: 12_000 },
  });
  assert.deepEqual(words(of(0.99, 1.007, 1.02), 'perplexity')?.slice(0, 3), [
    '43.31',
    '43.60',
    'no difference',
  ]);
  assert.equal(words(of(1.004, 1.007, 1.01), 'perplexity')?.[2], '0.70 % higher');
});

test('F1 is compared as accuracy is', () => {
  const of = (average: 'binary' | 'macro', low: number, high: number) => ({
    f1: { average, reference: 0.9, candidate: 0.88, difference: { mean: -0.02, low, high } },
  });
  const [title, candidate, verdict] = words(of('binary', -0.03, -0.01), 'f1')!;
  assert.deepEqual([title, candidate, verdict], ['90.0 %', '88.0 %', '2.0 points lower']);
  assert.match(words(of('macro', -0.05, 0.01), 'f1')?.[3] ?? '', /mean of the classes$/);
  assert.equal(words(of('macro', -0.05, 0.01), 'f1')?.[2], 'no difference');
});

test('lists are cut, and say what was left out', () => {
  const kernels = Array.from({ length: 120 }, (_, i) => ({
    ...{ layer: `layer.${i}`, scheme: 'int8 dynamic', wanted: 'MatMulIntegerToFloat' },
    ...{ ran: ['MatMul'], ok: i < 20, why: i < 20 ? null : 'It ran in floating point.' },
  }));
  const layers = kernels.map(({ layer }, i) => ({
    ...{ layer, change: i < 3 ? 'same' : 'changed', from: 'MatMul float32', to: 'MatMul int8' },
    bytes: { reference: 1000 + i, candidate: 250 },
  })) as Comparison['layers'];
  const view = comparisonView(comparisonOf({ kernels, layers }), true);
  assert.deepEqual(view.kernels.schemes, [{ scheme: 'int8 dynamic', ok: 20, total: 120 }]);
  assert.deepEqual([view.kernels.misses.length, view.kernels.missCount], [50, 100]);
  assert.deepEqual([view.changes.changed, view.changes.same], [117, 3]);
  assert.equal(view.changes.shown[0]?.layer, 'layer.119', 'the largest saving first');
  assert.equal(layers[0]?.layer, 'layer.0', 'the comparison itself is left as it is');
});

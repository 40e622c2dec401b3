import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { damageJudge } from '../../src/engine/sensitivity/damage';
import { openCalibration } from '../../src/engine/calibration';
import { Models } from '../../src/engine/models';
import { ortRunner } from '../../src/runtime/ort';
import type { RunTensor } from '../../src/runtime/runner';
import type { Label } from '../../src/runtime/labels';
import { metrics } from '../../src/sensitivity/metrics/index';
import type { OutputPair } from '../../src/sensitivity/metrics/metric';
import { scorerOf } from '../../src/sensitivity/metrics/scorer';
import { logSoftmax } from '../../src/tensor/measures';
import { modelsFolder, withoutModels } from '../support/models';

const floats = (shape: readonly number[], data: readonly number[]): RunTensor => ({
  ...{ dtype: 'float32', shape, data: Float32Array.from(data) },
});
const wholes = (shape: readonly number[], data: readonly number[]): RunTensor => ({
  ...{ dtype: 'int64', shape, data: BigInt64Array.from(data, BigInt) },
});
const near = (found: number | undefined, wanted: number) =>
  assert.ok(Math.abs((found ?? NaN) - wanted) < 1e-6, `${found}, not ${wanted}`);

/** Logits whose softmax are these chances. */
const chances = (...rows: readonly number[][]) => rows.flat().map((share) => Math.log(share));

/** Two sequences of three tokens of two; the last position of the second is padding. */
function languagePair(more: Partial<OutputPair> = {}): OutputPair {
  const ids = wholes([2, 3], [0, 1, 0, 1, 1, 0]);
  const half = [0.5, 0.5];
  return {
    reference: floats([2, 3, 2], chances(half, half, half, half, half, half)),
    candidate: floats(
      [2, 3, 2],
      chances([0.5, 0.5], [0.25, 0.75], [0.9, 0.1], [0.5, 0.5], [0.01, 0.99], half),
    ),
    batch: {
      feeds: { ids },
      labels: undefined,
      mask: { batch: 2, sequence: 3, real: Uint8Array.of(1, 1, 1, 1, 1, 0) },
    },
    ...{ reading: 'logits', tokens: 'ids', ...more },
  };
}

test('perplexity is scored by the next token of every position but padding', () => {
  // First: 1 follows with 0.5 in both, 0 with 0.25 for 0.5. Second: 1 with 0.5 in both; what follows the padding counts not.
  const [first, second] = metrics.perplexity.score(languagePair());
  near(first, Math.log(2) / 2);
  near(second, 0);
  const unmasked = languagePair();
  const batch = { ...unmasked.batch, mask: undefined };
  near(metrics.perplexity.score({ ...unmasked, batch })[1], Math.log(0.5 / 0.01) / 2);
});

test('perplexity of what is no language model is refused', () => {
  const message = /needs a language model/;
  const noTokens = languagePair({ tokens: undefined });
  assert.throws(() => metrics.perplexity.score(noTokens), { code: 'badInput', message });
  const oneRow = languagePair({ reference: floats([2, 2], [0, 0, 0, 0]) });
  assert.throws(() => metrics.perplexity.score(oneRow), { code: 'badInput', message });
});

const classPair = (labels: readonly number[] | undefined): OutputPair => ({
  reference: floats([2, 3], [4, 2, 0, 0, 2, 4]),
  candidate: floats([2, 3], [2, 4, 0, 0, 2, 4]),
  batch: { feeds: { x: floats([2, 1], [0, 0]) }, labels, mask: undefined },
  reading: 'logits',
});

test('accuracy without labels is refused, not zero', () => {
  assert.deepEqual(metrics.accuracy.score(classPair([0, 2])), [1, 0]);
  assert.deepEqual(metrics.accuracy.score(classPair([1, 2])), [-1, 0]);
  assert.throws(() => metrics.accuracy.score(classPair(undefined)), {
    code: 'badInput',
    message: /needs labels/,
  });
});

test('a temperature divides the logits before their divergence', () => {
  const halved = classPair(undefined);
  const half = (tensor: RunTensor) =>
    floats(
      tensor.shape,
      Array.from(tensor.data as Float32Array, (value) => value / 2),
    );
  const wanted = metrics.kl.score({
    ...{ ...halved, reference: half(halved.reference), candidate: half(halved.candidate) },
  });
  const found = metrics.kl2.score(halved);
  near(found[0], wanted[0]!);
  assert.ok(found[0]! < metrics.kl.score(halved)[0]!);
  assert.equal(found[1], 0);
});

test(
  'the perplexity of tiny-lm is that of its tokens, one by one',
  { skip: withoutModels },
  async () => {
    const folder = join(modelsFolder, 'tiny-lm');
    const sized = new Models().sized(join(folder, 'model.onnx'), {});
    const judge = damageJudge(sized, () => 'perplexity');
    const runner = ortRunner();
    const data = openCalibration(sized, {
      ...{ runner, data: join(folder, 'valid.npz'), samples: 8, folder, threads: 2 },
    });
    const session = await runner.load(join(folder, 'model.onnx'), {
      ...{ threads: 2, provider: 'cpu', optimize: 'all' },
    });
    for (const batch of data.batches()) {
      const { outputs } = await session.run(batch.feeds, [judge.output]);
      const { data: logits, shape } = outputs[judge.output]!;
      const [samples = 0, length = 0, classes = 0] = shape;
      assert.ok(judge.score(outputs, outputs, batch).every((score) => score === 0));
      // A model that knows nothing gives every token one chance in so many.
      const flat = {
        [judge.output]: {
          dtype: 'float32',
          shape,
          data: new Float32Array(samples * length * classes),
        },
      } as const;
      const found = judge.score(flat, outputs, batch);
      const ids = batch.feeds['input_ids']!.data as BigInt64Array;
      for (let sample = 0; sample < samples; sample++) {
        let sum = 0;
        for (let at = sample * length; at < (sample + 1) * length - 1; at++) {
          sum -= logSoftmax(logits as Float32Array, at * classes, classes)[Number(ids[at + 1])]!;
        }
        near(found[sample], sum / (length - 1) - Math.log(classes));
        assert.ok(found[sample]! < -2);
      }
    }
    await session.release();
  },
);

test('F1 is settled from all samples, and its scores’ mean is what it loses', () => {
  const scorer = scorerOf(metrics.f1);
  assert.ok(!scorer.isMean && scorerOf(metrics.accuracy).isMean);
  // Of three classes, sample by sample: reference 0 2, candidate 1 2; once more with labels that nobody meets.
  const noted = [classPair([0, 2]), classPair([1, 2])].flatMap((pair) => scorer.note(pair));
  assert.equal(noted.length, 4);
  const scores = scorer.settle(noted);
  // Classes 0, 1, 2: reference 2/3, 0, 1; candidate 0, 2/3, 1.
  near(
    scores.reduce((sum, each) => sum + each, 0),
    0,
  );
  assert.ok(scores[0]! > 0.5 && scores[2]! < -0.5, `${scores.join(' ')}`);
  near(scores[1], scores[3]!);
  assert.throws(() => scorer.note(classPair(undefined)), { message: /F1 needs labels/ });
});

/** Two samples of three positions and two classes, the last of the second being padding. */
const tokenPair = (labels: readonly Label[], more: Partial<OutputPair> = {}): OutputPair => ({
  reference: floats([2, 3, 2], [9, 0, 0, 9, 9, 0, 0, 9, 0, 9, 9, 0]),
  candidate: floats([2, 3, 2], [9, 0, 9, 0, 9, 0, 0, 9, 9, 0, 0, 9]),
  batch: {
    feeds: { x: floats([2, 3], [0, 0, 0, 0, 0, 0]) },
    labels,
    mask: { batch: 2, sequence: 3, real: Uint8Array.of(1, 1, 1, 1, 1, 0) },
  },
  ...{ reading: 'logits', ...more },
});

test('labels of positions count one by one, without padding and those below 0', () => {
  // Reference 0 1 0 | 1 1 0, candidate 0 0 0 | 1 0 1.
  const labels = [
    [0, 1, -100],
    [1, 1, 1],
  ];
  assert.deepEqual(metrics.accuracy.score(tokenPair(labels)), [1 / 2, 1 / 2]);
  const { evidence, scores } = metrics.f1;
  const found = evidence(tokenPair(labels));
  assert.deepEqual(
    found.map(({ decisions }) => decisions.length),
    [2, 2],
  );
  // Of class 1: all of three found, then one of three and none too many.
  near(scores(found).reduce((sum, each) => sum + each, 0) / 2, 1 - 2 / (3 + 1));
  // A language model’s positions stand for what follows them.
  const shifted = metrics.accuracy.score(tokenPair(labels, { tokens: 'x' }));
  assert.deepEqual(shifted, [0, 1 / 2]);
  assert.throws(() => metrics.accuracy.score(tokenPair([0, 1])), {
    code: 'badInput',
    message: /a label for each row of classes that the model gives: its output is \[2, 3, 2\]/,
  });
});

test('perplexity is that of the labels where the data has them', () => {
  const fed = languagePair();
  const own = { ...fed.batch, labels: [0, 1].map((at) => [at, 1, 0]) };
  const same = metrics.perplexity.score({ ...fed, batch: own });
  assert.deepEqual(same, metrics.perplexity.score(fed), 'the tokens themselves');
  // Of the first sample only what follows the second position counts: 0 with 0.25 for 0.5.
  const answers = { ...fed.batch, labels: [0, -100].map((last) => [-100, -100, last]) };
  const [first, second] = metrics.perplexity.score({ ...fed, batch: answers });
  near(first, Math.log(2));
  assert.equal(second, 0);
});

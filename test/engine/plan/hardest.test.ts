import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../src/base/random';
import { drawHard } from '../../../src/engine/plan/hardest';

const random = seededRandom(5);
/** Most samples are easy, a few are very hard, as a trained classifier finds them. */
const difficulties = Array.from({ length: 256 }, () => random() ** 6);

test('hard samples are drawn, easy ones count for more, and the mean is that of all', () => {
  const { numbers, weights } = drawHard(difficulties, 64);
  assert.equal(numbers.length, 64);
  assert.ok(Math.abs(weights.reduce((sum, each) => sum + each, 0) - 1) < 1e-12);
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
  const damages = difficulties.map((each) => each * (0.5 + random()));
  const truth = damages.reduce((sum, each) => sum + each, 0) / 256;
  const drawn = numbers.reduce((sum, at, place) => sum + damages[at]! * weights[place]!, 0);
  const first = damages.slice(0, 64).reduce((sum, each) => sum + each, 0) / 64;
  assert.ok(Math.abs(drawn / truth - 1) < 0.1, `${drawn} for ${truth}`);
  assert.ok(Math.abs(drawn - truth) < Math.abs(first - truth));
});

test('the hardest are always among them', () => {
  const order = [...difficulties.keys()].sort((a, b) => difficulties[b]! - difficulties[a]!);
  const { numbers } = drawHard(difficulties, 64);
  for (const at of order.slice(0, 10)) assert.ok(numbers.includes(at));
});

test('all are taken where no fewer are wanted', () => {
  assert.deepEqual(drawHard([1, 0], 5), { numbers: [0, 1], weights: [0.5, 0.5] });
});

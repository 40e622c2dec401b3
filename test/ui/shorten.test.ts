import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortened } from '../../src/ui/shorten';

test('a text that fits its line stays whole', () => {
  assert.equal(shortened('Every sample for every layer.'), 'Every sample for every layer.');
});

test('a longer one ends with a sentence, a clause or a word', () => {
  assert.equal(shortened('One. Two three four five.', 12), 'One.');
  assert.equal(
    shortened('Layers differ in what they bear: each gets the smallest form that it can take.', 50),
    'Layers differ in what they bear…',
  );
  assert.equal(shortened('no clause in any of these words', 20), 'no clause in any of…');
  assert.equal(shortened('x'.repeat(40), 10), `${'x'.repeat(10)}…`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { termOf, toggleTerms, withTerm } from '../../webview/filter';

test('a term is found whatever its case, and quotes are not part of its value', () => {
  assert.equal(termOf('query PART:attention >1%', 'part'), 'attention');
  assert.equal(termOf('name:"my layer" part:norm', 'name'), 'my layer');
  assert.equal(termOf('department:norm', 'part'), undefined);
  assert.equal(termOf('-part:norm', 'part'), undefined);
  assert.equal(termOf('', 'part'), undefined);
});

test('setting a term replaces its key and leaves the rest of the text alone', () => {
  assert.equal(withTerm('', 'part', 'norm'), 'part:norm');
  assert.equal(withTerm('"a b" part:norm >1%', 'part', 'attention'), '"a b" >1% part:attention');
  assert.equal(withTerm('query part:norm', 'part', undefined), 'query');
});

test('a second click takes the first one back', () => {
  const once = toggleTerms('query', { block: '3', part: 'norm' });
  assert.equal(once, 'query block:3 part:norm');
  assert.equal(toggleTerms(once, { block: '3', part: 'norm' }), 'query');
  assert.equal(toggleTerms(once, { block: '4', part: 'norm' }), 'query block:4 part:norm');
  assert.equal(toggleTerms(once, { part: 'NORM' }), 'query block:3');
});

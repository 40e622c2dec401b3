import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globMatches } from '../../src/build/targets';

test('a star stands for any stretch of a module path', () => {
  assert.ok(globMatches('encoder.*.query', 'encoder.layer.0.attention.self.query'));
  assert.ok(globMatches('*', 'anything'));
  assert.ok(globMatches('a*b*c', 'a.b.b.c'));
  assert.ok(!globMatches('encoder.*.query', 'encoder.query'));
  assert.ok(!globMatches('query', 'encoder.query'));
  assert.ok(!globMatches('ab*ab', 'ab'));
});

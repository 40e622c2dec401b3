import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitted } from '../../../src/ui/text/fitted';
import { smallView } from './view';

const note = (lines: number) => `# ${lines} left out`;
const lineOf = (text: string, line: number) => text.split('\n')[line] ?? '';

test('a view that fits is left as it is', () => {
  const view = smallView();
  assert.equal(fitted(view, note, { lines: 1000, characters: 10_000 }), view);
});

test('a long view loses its nodes and keeps its layers', () => {
  const view = smallView();
  const short = fitted(view, note, { lines: 10, characters: 10_000 });
  assert.deepEqual(short.nodes, []);
  assert.equal(short.sections.length, view.sections.length);
  for (const { name, line } of short.sections) {
    assert.ok(lineOf(short.text, line).includes(name), `${name} at ${line}`);
  }
  assert.match(short.text, /# 8 left out\n$/);
});

test('places, sources and section ends move along', () => {
  const short = fitted(smallView(), note, { lines: 10, characters: 10_000 });
  assert.deepEqual(short.values, [{ name: 'x', weight: false, places: [[0, 7, 8]] }]);
  const [block] = short.sections;
  assert.deepEqual([block?.line, block?.end], [1, 3]);
  for (const { line } of short.sources) assert.match(lineOf(short.text, line), /MatMul$/);
});

test('a view with too many layers is cut', () => {
  const short = fitted(smallView(), note, { lines: 3, characters: 10_000 });
  assert.deepEqual(
    short.sections.map(({ id }) => id),
    ['block.0', 'block.0.up'],
  );
  assert.ok(short.sections.every(({ end }) => end < 3));
  assert.match(short.text, /left out\n$/);
});

test('characters count as much as lines', () => {
  const short = fitted(smallView(), note, { lines: 1000, characters: 60 });
  assert.ok(short.text.length <= 60 + note(99).length + 3);
});

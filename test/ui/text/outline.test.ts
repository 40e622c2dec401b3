import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findItem, outlineOf, sectionAt } from '../../../src/ui/text/outline';
import { smallView } from './view';

test('sections nest by depth, and modules know their layers', () => {
  const [first, second] = outlineOf(smallView().sections);
  assert.deepEqual(first?.layers, ['block.0.up', 'block.0.down']);
  assert.deepEqual(
    second?.children.map(({ section }) => section.name),
    ['up', 'down'],
  );
  assert.equal(second?.children[0]?.parent, second);
});

test('the same sections give the same objects', () => {
  const { sections } = smallView();
  assert.equal(outlineOf(sections), outlineOf(sections));
});

test('the innermost section around a line is found', () => {
  const { sections } = smallView();
  assert.equal(sectionAt(sections, 0), undefined);
  assert.equal(sectionAt(sections, 1)?.id, 'block.0');
  assert.equal(sectionAt(sections, 3)?.id, 'block.0.up');
  assert.equal(sectionAt(sections, 13)?.id, 'block.1.down');
});

test('an item is found by what it is', () => {
  const item = findItem(outlineOf(smallView().sections), ({ id }) => id === 'block.1.down');
  assert.equal(item?.section.name, 'down');
  assert.equal(
    findItem(outlineOf(smallView().sections), () => false),
    undefined,
  );
});

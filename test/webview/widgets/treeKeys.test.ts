import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../../src/protocol/viewApi';
import { treeCommand } from '../../../webview/widgets/treeKeys';

const row = (kind: Row['kind'], collapsed = false) => ({ kind, collapsed }) as Row;
const press = (key: string, at: Row | undefined, held: 'shift' | 'ctrl' | 'none' = 'none') =>
  treeCommand(
    { key, shiftKey: held === 'shift', ctrlKey: held === 'ctrl', metaKey: false },
    { focus: 10, total: 100, page: 20, row: at },
  );

test('arrows, pages and ends move, and stop at the edges', () => {
  const to = (key: string) => {
    const command = press(key, row('layer'));
    return command?.kind === 'move' ? command.to : undefined;
  };
  assert.deepEqual(
    ['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'].map(to),
    [11, 9, 29, 0, 0, 99],
  );
});

test('Shift extends and Control moves alone', () => {
  assert.deepEqual(press('ArrowDown', row('layer'), 'shift'), {
    kind: 'move',
    to: 11,
    extend: true,
    keep: false,
  });
  assert.deepEqual(press('ArrowDown', row('layer'), 'ctrl'), {
    kind: 'move',
    to: 11,
    extend: false,
    keep: true,
  });
});

test('left and right fold and unfold groups, and left leaves a layer for its group', () => {
  assert.deepEqual(press('ArrowRight', row('group', true)), { kind: 'fold', fold: false });
  assert.deepEqual(press('ArrowLeft', row('group')), { kind: 'fold', fold: true });
  assert.deepEqual(press('ArrowLeft', row('group', true)), { kind: 'parent' });
  assert.deepEqual(press('ArrowLeft', row('layer')), { kind: 'parent' });
  assert.equal(press('ArrowRight', row('layer')), undefined);
});

test('the other keys of lists, and no key that is not theirs', () => {
  const kind = (key: string, held: 'ctrl' | 'none' = 'none') =>
    press(key, row('layer'), held)?.kind;
  assert.equal(kind('Enter'), 'open');
  assert.equal(kind(' '), 'toggle');
  assert.equal(kind('Escape'), 'clear');
  assert.equal(kind('Delete'), 'undo');
  assert.equal(kind('a', 'ctrl'), 'selectAll');
  assert.equal(kind('a'), undefined);
  assert.equal(kind('Tab'), undefined);
});

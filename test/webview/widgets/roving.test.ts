import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrowTarget } from '../../../webview/widgets/roving';

const places = [
  { row: 0, at: 20 },
  { row: 0, at: 60 },
  { row: 2, at: 5 },
  { row: 2, at: 55 },
];

test('left and right stay in the row', () => {
  assert.deepEqual(arrowTarget('ArrowRight', places[0]!, places), places[1]);
  assert.deepEqual(arrowTarget('ArrowLeft', places[1]!, places), places[0]);
  assert.equal(arrowTarget('ArrowRight', places[1]!, places), undefined);
  assert.deepEqual(arrowTarget('End', places[2]!, places), places[3]);
});

test('up and down go to what stands nearest above and below, over empty rows', () => {
  assert.deepEqual(arrowTarget('ArrowDown', places[1]!, places), places[3]);
  assert.deepEqual(arrowTarget('ArrowUp', places[2]!, places), places[0]);
  assert.equal(arrowTarget('ArrowUp', places[0]!, places), undefined);
  assert.equal(arrowTarget('x', places[0]!, places), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameIndexOf } from '../../../src/ui/text/names';
import { smallView } from './view';

test('a value is found where it is written and nowhere else', () => {
  const view = smallView();
  const index = nameIndexOf(view);
  const [line, from, to] = view.values[0]!.places[3]!;
  assert.equal(index.at(line, from)?.value.name, 'x');
  assert.deepEqual(index.at(line, to)?.place, [line, from, to]);
  assert.equal(index.at(line, to + 1), undefined);
  assert.equal(index.at(999, 0), undefined);
});

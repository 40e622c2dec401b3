import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesInSymbol, sizeOfSymbol } from '../../../src/onnx/shapes/expression';

const sizes = new Map([
  ['past', 5],
  ['s1', 7],
  ['odd name', 3],
]);

test('formulas that exporters write for sizes', () => {
  const cases: readonly (readonly [text: string, size: number | undefined])[] = [
    ['s1', 7],
    ['odd name', 3],
    ['past + s1', 12],
    ['2*(s1 - past)', 4],
    ['s1//2 + 1', 4],
    ['floor(s1/2)', 3],
    ['Max(1, s1, past)', 7],
    ['-past + s1', 2],
    ['past - s1', undefined],
    ['s1/2', undefined],
    ['s1 + other', undefined],
    ['s1 +', undefined],
    ['(s1', undefined],
    ['s1 / 0', undefined],
    ['constructor(s1)', undefined],
    ['(' + '('.repeat(5000), undefined],
  ];
  for (const [text, size] of cases) assert.equal(sizeOfSymbol(text, sizes), size, text);
});

test('names in a formula', () => {
  assert.deepEqual(namesInSymbol('past + max(s1, 2)'), ['past', 's1']);
  assert.deepEqual(namesInSymbol('odd name'), ['odd name']);
  assert.deepEqual(namesInSymbol('batch'), ['batch']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weightStatistics } from '../../src/engine/statistics';
import { noExternal } from '../../src/onnx/external';
import { indexGraph } from '../../src/onnx/graph';
import type { DType } from '../../src/tensor/dtype';
import { aModel, aNode, aTensor } from '../support/build';
import { refuses } from '../support/refuses';

const of = (dtype: DType, values: ArrayLike<number>) => {
  const tensor = aTensor('w', dtype, [values.length], values);
  return weightStatistics(indexGraph(aModel({ initializers: [tensor] })), 'w', noExternal);
};

test('counts, extremes, mean and deviation', () => {
  const { count, min, max, mean, std, zeros, outliers } = of('float32', [1, 2, 3, 4, 0, 0]);
  assert.deepEqual(
    { count, min, max, zeros, outliers },
    { count: 6, min: 0, max: 4, zeros: 2, outliers: 0 },
  );
  assert.ok(Math.abs(mean - 10 / 6) < 1e-12);
  assert.ok(Math.abs(std - Math.sqrt(30 / 6 - (10 / 6) ** 2)) < 1e-12);
});

test('the histogram holds every element, the largest too', () => {
  const { histogram } = of(
    'float32',
    Float32Array.from({ length: 3201 }, (_, at) => at),
  );
  assert.equal(
    histogram.counts.reduce((a, b) => a + b),
    3201,
  );
  assert.deepEqual([histogram.from, histogram.to], [0, 3200]);
  assert.ok(histogram.counts.every((count) => count === 100 || count === 101));
});

test('one element far away is an outlier', () => {
  const values = Float32Array.from({ length: 1000 }, (_, at) => Math.sin(at));
  values[17] = 100;
  assert.equal(of('float32', values).outliers, 1);
});

test('small deviations far from zero are not lost', () => {
  const { std } = of('float64', [1e9, 1e9 + 1, 1e9 + 2]);
  assert.ok(Math.abs(std - Math.sqrt(2 / 3)) < 1e-6, String(std));
});

test('equal elements, 4-bit elements and elements that are no numbers', () => {
  assert.deepEqual(
    of('float32', [2, 2]).histogram.counts.filter((count) => count > 0),
    [2],
  );
  assert.deepEqual([of('int4', [-8, 7, 0]).min, of('int4', [-8, 7, 0]).max], [-8, 7]);
  assert.equal(of('float32', [NaN, Infinity, 5]).count, 1);
  assert.equal(of('float32', []).count, 0);
});

test('weights in Constant nodes are found, unknown names are told', () => {
  const value = { kind: 'tensor', value: aTensor('', 'float32', [2], [1, 3]) } as const;
  const index = indexGraph(aModel({ nodes: [aNode('Constant', [], ['c'], { value })] }));
  assert.equal(weightStatistics(index, 'c', noExternal).mean, 2);
  refuses(() => weightStatistics(index, 'nope', noExternal), 'badInput', /'nope'/);
});

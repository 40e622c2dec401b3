import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsOf } from '../../src/report/sensitivity/verdict';
import { chartColors } from '../../src/ui/charts';
import { sensitivityCurve } from '../../src/ui/curve';
import { probeOf, rowOf, sweepOf } from '../support/sweeps';

const colors = chartColors.dark;
const svgOf = ({ uri }: { uri: string }) =>
  Buffer.from(uri.replace('data:image/svg+xml;base64,', ''), 'base64').toString();
const bits = [8, 4, 2].map((value) => probeOf(`int${value}`, 'bits', value));
const shares = [0.7, 0.5].map((value) => probeOf(`prune${value}`, 'share', value));
const rows = (damages: readonly number[]) =>
  [...bits, ...shares].map(({ name }, at) => rowOf('x', name, damages[at] ?? 0));
const curveOf = (damages: readonly number[], limit?: number) => {
  const sweep = sweepOf([...bits, ...shares], rows(damages).slice(0, damages.length));
  return sensitivityCurve(findingsOf(sweep, 'x', {}), limit, colors);
};
const heights = (svg: string) =>
  [...svg.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)"/g)].map(([, y]) => Number(y));

test('the fewer bits, the higher the line where they hurt more', () => {
  const [eight, four, two] = heights(svgOf(curveOf([1e-7, 1e-4, 0.1])!));
  assert.ok(eight! > four! && four! > two!);
  // Equal factors of damage are equal steps on the axis.
  assert.ok(Math.abs(eight! - four! - (four! - two!)) < 0.1);
});

test('bits and pruning are two lines on one scale', () => {
  const svg = svgOf(curveOf([1e-7, 1e-4, 0.1, 1e-4, 0.1])!);
  assert.equal(svg.split('<polyline').length - 1, 2);
  const [, four, two, light, half] = heights(svg);
  assert.deepEqual([four, two], [light, half]);
  assert.match(svg, /8 bits.*2: 0\.1.*70 % kept.*50: 0\.1/);
});

test('the limit is dashed at its height, and nothing leaves the picture', () => {
  const chart = curveOf([0, 1e-12, 50], 1e-3)!;
  const svg = svgOf(chart);
  assert.equal(svg.split('stroke-dasharray').length - 1, 1);
  assert.ok(
    heights(svg).every((y) => y >= 0 && y <= chart.height),
    svg,
  );
  assert.ok(!/NaN|Infinity/.test(svg));
});

test('one strength is no curve', () => {
  assert.equal(curveOf([1e-7]), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartColors, histogramChart, layerChart } from '../../src/ui/charts';

const colors = chartColors.dark;
const svgOf = ({ uri }: { uri: string }) =>
  Buffer.from(uri.replace('data:image/svg+xml;base64,', ''), 'base64').toString();
const count = (text: string, part: string) => text.split(part).length - 1;

test('one bar stands out among its peers', () => {
  const svg = svgOf(layerChart({ values: [1, 2, 3], own: 1, caption: 'time' }, colors));
  assert.equal(count(svg, '<rect'), 3);
  assert.equal(count(svg, `fill="${colors.mark}"`), 1);
});

test('the tallest bar fills the height and nothing leaves the picture', () => {
  const chart = layerChart({ values: [0, 5, 1e9], own: 0, caption: '' }, colors);
  const heights = [...svgOf(chart).matchAll(/height="([\d.]+)" fill/g)].map(([, h]) => Number(h));
  assert.deepEqual(heights, [0, 1, 34]);
});

test('of thousands of peers those around the layer are drawn', () => {
  const values = Array.from({ length: 5000 }, (_, at) => at + 1);
  for (const own of [0, 2500, 4999]) {
    const svg = svgOf(layerChart({ values, own, caption: '' }, colors));
    assert.equal(count(svg, '<rect'), 120);
    assert.equal(count(svg, `fill="${colors.mark}"`), 1);
  }
});

test('a histogram stands beside the peers', () => {
  const histogram = { from: -0.5, to: 0.25, counts: [1, 4, 2] };
  const alone = layerChart({ values: [1], own: 0, caption: '' }, colors);
  const both = layerChart({ values: [1], own: 0, caption: '' }, colors, histogram);
  assert.ok(both.width > alone.width);
  assert.match(svgOf(histogramChart(histogram, colors)), />-0\.5<.*>0\.25</);
});

test('a name cannot break out of the picture', () => {
  const chart = layerChart({ values: [1], own: 0, caption: '</text><script>"&' }, colors);
  assert.ok(!svgOf(chart).includes('<script>'));
});

test('no values make an empty picture', () => {
  assert.ok(svgOf(layerChart({ values: [], own: -1, caption: '' }, colors)).startsWith('<svg'));
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { exports } from '../../src/report/exports';
import { script, scriptHash, style, styleHash } from '../../src/report/exports/htmlAssets';
import { encoder, inspectionOf, layerOf, profileOf, weightOf } from './fixture';

const model = encoder(2);
const profile = profileOf(model, (layer) => (layer.macs ?? 0) / 1e7 + 0.01);

const hostile = inspectionOf(
  ['=SUM(A1)', 'a,"b"', '<script>alert(1)</script>', 'line\nbreak', '__proto__', 'constructor'].map(
    (name) => layerOf({ name, nodes: [name], weights: [weightOf(`${name}.w`, [2, 2])] }),
  ),
);

/** The cells of a CSV file, by the rules of RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quotedCell, plain, end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^,\r]*))(,|\r\n)/g,
  )) {
    rows.at(-1)!.push(quotedCell?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

test('CSV: one line per layer, and times that add up to the plain run', () => {
  const [head, ...rows] = parseCsv(exports.csv.write(model, profile));
  assert.equal(rows.length, model.layers.length + 1);
  const time = head!.indexOf('time_ms');
  const sum = rows.reduce((total, row) => total + Number(row[time]), 0);
  const layers = Object.values(profile.layers).reduce((total, layer) => total + layer.timeMs, 0);
  assert.ok(Math.abs(sum - layers - 1) < 1e-4);
  assert.equal(rows.at(-1)![head!.indexOf('name')], '(unattributed)');
});

test('CSV: what is unknown is empty, and names cannot become formulas', () => {
  const odd = inspectionOf([layerOf({ name: 'a', macs: null })]);
  const [head, row] = parseCsv(exports.csv.write(odd));
  assert.equal(row![head!.indexOf('macs')], '');
  assert.equal(row![head!.indexOf('time_ms')], '');
  const names = parseCsv(exports.csv.write(hostile)).map((cells) => cells[1]);
  assert.deepEqual(names.slice(1, 5), [
    "'=SUM(A1)",
    'a,"b"',
    '<script>alert(1)</script>',
    'line\nbreak',
  ]);
});

test('JSON: the inspection, with times beside the MACs where there is a profile', () => {
  assert.deepEqual(JSON.parse(exports.json.write(model)), model);
  const merged = JSON.parse(exports.json.write(model, profile));
  assert.equal(merged.measured.runs, 30);
  assert.equal(merged.layers[1].timeMs, profile.layers[model.layers[1]!.id]!.timeMs);
  assert.ok(
    Math.abs(merged.parts.attention.timeMs + merged.parts.feedForward.timeMs) <
      merged.totals.timeMs,
  );
  assert.equal(merged.parts.convolution.timeMs, 0);
  const partial = profileOf(model, (layer) => (layer.part === 'norm' ? undefined : 1));
  const kept = JSON.parse(exports.json.write(model, partial));
  assert.equal(kept.parts.norm.timeMs, null);
});

test('names that every object has find no figures', () => {
  const timed = JSON.parse(
    exports.json.write(
      hostile,
      profileOf(hostile, () => undefined),
    ),
  );
  assert.deepEqual(
    timed.layers.map((layer: { timeMs: unknown }) => layer.timeMs),
    hostile.layers.map(() => null),
  );
  assert.deepEqual(
    timed.nodes.map((node: { timeMs: unknown }) => node.timeMs),
    hostile.nodes.map(() => null),
  );
});

test('HTML: escapes names, asks for nothing outside, and admits only its own script and style', () => {
  const page = exports.html.write(
    hostile,
    profileOf(hostile, () => 1),
  );
  assert.ok(!page.includes('<script>alert'));
  assert.ok(page.includes('&lt;script&gt;alert(1)'));
  assert.ok(page.includes('line\\nbreak'));
  assert.ok(!/\b(?:src|href)=|url\(|@import|https?:/.test(page));
  assert.ok(!/ style="| on[a-z]+="/.test(page));
  const hash = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
  assert.equal(styleHash, hash(style));
  assert.equal(scriptHash, hash(script));
  assert.ok(
    page.includes(`<style>${style}</style>`) && page.includes(`<script>${script}</script>`),
  );
});

test('HTML: ten thousand layers make a page in good time', () => {
  const big = encoder(1250);
  const start = performance.now();
  const page = exports.html.write(
    big,
    profileOf(big, () => 1),
  );
  assert.ok(page.length < 30e6);
  assert.ok(performance.now() - start < 5000);
});

test('Netron attachment: every item names a node or a value, once per metric', () => {
  const named = inspectionOf([layerOf({ name: 'a', nodes: ['n1'], macs: 5 })]);
  named.nodes.push({ ...named.nodes[0]!, name: 'out', outputs: ['out'], macs: null });
  const file = JSON.parse(
    exports.netron.write(
      named,
      profileOf(named, () => 2),
    ),
  );
  assert.equal(file.signature, 'netron:attachment');
  const keys = file.metrics.map(
    (item: Record<string, string>) => `${item.kind} ${item.target} ${item.name}`,
  );
  assert.equal(new Set(keys).size, keys.length);
  assert.deepEqual(
    file.metrics.find(
      (item: { name: string; target: string }) => item.name === 'time' && item.target === 'n1',
    ),
    { kind: 'node', target: 'n1', name: 'time', value: '2.00 ms' },
  );
  assert.ok(keys.includes('model  parameters'));
  assert.ok(!keys.includes('value out MACs'), 'an unknown figure is left out');
  assert.ok(
    file.metadata.some(
      (item: { kind: string; target: string }) => item.kind === 'value' && item.target === 'out',
    ),
  );
});

test('Model Explorer node data: time when measured, MACs before', () => {
  const timed = JSON.parse(exports.modelExplorer.write(model, profile));
  assert.equal(timed.name, 'time (ms), synthetic inputs (seed 1)');
  const node = model.nodes[1]!;
  assert.deepEqual(timed.results[node.name], { value: profile.nodes[node.name] });
  const counted = JSON.parse(exports.modelExplorer.write(model));
  assert.deepEqual(counted.results[node.name], { value: node.macs });
  assert.deepEqual([timed.gradient[0].stop, timed.gradient.at(-1).stop], [0, 1]);
});

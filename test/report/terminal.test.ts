import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayWidth, textBar, wrapText } from '../../src/report/columns';
import { colourPalette, plainPalette } from '../../src/report/paint';
import { terminalReport } from '../../src/report/terminal';
import { encoder, inspectionOf, layerOf, profileOf } from './fixture';

const options = { width: 120, layers: 5, palette: plainPalette };
const model = encoder(6);
const profile = profileOf(model, (layer) => (layer.macs ?? 0) / 3e7 + 0.02);

test('a counted report says what it is, where it goes and which layers cost most', () => {
  const text = terminalReport(model, undefined, options);
  assert.match(
    text,
    /^model\.onnx {2}encoder · 6 blocks × 384 · 12 heads × 32 · feed-forward 1,536\n/,
  );
  assert.match(text, /counted for batch 1 · sequence 128/);
  assert.match(text, /Attention .* 491 M +35 %/);
  assert.match(text, /52 % {2}of the weight bytes are embeddings/);
  assert.match(text, /encoder\.layer\.0\.intermediate {2}up .* 75\.5 M/);
  assert.match(text, /… and 45 more: --layers 50/);
  assert.ok(
    !/latency|of the time|Unattributed/.test(text),
    'no word of time before it is measured',
  );
});

test('a measured report says how it was measured, and what is in no layer', () => {
  const text = terminalReport(model, profile, options);
  assert.match(
    text,
    /measured on cpu, 2 threads · 30 runs after 3 to warm up · synthetic inputs \(seed 1\)/,
  );
  assert.match(text, /50\.0 ms {2}latency, 49\.0 ms to 53\.0 ms/);
  assert.match(text, /Unattributed: 1\.00 ms of a plain run of 55\.0 ms/);
});

test('columns stand under one another, whatever the script of the names', () => {
  const odd = inspectionOf(
    ['注意力', 'attention', 'très-long'].map((name, index) => layerOf({ name, macs: 10 ** index })),
  );
  const lines = terminalReport(odd, undefined, options).split('\n');
  const at = lines.findIndex((line) => line.startsWith('Costliest'));
  const ends = lines.slice(at, at + 4).map((line) => displayWidth(/^.*? {2}\S+ +/.exec(line)![0]));
  assert.deepEqual(new Set(ends.slice(1)).size, 1);
});

test('no line is wider than the screen, and every layer keeps its figures', () => {
  for (const width of [60, 80, 100, 140]) {
    const text = terminalReport(model, profile, { ...options, width });
    const tables = text.split('\n').filter((line) => / {2}/.test(line));
    for (const line of tables) assert.ok(displayWidth(line) <= width, `${width}: ${line}`);
    assert.match(text, /layer\.0\.intermediate {2}up .*2\.54 ms +\d/);
  }
});

test('control characters of a name do not reach the terminal', () => {
  const odd = inspectionOf([layerOf({ name: '\u001b[2Jgone\r', macs: 1 })]);
  const text = terminalReport(odd, undefined, options);
  assert.ok(!text.includes('\u001b') && !text.includes('\r'));
  assert.ok(text.includes('\\u{001b}[2Jgone\\r'));
});

test('colour adds codes and changes no text', () => {
  const plain = terminalReport(model, profile, options);
  const coloured = terminalReport(model, profile, { ...options, palette: colourPalette });
  assert.notEqual(plain, coloured);
  assert.equal(
    coloured.replace(/\u001b\[[0-9;]*m/g, '').replace(/ +$/gm, ''),
    plain.replace(/ +$/gm, ''),
  );
});

test('bars grow by eighths and show anything above nothing', () => {
  assert.equal(textBar(0, 4), '');
  assert.equal(textBar(0.0001, 4), '▏');
  assert.equal(textBar(0.5, 4), '██');
  assert.equal(textBar(2, 4), '████');
});

test('text wraps between words', () => {
  assert.deepEqual(wrapText('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrapText('longer-than-that x', 4), ['longer-than-that', 'x']);
});

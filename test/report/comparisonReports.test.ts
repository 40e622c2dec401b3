import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison, KernelProof } from '../../src/protocol/build';
import { comparisonExports } from '../../src/report/comparisonExports';
import { terminalComparison } from '../../src/report/comparisonTerminal';
import { plainPalette } from '../../src/report/paint';
import { comparisonOf } from './fixture';

const terminal = (comparison: Comparison, width = 120, layers = 20) =>
  terminalComparison(comparison, { width, layers, palette: plainPalette });

const proof = (layer: string, ok: boolean, why: string | null): KernelProof => ({
  ...{ layer, scheme: 'int8 static', wanted: 'QLinearMatMul', ok, why },
  ran: ok ? ['QLinearMatMul'] : ['Gemm', 'DequantizeLinear'],
});

const full = comparisonOf({
  kernels: [
    proof('a.dense', true, null),
    proof('b.dense', false, 'The bias was fused first.'),
    proof('c.dense', false, 'The bias was fused first.'),
  ],
  layers: [
    {
      ...{ layer: 'a.dense', change: 'changed', from: 'MatMul float32', to: 'MatMul int8' },
      bytes: { reference: 4e6, candidate: 1e6 },
      sqnrDb: 31.25,
    },
    {
      ...{ layer: 'a.act', change: 'same', from: 'Relu', to: 'Relu' },
      bytes: { reference: 0, candidate: 0 },
    },
    {
      ...{ layer: 'a.new', change: 'added', from: null, to: 'Mul' },
      bytes: { reference: 0, candidate: 512 },
    },
  ],
});

test('the terminal shows figures, verdicts, missed kernels and changed layers', () => {
  const text = terminal(full);
  assert.match(text, /model\.int8\.onnx against model\.onnx/);
  assert.match(text, /file +92\.0 MB +23\.0 MB .*4\.0x smaller/);
  assert.match(text, /latency +62\.5 ms +25\.1 ms .*2\.5x faster +\[2\.3, 2\.6\]/);
  assert.match(text, /accuracy \(872\) .*no difference +−0\.2 points \[−0\.9, \+0\.5\], paired/);
  assert.match(text, /kernels +1 of 3 +.*2 missed/);
  assert.match(text, /2 layers: The bias was fused first\./);
  assert.match(text, /b\.dense, c\.dense\. Wanted QLinearMatMul; ran Gemm, DequantizeLinear\./);
  assert.match(
    text,
    /a\.dense +MatMul float32 +MatMul int8 +4\.00 MB +1\.00 MB +−3\.00 MB +31\.3 dB/,
  );
  assert.match(text, /Furthest from the original’s results: a\.dense 31\.3 dB/);
  assert.match(text, /a\.new +Mul +0 B +512 B +\+512 B/);
  assert.doesNotMatch(text, /a\.act/);
});

test('lines fit the screen, and what is not listed is counted', () => {
  for (const width of [80, 100]) {
    for (const line of terminal(full, width).split('\n')) {
      assert.ok(line.length <= width, `${line.length}: ${line}`);
    }
  }
  assert.match(terminal(full, 120, 1), /… and 1 more: --layers 2/);
});

test('one long note does not push the intervals of all figures off the screen', () => {
  const [wide, narrow] = [terminal(comparisonOf({}), 120), terminal(comparisonOf({}), 110)];
  assert.match(wide, /signal to error +cosine/);
  assert.match(narrow, /signal to error\n/);
  for (const text of [wide, narrow]) assert.match(text, /latency .* in turn, \d thread/);
  assert.doesNotMatch(terminal(comparisonOf({}), 70), /in turn/);
});

test('conditions say what was not used and what is not finished', () => {
  const text = terminal(comparisonOf({ leftOut: 3, complete: false, data: 'synthetic' }));
  assert.match(
    text.replace(/\s+/g, ' '),
    /made-up inputs, 872 samples · 3 left out: .* · not finished/,
  );
});

test('Markdown has the same sentences in tables', () => {
  const text = comparisonExports.markdown.write(full);
  assert.match(text, /^# model\.int8\.onnx against model\.onnx\n/);
  assert.match(text, /\| file \| 92\.0 MB \| 23\.0 MB \| 4\.0x smaller \|/);
  assert.match(text, /## Kernels: 1 of 3 as intended\n\n- 2 layers: The bias was fused first\./);
  assert.match(
    text,
    /\| a\.dense \| MatMul float32 \| MatMul int8 \| 4\.00 MB \| 1\.00 MB \| −3\.00 MB \| 31\.3 dB \|/,
  );
});

test('the page needs nothing else, and shows every layer', () => {
  const page = comparisonExports.html.write(full);
  assert.doesNotMatch(page, /(src|href)=|https?:\/\/(?!www\.w3\.org)/);
  assert.match(page, /default-src 'none'/);
  assert.match(page, /<td[^>]*>a\.act<\/td>/);
  assert.match(page, /<b>2 layers<\/b><span>The bias was fused first\.<\/span>/);
});

test('names from hostile files stay text', () => {
  const name = '<img src=x onerror=alert(1)>|`[a](http://x)\u202e\n# big';
  const hostile = comparisonOf({
    candidate: `/tmp/${name}.onnx`,
    kernels: [proof(name, false, name)],
    layers: [
      {
        ...{ layer: name, change: 'changed', from: name, to: name },
        bytes: { reference: 1, candidate: 0 },
      },
    ],
  });
  const page = comparisonExports.html.write(hostile);
  assert.doesNotMatch(page, /<img/);
  assert.doesNotMatch(page, /\u202e/);
  const markdown = comparisonExports.markdown.write(hostile);
  assert.doesNotMatch(markdown, /(?<!\\)<img|(?<!\\)\[a\]|^# big/m);
  assert.doesNotMatch(markdown, /\u202e/);
  // Borders of tables are those of the table alone.
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
  for (const row of rows) assert.ok([6, 8].includes(row.match(/(?<!\\)\|/g)!.length), row);
  const text = terminal(hostile);
  assert.doesNotMatch(text, /\u202e/);
  assert.doesNotMatch(text, /^# big/m);
});

test('JSON is the comparison', () => {
  assert.deepEqual(JSON.parse(comparisonExports.json.write(full)), full);
});

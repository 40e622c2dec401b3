import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMentions } from '../../../src/ui/mentions/find';

const paths = (text: string, language = 'python') =>
  findMentions(text, language).map(({ path }) => path);

test('quoted paths are found in any language', () => {
  assert.deepEqual(paths(`session = ort.InferenceSession("models/bert.onnx")  # or 'tiny.onnx'`), [
    'models/bert.onnx',
    'tiny.onnx',
  ]);
  assert.deepEqual(paths('{ "model": "C:\\\\models\\\\a.onnx" }', 'json'), ['C:/models/a.onnx']);
  assert.deepEqual(paths('load(`./model.ONNX`)', 'typescript'), ['./model.ONNX']);
});

test('a place is that of the path between its quotes', () => {
  const text = 'x = 1\ny = "a.onnx"';
  const [mention] = findMentions(text, 'python');
  assert.deepEqual(mention, { line: 1, from: 5, to: 11, path: 'a.onnx' });
});

test('bare paths are found in YAML only', () => {
  const text = 'model: models/a.onnx\nmodels: [b.onnx, "c.onnx"]\n- d.onnx # e.onnx';
  assert.deepEqual(paths(text, 'yaml').sort(), [
    'b.onnx',
    'c.onnx',
    'd.onnx',
    'e.onnx',
    'models/a.onnx',
  ]);
  assert.deepEqual(paths(text, 'python'), ['c.onnx']);
});

test('what cannot name one file is passed over', () => {
  const text = [
    'f"{name}.onnx"',
    '`${dir}/a.onnx`',
    'glob("*.onnx")',
    '"a.onnx.data"',
    '"about .onnxes"',
    "print('unclosed.onnx)",
    '".onnx"',
  ];
  assert.deepEqual(paths(text.join('\n')), []);
});

test('a minified line is not searched', () => {
  assert.deepEqual(paths(`${' '.repeat(5000)}"a.onnx"`), []);
});

test('hostile text is searched in linear time', () => {
  const started = performance.now();
  findMentions(`${'"a'.repeat(900)}.onnx\n`.repeat(200), 'yaml');
  findMentions(`${'[a'.repeat(900)}.onnx\n`.repeat(200), 'yaml');
  assert.ok(performance.now() - started < 2000);
});

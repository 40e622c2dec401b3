import assert from 'node:assert/strict';
import { test } from 'node:test';
import { terminalAdvice } from '../../src/cli/adviseTerminal';
import { advise } from '../../src/recipe/advice/advice';
import type { AdviceFacts } from '../../src/recipe/advice/facts';
import { plainPalette } from '../../src/report/paint';

const facts: AdviceFacts = {
  traits: { family: 'encoder', parts: ['attention'], data: true },
  bytes: 90e6,
  compressible: { layers: 38, bytes: 89e6 },
  quantizedLayers: 0,
  convolutionBytes: 0,
  hasRecurrent: false,
};
const options = {
  width: 80,
  layers: 0,
  palette: plainPalette,
  model: 'm.onnx',
  data: 'd.npz',
};

test('advice says what it proposes, why, what is unknown, and the command that plans', () => {
  const text = terminalAdvice(advise(facts, { goal: 'size', training: 'yes' }), options);
  assert.match(text, /^1\. Let measurements choose for every layer\n/);
  assert.match(text, /featherweight plan m\.onnx --data d\.npz --max-kl 0\.01\n/);
  assert.match(text, /Speed and damage are not known yet: build/);
  assert.match(text, /Will not help\n/);
  assert.match(text, /Would help, and is not here\n/);
  assert.ok(text.endsWith('\n') && text.split('\n').every((line) => line.length <= 80));
});

test('a model’s name cannot write to the terminal', () => {
  const text = terminalAdvice(advise(facts, { goal: 'size' }), {
    ...options,
    model: 'a\u001b[2Jb',
  });
  assert.ok(!text.includes('\u001b'));
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { engine } from '../../src/engine/engine';
import { Models } from '../../src/engine/models';
import { modelsFolder, withoutModels } from '../support/models';

const models = new Models();
const file = (name: string) => join(modelsFolder, 'structures', `${name}.onnx`);
const sequence = (name: string, dims = {}) =>
  models.sized(file(name), { dims }).resolved.named['sequence'];

test('a default sequence is no longer than the table of positions', { skip: withoutModels }, () => {
  assert.equal(sequence('bert_ts_op14'), 32);
  assert.equal(sequence('bert_ts_stripped'), 32);
  assert.equal(sequence('gpt2_ts_op14'), 32);
  assert.equal(sequence('roberta_ts_op17'), 30, 'two rows are kept for padding');
  assert.equal(sequence('bert_ts_ortfused'), 32, 'a table inside a fused operator');
  assert.equal(sequence('bert_ts_ortfused_dynint8'), 32);
  assert.equal(sequence('llama_ts_op14'), 128, 'no table');
});

test('a length that was asked for is kept', { skip: withoutModels }, () => {
  assert.equal(sequence('bert_ts_op14', { sequence: 40 }), 40);
  assert.equal(sequence('bert_ts_op14', { batch: 2 }), 32);
});

test('the sizes offered are those that are taken', { skip: withoutModels }, () => {
  const offered = engine().dimensions(
    { file: file('bert_ts_op14') },
    {
      signal: new AbortController().signal,
      progress: () => {},
      partial: () => {},
    },
  );
  assert.deepEqual(offered, [
    { symbol: 'batch', role: 'batch', size: 1 },
    { symbol: 'sequence', role: 'sequence', size: 32 },
  ]);
});

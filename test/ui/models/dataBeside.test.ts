import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataFiles, folderOfData } from '../../../src/ui/models/dataBeside';

test('data beside a model is told by its ending, and what models are judged by comes first', () => {
  const names = ['calibration.npz', 'train.jsonl', 'model.onnx', 'Dev.npz', 'my-test.csv'];
  assert.deepEqual(
    dataFiles(names).map(({ name }) => name),
    ['Dev.npz', 'my-test.csv', 'calibration.npz', 'train.jsonl'],
  );
  assert.match(dataFiles(['a.csv'])[0]?.holds ?? '', /one sample a line/);
  assert.equal(dataFiles(Array.from({ length: 50 }, (_, at) => `${at}.npy`)).length, 20);
});

test('a folder is data by what lies in it', () => {
  assert.match(folderOfData(['model.onnx', 'test_data_set_0']) ?? '', /test sets/);
  assert.match(folderOfData(['input_0.pb']) ?? '', /test sets/);
  assert.match(folderOfData(['cat.JPG']) ?? '', /images/);
  assert.equal(folderOfData(['notes.txt', 'input.pb']), undefined);
});

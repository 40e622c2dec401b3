import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileSource } from '../../src/engine/files';
import { readModel } from '../../src/onnx/read';
import { modelFiles, withoutModels } from '../support/models';

test('every model of the folder is read', { skip: withoutModels }, () => {
  for (const file of modelFiles()) {
    const source = new FileSource(file);
    const model = readModel(source);
    assert.ok(model.graph.nodes.length > 0, file);
    assert.ok((model.opsets.get('') ?? 0) > 0, file);
    source.dispose();
  }
});

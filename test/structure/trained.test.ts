import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutModels } from '../support/models';
import { parametersOf, structureOf } from './structures';

/** What is known of the trained models: kind, blocks, parameters, and heads, key/value heads, head size, width, inner width. */
const trained = {
  'minilm-sst2/model.onnx': ['encoder', 6, 22713986, [12, 12, 32, 384, 1536]],
  'digits-vit/model.onnx': ['vit', 4, 202186, [4, 4, 16, 64, 256]],
  'digits-vit/model-dynamo.onnx': ['vit', 4, 202186, [4, 4, 16, 64, 256]],
  'mnist-resnet/model.onnx': ['cnn', 6, 174410, []],
  // Two shifts of BatchNorm learnt the same numbers, and the exporter stored them once: 174,970 less 96.
  'mnist-resnet/model-bn.onnx': ['cnn', 6, 174874, []],
  'mnist-resnet/mobilenet.onnx': ['cnn', 6, 77210, []],
  'tiny-lm/model.onnx': ['decoder', 4, 1967808, [6, 2, 32, 192, 512]],
  'tiny-lm/model-cache.onnx': ['decoder', 4, 1967808, [6, 2, 32, 192, 512]],
  'lstm-sst2/model.onnx': ['rnn', 1, 736234, []],
  'vad/model.onnx': ['rnn', 2, 309633, []],
  'vad/model-if.onnx': ['rnn', 4, 545282, []],
  // 300,412 stored numbers less 26,524 of anchor boxes and their scales, which are given and not learnt.
  'ultraface/model.onnx': ['cnn', 19, 273888, []],
} as const;

for (const [file, [family, blocks, parameters, widths]] of Object.entries(trained)) {
  test(`${file}: kind, blocks, parameters and widths`, { skip: withoutModels }, () => {
    const structure = structureOf(file);
    const { heads, kvHeads, headSize, hiddenSize, feedForwardSize } = structure.widths;
    const got = [heads, kvHeads, headSize, hiddenSize, feedForwardSize];
    assert.equal(structure.family, family);
    assert.equal(structure.blocks.length, blocks);
    assert.equal(parametersOf(structure), parameters);
    if (widths.length > 0) assert.deepEqual(got, widths);
  });
}

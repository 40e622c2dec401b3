import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classOf, moduleOfWeight, modulePath, sourceOf } from '../../src/structure/names';
import { aNode } from '../support/build';

const named = (name: string) => aNode('MatMul', [], [], {}, { name });
const withMetadata = (metadata: Record<string, string>) =>
  aNode('MatMul', [], [], {}, { metadata: Object.entries(metadata) });

test('module paths from the names that exporters give nodes', () => {
  const paths: Record<string, string> = {
    '/bert/encoder/layer.0/attention/self/query/MatMul':
      'bert.encoder.layer.0.attention.self.query',
    '/layer1/layer1.0/conv1/Conv': 'layer1.0.conv1',
    '/model/layers/0/attn/q_proj/MatMul_Q4': 'model.layers.0.attn.q_proj',
    'StatefulPartitionedCall/model/dense_1/MatMul;model/dense_1/BiasAdd': 'model.dense_1',
    'model/dense/MatMul__12': 'model.dense',
    'fused /bert/pooler/dense/Gemm': 'bert.pooler.dense',
    MatMul_17: '',
    '': '',
  };
  for (const [name, path] of Object.entries(paths))
    assert.equal(modulePath(named(name)), path, name);
});

test('what the dynamo exporter writes into a node’s metadata', () => {
  const node = withMetadata({
    'pkg.torch.onnx.name_scopes': "['', 'bert', 'bert.pooler', 'bert.pooler.dense', 'linear_12']",
    'pkg.torch.onnx.class_hierarchy':
      "['transformers.BertModel', 'torch.nn.modules.linear.Linear', 'aten.linear.default']",
    'pkg.torch.onnx.stack_trace':
      'File "model.py", line 12, in forward\n    x = self.dense(x)\n  File "torch/nn/modules/linear.py", line 134, in forward',
  });
  assert.equal(modulePath(node), 'bert.pooler.dense');
  assert.equal(classOf(node), 'torch.nn.modules.linear.Linear');
  assert.deepEqual(sourceOf(node), { file: 'model.py', line: 12 });
});

test('metadata that is no list, or not there, says nothing', () => {
  const node = withMetadata({
    'pkg.torch.onnx.name_scopes': 'broken',
    'pkg.torch.onnx.stack_trace': 'File',
  });
  assert.deepEqual([modulePath(node), classOf(node), sourceOf(node)], ['', undefined, undefined]);
});

test('modules from the names of weights, not from names that an exporter made up', () => {
  const modules: Record<string, string> = {
    'encoder.layer.0.query.weight': 'encoder.layer.0.query',
    'encoder.layer.0.query.weight_quantized': 'encoder.layer.0.query',
    'model.layers.0.attn.q_proj.MatMul.weight_Q4': 'model.layers.0.attn.q_proj',
    'ConvBnFusion_W_base_net.0.0.weight': 'base_net.0.0',
    'rnn.weight_ih_l0_reverse': 'rnn',
    'model/dense/kernel/ReadVariableOp:0': 'model.dense.kernel',
    'onnx::MatMul_650': '',
    val_87: '',
    f87e9b27ec71: '',
    '12': '',
  };
  for (const [name, module] of Object.entries(modules))
    assert.equal(moduleOfWeight(name), module, name);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { indexGraph } from '../../../src/onnx/graph';
import type { Model } from '../../../src/onnx/model';
import { sortNodes } from '../../../src/onnx/order';
import { resolveSizes } from '../../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../../src/onnx/shapes/infer';
import { elementCount } from '../../../src/onnx/model';
import { modelBytes } from '../../support/build';
import { knownModel } from '../../support/facts';
import { withoutModels } from '../../support/models';

/** Every value of a model, as ONNX Runtime really makes it, against what inference says without the exporter's hints. */

const models = [
  'structures/bert_ts_ortfused.onnx',
  'structures/bert_ts_ortfused_mha.onnx',
  'structures/bert_ts_dynint8.onnx',
  'structures/bert_sdpa_dynamo_op23.onnx',
  'structures/decoder_attention3d_op23.onnx',
  'structures/decoder_gqa_4bit_op21.onnx',
  'structures/llama_ts_op14.onnx',
  'structures/lstm_bi_ts_dynint8.onnx',
  'structures/resnet_basic_ts_staticqoperator.onnx',
  'structures/t5_ts_op14.onnx',
  'structures/vit_dynamo_op18.onnx',
  'tiny-lm/model-cache.onnx',
];

function bare(model: Model): Model {
  const outputs = model.graph.outputs.map((output) => ({ ...output, type: undefined }));
  return { ...model, graph: { ...model.graph, values: [], outputs } };
}

/** The model with every value of its graph as an output. */
function open(model: Model): Model {
  const names = new Set(model.graph.nodes.flatMap((node) => node.outputs).filter((name) => name));
  for (const output of model.graph.outputs) names.delete(output.name);
  const more = [...names].map((name) => ({
    name,
    type: undefined,
    docString: '',
    metadata: [],
    unknown: new Uint8Array(0),
  }));
  return { ...model, graph: { ...model.graph, outputs: [...model.graph.outputs, ...more] } };
}

function ones(type: string, shape: readonly number[]): ort.Tensor {
  const count = elementCount(shape);
  return type === 'int64'
    ? new ort.Tensor('int64', new BigInt64Array(count).fill(1n), shape)
    : new ort.Tensor('float32', new Float32Array(count).fill(0.5), shape);
}

async function compare(file: string): Promise<{ known: number; values: number; wrong: string[] }> {
  const model = sortNodes(knownModel(file).model);
  const resolved = resolveSizes(model, {
    dims: { batch: 2, ...(/resnet|vit/.test(file) ? {} : { sequence: 7 }) },
  });
  const index = indexGraph(bare(model));
  const shapes = inferShapes(index, resolved);
  const session = await ort.InferenceSession.create(modelBytes(open(model)), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  const feeds = model.graph.inputs.flatMap(({ name, type }) => {
    const shape = resolved.inputShapes.get(name);
    return shape && type?.kind === 'tensor' ? [[name, ones(type.dtype, shape)] as const] : [];
  });
  const results = Object.entries(await session.run(Object.fromEntries(feeds)));
  await session.release();
  const wrong = results.flatMap(([name, { dims, data }]) => {
    const found = shapes.typeOf(index.main, name)?.shape;
    const value = shapes.constantOf(index.main, name);
    const isWrong =
      (found && JSON.stringify(found) !== JSON.stringify(dims)) ||
      (value && value.some((element, i) => element !== Number(data[i])));
    return isWrong
      ? [`${file}: ${name} ${JSON.stringify(found)}, not ${JSON.stringify(dims)}`]
      : [];
  });
  if (!shapes.fits(index.main)) wrong.push(`${file} is taken for one that cannot run`);
  const known = results.filter(([name]) => shapes.typeOf(index.main, name)?.shape).length;
  return { known, values: results.length, wrong };
}

test('shapes and small constants are those of a run', { skip: withoutModels }, async (context) => {
  const wrong: string[] = [];
  let [known, values] = [0, 0];
  for (const file of models) {
    const result = await compare(file);
    wrong.push(...result.wrong);
    known += result.known;
    values += result.values;
  }
  context.diagnostic(`${known} of ${values} values known`);
  assert.deepEqual(wrong, []);
  assert.equal(known, values);
});

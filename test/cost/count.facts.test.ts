import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countCost, sumLayers } from '../../src/cost/count';
import { tensorAttribute } from '../../src/onnx/attributes';
import { indexGraph, type GraphIndex } from '../../src/onnx/graph';
import { sortNodes } from '../../src/onnx/order';
import { resolveSizes } from '../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { storedBytes } from '../../src/onnx/weights';
import { buildStructure } from '../../src/structure/build';
import { factsOf, knownModel } from '../support/facts';
import { withoutModels } from '../support/models';

const skip = withoutModels;

function count(file: string, dims: Record<string, number>) {
  const { model, open } = knownModel(file);
  const index = indexGraph(sortNodes(model));
  const shapes = inferShapes(index, { ...resolveSizes(model, { dims }), open });
  const structure = buildStructure(index, shapes, open);
  return { index, structure, table: countCost(structure, shapes) };
}

/** All that the file stores as tensors, the exporter's own constants with the weights. */
function allBytes(index: GraphIndex): number {
  const tensors = index.scopes.flatMap(({ graph }) => [
    ...graph.initializers,
    ...graph.nodes.flatMap((node) =>
      node.op === 'Constant' ? (tensorAttribute(node, 'value') ?? []) : [],
    ),
  ]);
  return tensors.reduce((sum, tensor) => sum + storedBytes(tensor), 0);
}

test(
  'every byte that a model stores belongs to a layer, and only what loops is unknown',
  { skip },
  (context) => {
    const facts = factsOf<{ file: string }>('structures');
    const misses = facts.flatMap(({ file }) => {
      const { index, table } = count(`structures/${file}`, {});
      const { weightBytes, macs, peakActivationBytes, activationBytes } = table.total;
      const problems: string[] = [];
      if (weightBytes !== allBytes(index))
        problems.push(`${weightBytes} of ${allBytes(index)} bytes`);
      if (macs === undefined && !file.startsWith('loop_')) problems.push('no multiply-adds');
      if (peakActivationBytes === undefined || activationBytes === undefined)
        problems.push('no activations');
      return problems.map((problem) => `${file}: ${problem}`);
    });
    context.diagnostic(`${facts.length - misses.length} of ${facts.length} models`);
    assert.deepEqual(misses, []);
  },
);

test('the parts of skeletons to the last digit', { skip }, () => {
  const bert = count('skeletons/bert-base/model.onnx', { batch: 1, sequence: 128 });
  const macs = (part: string, ...roles: readonly string[]) =>
    sumLayers(
      bert.structure.layers.filter(
        (layer) => layer.part === part && (roles.length === 0 || roles.includes(layer.role)),
      ),
      bert.table,
    ).macs;
  assert.deepEqual(
    [
      bert.table.total.parameters,
      bert.table.total.macs,
      macs('attention', 'query', 'key', 'value'),
      macs('attention', 'scores', 'context'),
      macs('attention', 'output'),
      macs('feedForward'),
    ],
    [109_482_240, 11_174_215_680, 2_717_908_992, 301_989_888, 905_969_664, 7_247_757_312],
  );
  const llama = count('skeletons/llama-8b/model.onnx', { batch: 1, sequence: 128 }).table.total;
  assert.deepEqual([llama.parameters, llama.macs], [8_030_261_248, 964_891_246_592]);
});

test('MiniLM: parameters, multiply-adds and the most that is alive at once', { skip }, () => {
  const { table } = count('minilm-sst2/model.onnx', { batch: 1, sequence: 128 });
  assert.equal(table.total.parameters, 22_713_986);
  assert.equal(table.total.macs, 1_434_600_192);
  // In the first feed-forward: three tensors [128, 1536], the residual [128, 384], the mask [128, 128] and the three inputs.
  const floats = 3 * 128 * 1536 + 128 * 384 + 128 * 128;
  assert.equal(table.total.peakActivationBytes, 4 * floats + 3 * 8 * 128);
});

test('a model that hears 8 or 16 kHz counts the branch that can run', { skip }, () => {
  for (const file of ['vad/model.onnx', 'vad/model-if.onnx']) {
    assert.equal(count(file, { batch: 1, sequence: 576 }).table.total.macs, 679_552, file);
  }
});

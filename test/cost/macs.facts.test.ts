import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexGraph } from '../../src/onnx/graph';
import { resolveSizes } from '../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { nodeMacs } from '../../src/cost/macs';
import { factsOf, knownModel } from '../support/facts';
import { withoutModels } from '../support/models';

const skip = withoutModels;

/** Multiply-adds of all nodes of a model without loops. */
function totalMacs(file: string, dims: Record<string, number>): number | string {
  const { model, open } = knownModel(file);
  const index = indexGraph(model);
  const shapes = inferShapes(index, { ...resolveSizes(model, { dims }), open });
  let total = 0;
  for (const entry of index.entries) {
    const counted = nodeMacs(entry, shapes);
    if ('why' in counted) return `${entry.id}: ${counted.why}`;
    total += counted.macs;
  }
  return total;
}

interface StructureFact {
  readonly file: string;
  readonly truth: {
    readonly macs: {
      readonly at: { readonly batch: number; readonly sequence?: number; readonly source?: number };
      readonly total: number;
      readonly attentionScoresAndContext?: number;
    } | null;
  };
  readonly inputs: readonly { readonly declared: readonly (number | string)[] }[];
}

/** The sizes the truth is stated for, and the truth; a model of fixed size computes on its own batch and length instead. */
function stated({ truth, inputs }: StructureFact) {
  const {
    at,
    total = 0,
    attentionScoresAndContext: pairs = 0,
  } = truth.macs ?? { at: { batch: 1 } };
  const length = at.sequence ?? at.source;
  const [batch, fixed] = inputs[0]?.declared ?? [];
  if (typeof batch !== 'number' || typeof fixed !== 'number' || !length) {
    return { dims: { batch: at.batch, ...(length ? { sequence: length } : {}) }, total };
  }
  const tokens = (batch * fixed) / (at.batch * length);
  return { dims: {}, total: (total - pairs) * tokens + pairs * tokens * (fixed / length) };
}

test('the multiply-adds of small models from many exporters', { skip }, (context) => {
  const facts = factsOf<StructureFact>('structures').filter((fact) => fact.truth.macs);
  const misses = facts.flatMap((fact) => {
    const { dims, total } = stated(fact);
    const found = totalMacs(`structures/${fact.file}`, dims);
    return found === total ? [] : [`${fact.file}: ${found}, not ${total}`];
  });
  context.diagnostic(`${facts.length - misses.length} of ${facts.length} facts`);
  assert.deepEqual(misses, []);
});

interface SkeletonFact {
  readonly file: string;
  readonly dimensions: Record<string, number>;
  readonly macs: { readonly total: number };
}

test('the multiply-adds of graphs whose weights are not there', { skip }, (context) => {
  const facts = factsOf<SkeletonFact>('skeletons');
  const misses = facts.flatMap(({ file, dimensions, macs }) => {
    const found = totalMacs(`skeletons/${file}`, dimensions);
    return found === macs.total ? [] : [`${file}: ${found}, not ${macs.total}`];
  });
  context.diagnostic(`${facts.length - misses.length} of ${facts.length} facts`);
  assert.deepEqual(misses, []);
});

/** The sums of `trained.md`; MiniLM's is that of the table for its architecture. Models with branches are counted elsewhere. */
const trained: readonly (readonly [file: string, dims: Record<string, number>, macs: number])[] = [
  ['minilm-sst2/model.onnx', { batch: 1, sequence: 128 }, 1_434_600_192],
  ['digits-vit/model.onnx', { batch: 1 }, 3_495_040],
  ['digits-vit/model-dynamo.onnx', { batch: 1 }, 3_495_040],
  ['mnist-resnet/model.onnx', { batch: 1 }, 20_183_936],
  ['mnist-resnet/model-bn.onnx', { batch: 1 }, 20_183_936],
  ['mnist-resnet/mobilenet.onnx', { batch: 1 }, 5_401_632],
  ['tiny-lm/model.onnx', { batch: 1, sequence: 128 }, 276_824_064],
  ['tiny-lm/model-cache.onnx', { batch: 1, sequence: 128 }, 276_824_064],
  ['lstm-sst2/model.onnx', { batch: 1, sequence: 47 }, 10_973_696],
  ['ultraface/model.onnx', {}, 100_418_560],
];

test('the multiply-adds of trained models', { skip }, (context) => {
  const misses = trained.flatMap(([file, dims, macs]) => {
    const found = totalMacs(file, dims);
    return found === macs ? [] : [`${file}: ${found}, not ${macs}`];
  });
  context.diagnostic(`${trained.length - misses.length} of ${trained.length} facts`);
  assert.deepEqual(misses, []);
});

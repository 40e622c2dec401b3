import { dtypeOf as dtypeByCode } from '../../../tensor/dtype';
import { intAttribute } from '../../attributes';
import { axisOf, mergeDims, type Shape } from '../dims';
import { dtypeOf, fact, isGiven, shapeOf, type NodeView, type Rule } from '../fact';
import { same } from './elementwise';

/** Normalisation: the output is like the input, further outputs hold the statistics. */

/** Statistics keep the axes before the normalised ones. */
function statistics(view: NodeView, axis: number) {
  const source = shapeOf(view, 0);
  const at = source && axisOf(axis, source.length);
  const shape = at === undefined ? undefined : source?.map((dim, i) => (i < at ? dim : 1));
  return fact(dtypeByCode(intAttribute(view.node, 'stash_type', 1)), shape);
}

const layerNorm: Rule = (view) => {
  const held = statistics(view, intAttribute(view.node, 'axis', -1));
  return [...same(view), held, held];
};

const simplifiedLayerNorm: Rule = (view) => layerNorm(view).slice(0, 2);

/** The sum of both inputs comes out as the fourth. */
const skipLayerNorm: Rule = (view) => {
  const [output] = same(view);
  const held = fact(
    'float32',
    shapeOf(view, 0)?.map((dim, i, all) => (i < all.length - 1 ? dim : 1)),
  );
  return [output, held, held, output];
};

/** Running statistics in training, and batch statistics in the oldest opsets, are vectors of the channels. */
const batchNorm: Rule = (view) => {
  const channels = shapeOf(view, 1);
  const vector = fact(dtypeOf(view, 3) ?? dtypeOf(view, 0), channels);
  return [...same(view), vector, vector, vector, vector];
};

/** [batch, sequence, hidden] from ids and tables. */
function embedded(ids: Shape | undefined, table: Shape | undefined): Shape | undefined {
  return ids && [...ids, table?.[1] ?? null];
}

const embedLayerNorm: Rule = (view) => {
  const ids = shapeOf(view, 0);
  const hidden = mergeDims(shapeOf(view, 2)?.[1] ?? null, shapeOf(view, 5)?.[0] ?? null);
  const output = fact(dtypeOf(view, 2), embedded(ids, [null, hidden]));
  return [output, fact('int32', ids?.slice(0, 1)), output];
};

/** Scales follow the quantized tables. */
const quantizedEmbedLayerNorm: Rule = (view) => {
  const ids = shapeOf(view, 0);
  const output = fact(dtypeOf(view, 8) ?? 'float32', embedded(ids, shapeOf(view, 2)));
  return [output, fact('int32', ids?.slice(0, 1))];
};

const skipGroupNorm: Rule = (view) => [
  ...same(view),
  ...(isGiven(view, 3) ? same(view) : same(view)),
];

/** The rules of normalisation. */
export const normalizationRules = {
  LayerNormalization: layerNorm,
  RMSNormalization: same,
  SimplifiedLayerNormalization: simplifiedLayerNorm,
  BatchNormalization: batchNorm,
  InstanceNormalization: same,
  GroupNormalization: same,
  LpNormalization: same,
  MeanVarianceNormalization: same,
  LRN: same,
  'com.microsoft.SimplifiedLayerNormalization': simplifiedLayerNorm,
  'com.microsoft.SkipLayerNormalization': skipLayerNorm,
  'com.microsoft.SkipSimplifiedLayerNormalization': skipLayerNorm,
  'com.microsoft.GroupNorm': same,
  'com.microsoft.SkipGroupNorm': skipGroupNorm,
  'com.microsoft.EmbedLayerNormalization': embedLayerNorm,
  'com.microsoft.QEmbedLayerNormalization': quantizedEmbedLayerNorm,
} satisfies Record<string, Rule>;

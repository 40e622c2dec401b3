import { intAttribute, stringAttribute } from '../onnx/attributes';
import { countOf } from '../onnx/shapes/dims';
import { shapeOf, type NodeView } from '../onnx/shapes/fact';
import { attentionSizes, linearAttentionSizes } from '../onnx/shapes/families/attention';
import { deltaSizes } from '../onnx/shapes/families/packed';
import { plus, sizeAt, times, type MacRule } from './site';

/** Multiply-adds of attention, of what replaces it, and of operators that hold several layers. */

type AttentionOp = keyof typeof attentionSizes;

/** Scores and context: every query head against every key, masked ones too, as the kernels compute them. */
export function attention(op: AttentionOp): MacRule {
  return ({ view }) => {
    const sizes = attentionSizes[op](view);
    if (!sizes) return undefined;
    const { batch, heads, queries, total, headSize, valueHeadSize } = sizes;
    const pairs = countOf([batch, heads, queries, total]);
    return times(pairs, plus(countOf([headSize]), countOf([valueHeadSize])));
  };
}

/** Attention that projects its input by weights [input, q + k + v] itself. */
export function projectingAttention(op: AttentionOp): MacRule {
  return (site) => {
    const rows = countOf(shapeOf(site.view, 0)?.slice(0, 2));
    return plus(times(rows, countOf(shapeOf(site.view, 1))), attention(op)(site));
  };
}

/** Each token adds k·v to the state of every key head, takes v's old share out for the delta rules, and reads it by every query. */
export const linearAttention: MacRule = ({ view }) => {
  const sizes = linearAttentionSizes(view);
  if (!sizes) return undefined;
  const { batch, heads, kvHeads, queries, headSize, valueHeadSize } = sizes;
  const delta = stringAttribute(view.node, 'update_rule', 'gated_delta').endsWith('delta');
  const uses = plus(times(countOf([kvHeads]), delta ? 2 : 1), countOf([heads]));
  return times(countOf([batch, queries]), uses, countOf([headSize, valueHeadSize]));
};

/** As `linearAttention`, over tokens of any batch. */
export const gatedDelta: MacRule = ({ view }) => {
  const { tokens, outputHeads, valueHeads, keySize, valueSize, isDelta } = deltaSizes(view);
  const uses = plus(times(countOf([valueHeads]), isDelta ? 2 : 1), countOf([outputHeads]));
  return times(countOf([tokens, keySize, valueSize]), uses);
};

/** Projections of every row [.., K] to the widths that these attributes name. */
export function projections(...widths: readonly string[]): MacRule {
  return ({ view }) => {
    const rows = countOf(shapeOf(view, 0)?.slice(0, -1));
    const columns = plus(...widths.map((width) => intAttribute(view.node, width)));
    return times(rows, intAttribute(view.node, 'K'), columns);
  };
}

/** The gate of every head is a product with [headSize, gates]. */
export const gatedPositionBias: MacRule = ({ view, outputs }) =>
  times(countOf(outputs[0]?.slice(0, 3)), countOf(shapeOf(view, 3)));

/** How many pairs are compared depends on the tokens. */
export const byData: MacRule = () => undefined;

/** Every token goes through `k` experts; each holds its share [experts, …] of the weights at these inputs. */
export function experts(weights: readonly number[], bits: (view: NodeView) => number): MacRule {
  return ({ view }) => {
    const tokens = countOf(shapeOf(view, 0)?.slice(0, -1));
    const each = weights
      .filter((at) => view.node.inputs[at])
      .map((at) => times(countOf(shapeOf(view, at)?.slice(1)), 8 / bits(view)));
    return times(tokens, intAttribute(view.node, 'k', 1), plus(...each));
  };
}

/** Linear models hold their weights in an attribute, all of which every row uses. */
export function linearModel(attribute: string): MacRule {
  return ({ view }) => {
    const source = shapeOf(view, 0);
    const weights = view.node.attributes.get(attribute);
    if (weights?.kind !== 'floats' || !source) return undefined;
    return times(source.length === 1 ? 1 : sizeAt(source, 0), weights.value.length);
  };
}

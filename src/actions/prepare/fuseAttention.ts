import { makeNode } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { Node } from '../../onnx/model';
import { defineAction, type Workbench } from '../action';
import { attentionAt, type PaddingMask, type WrittenAttention } from './attentionPattern';
import { Constants } from './constants';
import { certainShapes, isOp, standardOpset, wholeModel } from './whole';

/**
 * Attention written in parts becomes one MultiHeadAttention, with the padding mask as its key mask and what was added to masked scores as
 * its filter value. Other masks, such as causal ones spread over all pairs, are left in parts: there it was not measured to pay.
 */
export const fuseAttention = defineAction({
  ...wholeModel,
  speed: 'faster',
  title: 'Fuse attention',
  about:
    'Makes one operator of attention’s parts: up to 4 % faster on short inputs, 2 % slower on batches; the answers stay equal.',
  params: {},
  edits: (bench) => {
    // Before 13 Softmax took several axes as one.
    if (standardOpset(bench) < 13) return [];
    const shapes = certainShapes(bench);
    const { main } = bench.structure.index;
    const found = main.entries.flatMap((entry) => {
      const attention = isOp(entry, 'Softmax') ? attentionAt(bench, shapes, entry) : undefined;
      return attention?.mask ? [{ ...attention, mask: attention.mask }] : [];
    });
    const masks = new Map<string, string>();
    const edits = found.flatMap((attention) => fused(bench, attention, masks));
    return found.length > 0
      ? [...edits, { kind: 'importOpset', domain: 'com.microsoft', version: 1 }]
      : [];
  },
});

type Masked = WrittenAttention & { readonly mask: PaddingMask };

function fused(bench: Workbench, attention: Masked, masks: Map<string, string>): Edit[] {
  const { nodes, last, query, key, value, heads, scale, mask } = attention;
  const { condition, inverted, filter } = mask;
  const maskKey = `${inverted} ${condition}`;
  const known = masks.get(maskKey);
  const constants = new Constants(bench, last.scope);
  const made = known === undefined ? keyMask(bench, mask, constants) : { name: known, nodes: [] };
  masks.set(maskKey, made.name);
  const node = makeNode(
    'MultiHeadAttention',
    [query, key, value, '', made.name],
    last.node.outputs,
    {
      name: bench.names.fresh(`${last.node.name || last.id}_MultiHeadAttention`),
      domain: 'com.microsoft',
      num_heads: heads,
      ...{ scale: { float: scale }, mask_filter_value: { float: filter } },
    },
  );
  return [
    ...constants.edits,
    ...(made.nodes.length > 0
      ? [{ kind: 'insertBefore' as const, entry: mask.where, nodes: made.nodes }]
      : []),
    ...nodes.map((entry): Edit => ({
      ...{ kind: 'replaceNode', entry, nodes: entry === last ? [node] : [] },
    })),
  ];
}

/** The condition as int32 [batch, keys], 1 for keys that count. */
function keyMask(
  { names }: Workbench,
  { condition, inverted }: PaddingMask,
  constants: Constants,
): { readonly name: string; readonly nodes: readonly Node[] } {
  const [kept, flat, name] = ['kept', 'flat', 'keys'].map((what) =>
    names.fresh(`${condition}_${what}`),
  ) as [string, string, string];
  const shape = constants.integers(`${condition}_shape`, [0, -1]);
  const from = inverted ? kept : condition;
  return {
    name,
    nodes: [
      ...(inverted ? [makeNode('Not', [condition], [kept], { name: kept })] : []),
      makeNode('Reshape', [from, shape], [flat], { name: flat }),
      makeNode('Cast', [flat], [name], { name, to: 6 }),
    ],
  };
}

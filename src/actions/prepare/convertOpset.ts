import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import type { Edit } from '../../onnx/edit';
import type { NodeEntry } from '../../onnx/graph';
import type { Node } from '../../onnx/model';
import { defineAction, type Workbench } from '../action';
import { Constants } from './constants';
import { rewrites, type Rewriting } from './opsetRewrites';
import { certainShapes, isStandard, standardOpset, wholeModel } from './whole';

const params = {
  version: {
    kind: 'choice',
    title: 'Operator set',
    help: 'The version to raise the standard operators to; a newer model stays as it is.',
    options: {
      '13': 'Scales per channel in QuantizeLinear and DequantizeLinear.',
      '17': 'Also LayerNormalization as one operator.',
      '21': 'Also 4-bit integers and scales per block.',
    },
    default: '17',
  },
} as const;

/** Older versions differ in how inputs of two sizes meet, which depends on more than the node. */
const oldest = 7;

/**
 * Rewrites every node into what the newer operator set calls it, and leaves out imports that no node uses. Throws `unsupported`
 * naming the node that has no such form.
 */
export const convertOpset = defineAction({
  ...wholeModel,
  title: 'Raise the operator set',
  about:
    'Writes an older model in newer operators, which quantizing by channel needs; it answers as before.',
  params,
  edits: (bench, _, { version }) => [...dropUnused(bench), ...raise(bench, Number(version))],
});

/** The edits that raise a model's operator set, for actions that need it: nodes in `except`, which they replace themselves, are left to them. */
export function raise(
  bench: Workbench,
  version: number,
  except: ReadonlySet<NodeEntry> = new Set(),
): Edit[] {
  const from = standardOpset(bench);
  if (from >= version) return [];
  if (from < oldest) {
    throw new UserError(
      'unsupported',
      `The model is written in operator set ${from}; only ${oldest} and later can be raised.`,
      'Export it again from where it was trained.',
    );
  }
  const shapes = certainShapes(bench);
  const { index } = bench.structure;
  const domain = index.model.opsets.has('') ? '' : 'ai.onnx';
  return [
    ...index.entries.flatMap((entry) => {
      if (except.has(entry)) return [];
      const constants = new Constants(bench, entry.scope);
      const fresh = (wanted: string) => bench.names.fresh(wanted);
      const nodes = rewritten(entry, { entry, shapes, constants, fresh, from }, version);
      if (nodes.length === 1 && nodes[0] === entry.node) return [];
      return [...constants.edits, { kind: 'replaceNode', entry, nodes } satisfies Edit];
    }),
    { kind: 'importOpset', domain, version },
  ];
}

/** The node after every change between the model's version and the new one, the oldest first. */
function rewritten(entry: NodeEntry, rewriting: Rewriting, version: number): readonly Node[] {
  let nodes: readonly Node[] = [entry.node];
  for (let at = rewriting.from + 1; at <= version; at++) {
    nodes = nodes.flatMap((node) => {
      const rewrite = isStandard(node) ? rewrites[node.op]?.[at] : undefined;
      const made = rewrite ? rewrite(node, rewriting) : [node];
      if (typeof made !== 'string') return made;
      throw new UserError(
        'unsupported',
        `${quoted(entry.id)} (${node.op}) ${made}, which operator set ${at} has no form for.`,
      );
    });
  }
  return nodes;
}

/** Imports that exporters and optimisers leave behind make other tools refuse a model. */
function dropUnused({ structure }: Workbench): Edit[] {
  const { opsets, functions } = structure.index.model;
  if (functions.length > 0) return [];
  const used = new Set(structure.index.entries.map(({ node }) => node.domain));
  return [...opsets.keys()]
    .filter((domain) => domain !== '' && domain !== 'ai.onnx' && !used.has(domain))
    .map((domain) => ({ kind: 'dropOpset', domain }));
}

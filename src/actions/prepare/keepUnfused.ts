import type { Edit } from '../../onnx/edit';
import { consumersOf, type NodeEntry } from '../../onnx/graph';
import { storedTensor } from './constants';
import { defineAction } from '../action';
import { isOp, standardOpset, wholeModel } from './whole';

/**
 * ONNX Runtime fuses Add and LayerNormalization into SkipLayerNormalization, whose kernel takes four times as long on a processor as the
 * two nodes (0.25 against 0.06 ms for 128 × 384 numbers). A sum written as Sum, which is the same for two inputs, is not fused.
 */
export const keepUnfused = defineAction({
  ...wholeModel,
  speed: 'faster',
  title: 'Keep norms unfused',
  about:
    'Writes the sum before a LayerNormalization so that the runtime does not fuse the two into a slower kernel; the answers stay equal.',
  params: {},
  edits: (bench) =>
    // Sum broadcasts since version 8.
    standardOpset(bench) < 8 ? [] : bench.structure.index.entries.filter(isFused).map(asSum),
});

/** A sum of two computed values that a LayerNormalization reads, written as one node or in parts. */
function isFused(entry: NodeEntry): boolean {
  const { node, scope } = entry;
  const [output = ''] = node.outputs;
  return (
    isOp(entry, 'Add') &&
    node.inputs.every((name) => storedTensor(scope, name) === undefined) &&
    isNormalized(consumersOf(scope, output))
  );
}

function isNormalized(readers: readonly NodeEntry[]): boolean {
  const has = (op: string) => readers.some((reader) => isOp(reader, op));
  return has('LayerNormalization') || (has('ReduceMean') && has('Sub'));
}

const asSum = (entry: NodeEntry): Edit => ({
  ...{ kind: 'replaceNode', entry, nodes: [{ ...entry.node, op: 'Sum' }] },
});

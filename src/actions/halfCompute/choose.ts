import { intAttribute, intsAttribute } from '../../onnx/attributes';
import { consumersOf, type NodeEntry, producerOf, scopeOf } from '../../onnx/graph';
import { elementCount } from '../../onnx/model';
import type { Shapes } from '../../onnx/shapes/shapes';
import { isNumeric } from '../../onnx/shapes/dims';
import type { Structure } from '../../structure/structure';
import { dtypes } from '../../tensor/dtype';
import { halfOperator } from './operators';

/** Float types of the values that a node reads or makes. */
const float32 = 1;

/** What decides over nodes one at a time is asked of here. */
export interface Around {
  readonly structure: Structure;
  readonly shapes: Shapes;
}

/** Of `entries`, in the order of the file, those that are to compute in float16. */
export function chooseHalves(
  { structure, shapes }: Around,
  entries: readonly NodeEntry[],
): ReadonlySet<NodeEntry> {
  const around = { structure, shapes };
  const able = entries.filter((entry) => isAble(around, entry));
  const exact = exactNodes(around);
  const fitting = new Set(able.filter((entry) => !exact.has(entry)));
  for (const entry of unloadable(around)) fitting.delete(entry);
  return withoutIslands(fitting);
}

const isFloatAt = ({ shapes }: Around, { scope }: NodeEntry, name: string) =>
  shapes.typeOf(scope, name)?.dtype === 'float32';

function isAble(around: Around, entry: NodeEntry): boolean {
  const { node, scope } = entry;
  const operator = halfOperator(entry);
  const used = [...node.inputs, ...node.outputs].filter((name) => name !== '');
  if (!operator || used.some((name) => !around.shapes.typeOf(scope, name))) return false;
  if (!used.some((name) => isFloatAt(around, entry, name))) return false;
  if (intAttribute(node, 'stash_type', float32) !== float32) return false;
  if (node.op === 'Cast') return castsCounts(around, entry);
  return !isPartOfNorm(around, entry) && !isSquared(entry) && !isQuantized(entry);
}

/** Casts between floats are somebody's own decision; those of masks and counts are not. */
function castsCounts(around: Around, entry: NodeEntry): boolean {
  const [from = ''] = entry.node.inputs;
  const [to = ''] = entry.node.outputs;
  const type = around.shapes.typeOf(entry.scope, from)?.dtype;
  return type !== undefined && dtypes[type].class !== 'float' && isFloatAt(around, entry, to);
}

/** A norm that is written out squares its inputs: 256 is too large for that. */
function isPartOfNorm({ structure }: Around, entry: NodeEntry): boolean {
  const layer = structure.layerOf.get(entry.id);
  return layer?.part === 'norm' && halfOperator(entry)?.wide === undefined;
}

/** A square that is summed, wherever it stands. */
function isSquared({ node, scope }: NodeEntry): boolean {
  const squares = node.op === 'Pow' || (node.op === 'Mul' && node.inputs[0] === node.inputs[1]);
  const readers = consumersOf(scope, node.outputs[0] ?? '');
  return squares && readers.some((reader) => reader.node.op.startsWith('Reduce'));
}

/** Part of a chain of integers: the runtime finds its kernels by the float32 between the conversions. */
function isQuantized({ node, scope }: NodeEntry): boolean {
  return (
    node.inputs.some((name) => producerOf(scope, name)?.node.op === 'DequantizeLinear') ||
    node.outputs.some((name) =>
      consumersOf(scope, name).some((reader) => reader.node.op === 'QuantizeLinear'),
    )
  );
}

/** Operators through which a count stays a count. */
const counting = new Set(
  (
    'Cast Range ConstantOfShape Add Sub Mul Div Neg Abs Sqrt Reciprocal Pow Exp Log Min Max Floor Ceil Round Sin Cos Where Clip ' +
    'Reshape Unsqueeze Squeeze Concat Expand Tile Transpose Slice Identity MatMul Einsum'
  ).split(' '),
);

/**
 * Nodes that compute on positions, sizes and other counts alone: they stay where an operator needs their result exactly (the angles of
 * rotary positions, the buckets of relative ones), and where it is a single number, which costs nothing.
 */
function exactNodes(around: Around): ReadonlySet<NodeEntry> {
  const { entries } = around.structure.index;
  const counts = new Set<NodeEntry>();
  for (const entry of entries) if (isCount(around, entry, counts)) counts.add(entry);
  const exact = new Set<NodeEntry>();
  for (const entry of entries.toReversed()) {
    if (counts.has(entry) && (isSingle(around, entry) || isNeeded(entry, exact))) exact.add(entry);
  }
  return exact;
}

function isCount(around: Around, entry: NodeEntry, counts: ReadonlySet<NodeEntry>): boolean {
  const { node, scope } = entry;
  if (node.domain !== '' || !counting.has(node.op)) return false;
  if (!isFloatAt(around, entry, node.outputs[0] ?? '')) return false;
  if (node.op === 'Range' || node.op === 'ConstantOfShape') return true;
  if (node.op === 'Cast') return castsCounts(around, entry);
  const floats = node.inputs.filter((name) => name !== '' && isFloatAt(around, entry, name));
  const makers = floats.map((name) => producerOf(scope, name));
  const counted = makers.filter((maker) => maker && counts.has(maker));
  const stored = floats.filter((name, i) => isStored(entry, name, makers[i]));
  return counted.length > 0 && counted.length + stored.length === floats.length;
}

function isStored({ scope }: NodeEntry, name: string, maker: NodeEntry | undefined): boolean {
  return maker
    ? maker.node.op === 'Constant'
    : (scopeOf(scope, name)?.initializers.has(name) ?? false);
}

function isSingle({ shapes }: Around, { node, scope }: NodeEntry): boolean {
  const shape = shapes.typeOf(scope, node.outputs[0] ?? '')?.shape;
  return isNumeric(shape) && elementCount(shape) === 1;
}

/** Read by an operator that stays in float32 itself. */
function isNeeded({ node, scope }: NodeEntry, exact: ReadonlySet<NodeEntry>): boolean {
  return node.outputs.some((name) =>
    consumersOf(scope, name).some((reader) => exact.has(reader) || !halfOperator(reader)),
  );
}

/**
 * Products that ONNX Runtime (1.24 to 1.30, on x86) ends its process over when it loads them in float16: a Transpose that moves the batch,
 * read by a MatMul whose operands differ in rank. Having no float16 kernel there it puts a Cast between the two, moves it before the
 * Transpose for a fusion that it then gives up, and leaves nodes behind whose operator the next pass looks for in vain (its issue 28392).
 */
function unloadable(around: Around): NodeEntry[] {
  return around.structure.index.entries.flatMap((entry) => {
    const { node, scope } = entry;
    if (node.op !== 'MatMul' && node.op !== 'FusedMatMul') return [];
    const ranks = node.inputs
      .slice(0, 2)
      .map((name) => around.shapes.typeOf(scope, name)?.shape?.length);
    if (ranks[0] !== undefined && ranks[0] === ranks[1]) return [];
    const turned = node.inputs.slice(0, 2).flatMap((name) => batchTranspose(entry, name) ?? []);
    return turned.length > 0 ? [entry, ...turned] : [];
  });
}

function batchTranspose({ scope }: NodeEntry, name: string): NodeEntry | undefined {
  const maker = producerOf(scope, name);
  const order = maker?.node.op === 'Transpose' ? intsAttribute(maker.node, 'perm') : undefined;
  return order && order.length > 2 && order[0] === 1 ? maker : undefined;
}

/** Without the groups of neighbours among which nothing does a layer's work. */
function withoutIslands(chosen: ReadonlySet<NodeEntry>): ReadonlySet<NodeEntry> {
  const left = new Set<NodeEntry>();
  const seen = new Set<NodeEntry>();
  for (const entry of chosen) {
    if (seen.has(entry)) continue;
    const group = groupOf(entry, chosen);
    for (const each of group) seen.add(each);
    if (group.some((each) => halfOperator(each)?.works)) for (const each of group) left.add(each);
  }
  return new Set([...chosen].filter((entry) => left.has(entry)));
}

function groupOf(start: NodeEntry, chosen: ReadonlySet<NodeEntry>): NodeEntry[] {
  const group = new Set([start]);
  for (const { node, scope } of group) {
    const makers = node.inputs.map((name) => producerOf(scope, name));
    const readers = node.outputs.flatMap((name) => consumersOf(scope, name));
    for (const next of [...makers, ...readers]) if (next && chosen.has(next)) group.add(next);
  }
  return [...group];
}

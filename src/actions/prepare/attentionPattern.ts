import { intsAttribute } from '../../onnx/attributes';
import { consumersOf, producerOf, type NodeEntry, type Scope } from '../../onnx/graph';
import type { Shapes } from '../../onnx/shapes/shapes';
import type { Workbench } from '../action';
import { storedScalar } from './constants';
import { axisAttribute, isOp, isOutput } from './whole';

/** Attention written in parts: softmax(Q · Kᵀ · scale + mask) · V, heads split off and put together again. */
export interface WrittenAttention {
  /** All its nodes, the last of which makes its result [batch, sequence, heads · size]. */
  readonly nodes: readonly NodeEntry[];
  readonly last: NodeEntry;
  /** Values [batch, sequence, heads · size]. */
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly heads: number;
  readonly scale: number;
  readonly mask: PaddingMask | undefined;
}

/** A condition [batch, 1, 1, keys] and what is added to the scores of keys that are left out. */
export interface PaddingMask {
  readonly condition: string;
  /** Whether the condition holds for keys that are left out, and not for the others. */
  readonly inverted: boolean;
  readonly filter: number;
  /** The node that makes the mask of the condition. */
  readonly where: NodeEntry;
}

/** Walks up from a Softmax; every value on the way may have one reader only. */
export function attentionAt(
  bench: Workbench,
  shapes: Shapes,
  softmax: NodeEntry,
): WrittenAttention | undefined {
  const { scope, node } = softmax;
  const rank = shapes.typeOf(scope, node.inputs[0] ?? '')?.shape?.length;
  if (rank !== 4 || axisAttribute(node, -1, rank) !== 3) return undefined;
  const scores = scoresOf(bench, shapes, scope, node.inputs[0] ?? '');
  const context = onlyReader(softmax);
  if (!scores || !context || !isOp(context, 'MatMul')) return undefined;
  const [weights, values = ''] = context.node.inputs;
  if (weights !== node.outputs[0]) return undefined;
  const [queries = '', keys = ''] = scores.product.node.inputs;
  const query = splitOf(shapes, scope, queries, [0, 2, 1, 3]);
  const key = splitOf(shapes, scope, keys, [0, 2, 3, 1]);
  const value = splitOf(shapes, scope, values, [0, 2, 1, 3]);
  const joined = joinedAfter(shapes, context);
  if (!query || !key || !value || !joined) return undefined;
  if (key.heads !== query.heads || value.heads !== query.heads) return undefined;
  return {
    nodes: [
      ...[query, key, value].flatMap((each) => each.nodes),
      ...[...scores.nodes, scores.product, softmax, context, ...joined],
    ],
    last: joined[1],
    ...{ query: query.source, key: key.source, value: value.source, heads: query.heads },
    ...{ scale: scores.scale, mask: scores.mask },
  };
}

function onlyReader({ node, scope }: NodeEntry): NodeEntry | undefined {
  const [output = ''] = node.outputs;
  const [reader, ...others] = consumersOf(scope, output);
  const isOne = others.length === 0 && reader?.scope === scope && !isOutput(scope, output);
  return isOne ? reader : undefined;
}

/** Who makes the value, where it is made here and read once. */
function makerOf(scope: Scope, name: string, ...ops: readonly string[]): NodeEntry | undefined {
  const entry = producerOf(scope, name);
  return entry?.scope === scope && isOp(entry, ...ops) && onlyReader(entry) ? entry : undefined;
}

interface Scores {
  readonly nodes: readonly NodeEntry[];
  readonly product: NodeEntry;
  readonly scale: number;
  readonly mask: PaddingMask | undefined;
}

function scoresOf(
  bench: Workbench,
  shapes: Shapes,
  scope: Scope,
  name: string,
): Scores | undefined {
  const sum = makerOf(scope, name, 'Add');
  const [first = '', second = ''] = sum?.node.inputs ?? [];
  const scaledName = sum ? first : name;
  const mask = sum && paddingMask(bench, shapes, scope, second);
  if (sum && !mask) return undefined;
  const factor = makerOf(scope, scaledName, 'Mul', 'Div');
  const number = factor && storedScalar(bench, scope, factor.node.inputs[1] ?? '');
  const product = makerOf(scope, factor ? (factor.node.inputs[0] ?? '') : scaledName, 'MatMul');
  if (!product || (factor && number === undefined)) return undefined;
  const scale = number === undefined ? 1 : factor?.node.op === 'Div' ? 1 / number : number;
  return { nodes: [...(sum ? [sum] : []), ...(factor ? [factor] : [])], product, scale, mask };
}

/** Where(condition, 0, much below 0) or the other way round. */
function paddingMask(
  bench: Workbench,
  shapes: Shapes,
  scope: Scope,
  name: string,
): PaddingMask | undefined {
  const where = producerOf(scope, name);
  if (!where || where.scope !== scope || !isOp(where, 'Where')) return undefined;
  const [condition = '', yes = '', no = ''] = where.node.inputs;
  const shape = shapes.typeOf(scope, condition)?.shape;
  const [kept, left] = [yes, no].map((each) => storedScalar(bench, scope, each));
  const isRow = shape?.length === 4 && shape[1] === 1 && shape[2] === 1 && shape[0] !== 1;
  if (!isRow || kept === undefined || left === undefined) return undefined;
  if (kept === 0 && left < 0) return { condition, inverted: false, filter: left, where };
  return left === 0 && kept < 0 ? { condition, inverted: true, filter: kept, where } : undefined;
}

interface Split {
  readonly nodes: readonly NodeEntry[];
  readonly source: string;
  readonly heads: number;
}

/** [batch, sequence, heads · size] split into heads and turned. */
function splitOf(
  shapes: Shapes,
  scope: Scope,
  name: string,
  perm: readonly number[],
): Split | undefined {
  const turn = makerOf(scope, name, 'Transpose');
  const reshape = turn && makerOf(scope, turn.node.inputs[0] ?? '', 'Reshape');
  if (!turn || !reshape || intsAttribute(turn.node, 'perm')?.join() !== perm.join())
    return undefined;
  const [source = ''] = reshape.node.inputs;
  const from = shapes.typeOf(scope, source)?.shape;
  const to = shapes.typeOf(scope, reshape.node.outputs[0] ?? '')?.shape;
  const heads = to?.[2];
  const keeps = from?.length === 3 && to?.length === 4 && from[0] === to[0] && from[1] === to[1];
  return keeps && typeof heads === 'number' ? { nodes: [turn, reshape], source, heads } : undefined;
}

/** Heads turned back and put side by side. */
function joinedAfter(
  shapes: Shapes,
  context: NodeEntry,
): readonly [NodeEntry, NodeEntry] | undefined {
  const turn = onlyReader(context);
  const reshape = turn && isOp(turn, 'Transpose') ? onlyReader(turn) : undefined;
  if (!turn || !reshape || !isOp(reshape, 'Reshape')) return undefined;
  const { scope } = context;
  const from = shapes.typeOf(scope, turn.node.outputs[0] ?? '')?.shape;
  const to = shapes.typeOf(scope, reshape.node.outputs[0] ?? '')?.shape;
  const isBack = intsAttribute(turn.node, 'perm')?.join() === '0,2,1,3';
  const keeps = from?.length === 4 && to?.length === 3 && from[0] === to[0] && from[1] === to[1];
  return isBack && keeps ? [turn, reshape] : undefined;
}

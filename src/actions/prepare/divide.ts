import { intAttribute, intsAttribute } from '../../onnx/attributes';
import { consumersOf, producerOf, type NodeEntry, type Scope } from '../../onnx/graph';
import { elementCount } from '../../onnx/model';
import type { Shapes } from '../../onnx/shapes/shapes';
import { storedFloats } from './constants';
import { isOp, isOutput, isStandard } from './whole';

/** A stored input of a node that takes a division by channel: the columns of a linear's weight, or a vector of K. */
export interface Division {
  readonly entry: NodeEntry;
  /** Which input. */
  readonly at: number;
}

/** Where a value comes from, and what divides it. */
interface Walk {
  readonly scope: Scope;
  /** Channels along the last axis. */
  readonly k: number;
  /** Undefined for a first look, which takes heads to be split as their names of axes say. */
  readonly shapes: Shapes | undefined;
  readonly depth: number;
}

type Found = readonly Division[] | undefined;

/** Longer chains than any exporter writes between two layers. */
const deepest = 12;

/**
 * The stored tensors that together take a division of the value by channel, K along its last axis, exactly: scale and shift of a norm,
 * weight and bias of a linear before it, through whatever treats channels apart. Undefined where there are none, and where others than
 * `readers` read the value.
 */
export function divisionsOf(
  scope: Scope,
  name: string,
  readers: ReadonlySet<NodeEntry>,
  k: number,
  shapes?: Shapes,
): Found {
  const isTheirs = consumersOf(scope, name).every((each) => readers.has(each) && once(each, name));
  return isTheirs && !isOutput(scope, name)
    ? walk({ scope, k, shapes, depth: 0 }, name)
    : undefined;
}

const once = ({ node }: NodeEntry, name: string) =>
  node.inputs.filter((input) => input === name).length === 1;

/** The same of a value that `reader` alone reads. */
function before(from: Walk, name: string, reader: NodeEntry): Found {
  const [only, ...others] = consumersOf(from.scope, name);
  const isAlone = only === reader && others.length === 0 && once(reader, name);
  const next = { ...from, depth: from.depth + 1 };
  return isAlone && !isOutput(from.scope, name) && next.depth < deepest
    ? walk(next, name)
    : undefined;
}

function walk(from: Walk, name: string): Found {
  const entry = producerOf(from.scope, name);
  if (!entry || entry.scope !== from.scope || entry.node.outputs[0] !== name) return undefined;
  const { node } = entry;
  const rule = isStandard(node) ? rules[node.op] : undefined;
  if (rule) return rule(from, entry);
  return node.op === 'MultiHeadAttention' ? attended(from, entry) : normed(from, entry);
}

type Rule = (from: Walk, entry: NodeEntry) => Found;

/** Positive factors pass through what is linear in each channel above and below zero. */
const through: Rule = (from, entry) => before(from, entry.node.inputs[0] ?? '', entry);

const rules: Readonly<Record<string, Rule>> = {
  Relu: through,
  LeakyRelu: through,
  Identity: through,
  Dropout: through,
  Div: through,
  Mul: multiplied,
  Add: added,
  MatMul: product,
  Gemm: product,
  Reshape: joined,
};

/** Inputs that scale and shift a norm's result. */
const normInputs: Readonly<Record<string, readonly number[]>> = {
  LayerNormalization: [1, 2],
  RMSNormalization: [1],
  SimplifiedLayerNormalization: [1],
  SkipLayerNormalization: [2, 3],
  SkipSimplifiedLayerNormalization: [2],
};

function normed({ k }: Walk, entry: NodeEntry): Found {
  const { node } = entry;
  const [scale = -1, shift = -1] = normInputs[node.op] ?? [];
  if (!isVector(entry, scale, k)) return undefined;
  if (!node.inputs[shift]) return [{ entry, at: scale }];
  return isVector(entry, shift, k)
    ? [
        { entry, at: scale },
        { entry, at: shift },
      ]
    : undefined;
}

function isVector({ scope, node }: NodeEntry, at: number, k: number): boolean {
  const shape = storedFloats(scope, node.inputs[at] ?? '')?.shape;
  return shape !== undefined && shape.at(-1) === k && elementCount(shape) === k;
}

/** A factor of every channel takes the division, else either of the two. */
function multiplied(from: Walk, entry: NodeEntry): Found {
  const { inputs } = entry.node;
  const at = inputs.findIndex((_, i) => isVector(entry, i, from.k));
  if (at >= 0) return [{ entry, at }];
  return before(from, inputs[0] ?? '', entry) ?? before(from, inputs[1] ?? '', entry);
}

function added(from: Walk, entry: NodeEntry): Found {
  const { inputs } = entry.node;
  const at = inputs.findIndex((_, i) => isVector(entry, i, from.k));
  const rest = at < 0 ? undefined : before(from, inputs[1 - at] ?? '', entry);
  return rest && [{ entry, at }, ...rest];
}

/** A linear whose weight nobody else reads; the bias of a Gemm is divided with it. */
function product({ k }: Walk, entry: NodeEntry): Found {
  const { node, scope } = entry;
  const [, weight = '', bias = ''] = node.inputs;
  const shape = storedFloats(scope, weight)?.shape;
  const isOwn = consumersOf(scope, weight).length === 1 && !isOutput(scope, weight);
  const outputs = intAttribute(node, 'transB', 0) === 1 ? shape?.[0] : shape?.[1];
  if (!isOwn || shape?.length !== 2 || outputs !== k) return undefined;
  const own = { entry, at: 1 };
  if (bias === '') return [own];
  return isVector(entry, 2, k) ? [own, { entry, at: 2 }] : undefined;
}

/** Attention's result [batch, sequence, heads · size]: a channel of its values becomes the same one of the result. */
function joined(from: Walk, entry: NodeEntry): Found {
  const context = turned(entry, 0);
  const split = context && isOp(context, 'MatMul') ? turned(context, 1) : undefined;
  if (!split || !isOp(split, 'Reshape') || !isSplit(from, split)) return undefined;
  return before(from, split.node.inputs[0] ?? '', split);
}

/** Who makes what a Transpose turns between [batch, sequence, heads, size] and [batch, heads, sequence, size], all read once. */
function turned(reader: NodeEntry, at: number): NodeEntry | undefined {
  const turn = onlyMaker(reader, at);
  const isTurn =
    turn && isOp(turn, 'Transpose') && intsAttribute(turn.node, 'perm')?.join() === '0,2,1,3';
  return isTurn ? onlyMaker(turn, 0) : undefined;
}

function onlyMaker(reader: NodeEntry, at: number): NodeEntry | undefined {
  const { scope, node } = reader;
  const name = node.inputs[at] ?? '';
  const isAlone = consumersOf(scope, name).length === 1 && once(reader, name);
  const maker = producerOf(scope, name);
  return isAlone && maker?.scope === scope && !isOutput(scope, name) ? maker : undefined;
}

/** Whether all channels, and nothing else, become the last two axes. */
function isSplit({ k, shapes, scope }: Walk, { node }: NodeEntry): boolean {
  if (!shapes) return true;
  const [heads, size] = shapes.typeOf(scope, node.outputs[0] ?? '')?.shape?.slice(2) ?? [];
  return typeof heads === 'number' && typeof size === 'number' && heads * size === k;
}

/** The fused operator takes values as [batch, sequence, K]; what it keeps for the next token must stay as it is. */
function attended(from: Walk, entry: NodeEntry): Found {
  const { inputs, outputs } = entry.node;
  const [, , values = '', bias = ''] = inputs;
  const isPlain = bias === '' && outputs.slice(1).every((name) => name === '');
  return isPlain && inputs.slice(6).every((name) => name === '')
    ? before(from, values, entry)
    : undefined;
}

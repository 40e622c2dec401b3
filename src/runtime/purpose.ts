import { intAttribute } from '../onnx/attributes';
import {
  consumersOf,
  type GraphIndex,
  initializerOf,
  type NodeEntry,
  type Scope,
} from '../onnx/graph';
import type { Shapes } from '../onnx/shapes/shapes';
import { dtypes } from '../tensor/dtype';
import { inputSpecs, type InputSpec } from './inputs';

/** What an input is for, as far as the graph and its name tell. `rows` is the length of the table it indexes. */
export type Purpose =
  | { readonly kind: 'ids' | 'positions'; readonly rows: number }
  | { readonly kind: 'types' | 'mask' | 'state' | 'lengths' | 'count' | 'signal' | 'text' };

/** What each of a model's inputs is for, by name. */
export type Purposes = ReadonlyMap<string, Purpose>;

/** What every input that a model must be given is for. */
export function purposesOf(index: GraphIndex, shapes: Shapes): Purposes {
  return new Map(
    inputSpecs(index.model).map((spec) => [spec.name, purposeOf(spec, index, shapes)]),
  );
}

/** The first input of that purpose that is laid out [batch, sequence]; undefined where there is none. */
export function inputFor(
  kind: Purpose['kind'],
  specs: readonly InputSpec[],
  purposes: Purposes,
): InputSpec | undefined {
  const isPlain = ({ shape }: InputSpec) => shape === undefined || shape.length === 2;
  return specs.find((spec) => purposes.get(spec.name)?.kind === kind && isPlain(spec));
}

/** Reads off the graph what an input is for: the readers of its value decide, then its name, then its type. */
export function purposeOf(spec: InputSpec, index: GraphIndex, shapes: Shapes): Purpose {
  const { dtype, name } = spec;
  if (dtype === 'string') return { kind: 'text' };
  const uses = usesOf(index.main, name, shapes);
  const isWhole = dtypes[dtype].class === 'int' || dtypes[dtype].class === 'uint';
  if (uses.isState || (!isWhole && names.state.test(name))) return { kind: 'state' };
  if (names.mask.test(name) || dtypes[dtype].class === 'bool') return { kind: 'mask' };
  if (uses.isMask && uses.rows === undefined && spec.shape?.length === 2) return { kind: 'mask' };
  if (!isWhole) return { kind: 'signal' };
  // No vocabulary has two words: such a table tells a first text from a second.
  if (names.types.test(name) || (uses.rows ?? Infinity) <= 2) return { kind: 'types' };
  if (uses.rows !== undefined) {
    return { kind: names.position.test(name) ? 'positions' : 'ids', rows: uses.rows };
  }
  if (names.position.test(name)) return { kind: 'positions', rows: Infinity };
  if (names.lengths.test(name)) return { kind: 'lengths' };
  return { kind: dtype === 'uint8' ? 'signal' : 'count' };
}

/** What exporters call them; only asked where the graph does not decide. */
const names = {
  state: /past|cache|state|hidden|memory|(^|[._])[hc]_?(0|n|in)$/i,
  mask: /mask|padding/i,
  types: /token_?type|segment/i,
  position: /position|(^|[._])pos([._]|$)/i,
  lengths: /len|seqlens|sizes?$/i,
};

interface Uses {
  /** Rows of the smallest table that the value indexes. */
  rows: number | undefined;
  /** Handed to an operator as what it remembers. */
  isState: boolean;
  /** Only ever moves or chooses the scores of attention. */
  isMask: boolean;
}

/** Operators that pass indices on as they are. */
const passing = new Set(
  'Cast Identity Reshape Unsqueeze Squeeze Flatten Transpose Slice Expand Tile Clip Where Concat Max Min'.split(
    ' ',
  ),
);

/** Operators that look rows up: position of the indices → position of the table. */
const lookups: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  Gather: { 1: 0 },
  GatherBlockQuantized: { 1: 0 },
  EmbedLayerNormalization: { 0: 2, 1: 4, 8: 3 },
  QEmbedLayerNormalization: { 0: 2, 1: 4 },
};

/** Operators that are handed what they remember, by input position. */
const stateInputs: Readonly<Record<string, readonly number[]>> = {
  LSTM: [5, 6],
  GRU: [5],
  RNN: [5],
  DynamicQuantizeLSTM: [5, 6],
  GroupQueryAttention: [3, 4],
  MultiHeadAttention: [6, 7],
  Attention: [4, 5],
};

function usesOf(scope: Scope, name: string, shapes: Shapes): Uses {
  const uses: Uses = { rows: undefined, isState: false, isMask: reachesScores(scope, name) };
  const seen = new Set<string>();
  const waiting: { scope: Scope; name: string }[] = [{ scope, name }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    // A long chain of reshapes is no longer the input itself.
    if (seen.has(next.name) || seen.size > 64) continue;
    seen.add(next.name);
    for (const entry of consumersOf(next.scope, next.name)) {
      note(uses, entry, next.name, shapes);
      const output = entry.node.outputs[0];
      if (passing.has(entry.node.op) && output) waiting.push({ scope: entry.scope, name: output });
    }
  }
  return uses;
}

/** Operators that turn a mask of ones into what is added to scores, or chooses among them. */
const maskArithmetic = new Set([
  ...passing,
  ...['Sub', 'Mul', 'Add', 'Equal', 'Not', 'And', 'Or', 'Greater', 'Less', 'GreaterOrEqual'],
  ...['LessOrEqual', 'Neg', 'Div', 'Gather', 'GatherND', 'ReduceSum'],
]);

/** Operators of attention, by the places at which they take a mask. */
const maskInputs: Readonly<Record<string, readonly number[]>> = {
  Softmax: [0],
  Attention: [3],
  MultiHeadAttention: [4, 5],
  GroupQueryAttention: [5, 6],
  QAttention: [5],
  EmbedLayerNormalization: [7],
  QEmbedLayerNormalization: [7],
};

/** Whether a value gets to the scores of attention by a mask's arithmetic alone: what is looked up or multiplied by weights does not. */
function reachesScores(scope: Scope, name: string): boolean {
  const seen = new Set<string>();
  const waiting: { scope: Scope; name: string }[] = [{ scope, name }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (seen.has(next.name) || seen.size > 256) continue;
    seen.add(next.name);
    for (const { node, scope: inner } of consumersOf(next.scope, next.name)) {
      const place = node.inputs.indexOf(next.name);
      if (maskInputs[node.op]?.includes(place)) return true;
      const [output] = node.outputs;
      // What it is looked up by is no longer itself.
      const isIndex = node.op.startsWith('Gather') && place > 0;
      if (maskArithmetic.has(node.op) && output && !isIndex)
        waiting.push({ scope: inner, name: output });
    }
  }
  return false;
}

function note(uses: Uses, entry: NodeEntry, name: string, shapes: Shapes): void {
  const { op, inputs } = entry.node;
  for (const [position, input] of inputs.entries()) {
    if (input !== name) continue;
    const table = lookups[op]?.[position];
    const rows = table === undefined ? undefined : rowsOf(entry, inputs[table], shapes);
    if (rows !== undefined) uses.rows = Math.min(rows, uses.rows ?? Infinity);
    if (stateInputs[op]?.includes(position)) uses.isState = true;
  }
}

function rowsOf(entry: NodeEntry, table: string | undefined, shapes: Shapes): number | undefined {
  if (!table) return undefined;
  const axis = intAttribute(entry.node, 'axis') ?? intAttribute(entry.node, 'gather_axis', 0);
  const shape =
    shapes.typeOf(entry.scope, table)?.shape ?? initializerOf(entry.scope, table)?.shape;
  // Rows of a vector are picked from shapes and the like, not from a vocabulary.
  const size = shape && shape.length >= 2 ? shape.at(axis) : undefined;
  return typeof size === 'number' ? size : undefined;
}

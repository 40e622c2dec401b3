import { type AttributeInput, computedTensor, makeNode, makeTensor } from '../onnx/builder';
import type { Node, Tensor } from '../onnx/model';
import type { Workbench } from './action';
import type { Restoring, Rows } from './restored';

/** The elements of a weight in as few bits as they take; `read` gives one code per element. */
export type Codes =
  /** Packed into bytes, high bits first; `values` are what the codes stand for. */
  | {
      readonly kind: 'packed';
      readonly bits: 1 | 2 | 4;
      readonly values: Float32Array;
      readonly pack: () => Uint8Array;
    }
  /** Signed integers of a type of their own. */
  | {
      readonly kind: 'integers';
      readonly dtype: 'int8' | 'int16';
      readonly read: () => ArrayBufferView;
    };

/** Factors [count, 1] of groups of `size` consecutive elements; `size · count` is the number of elements, or a little more. */
export interface Factors {
  readonly size: number;
  readonly count: number;
  readonly restore: (output: string) => Restoring;
}

export interface Folded {
  readonly codes: Codes;
  readonly factors: Factors;
  readonly byteTable: ByteTable;
}

/**
 * Nodes that make a weight's floats of its codes: a look-up of whole bytes, a product, and reshaping. They depend on constants alone,
 * so that the runtime computes them once, when it loads the model.
 */
export function foldedCodes(
  bench: Workbench,
  { weight, rows, width, turned }: Rows,
  { codes, factors, byteTable }: Folded,
  output: string,
): Restoring {
  const line = newLine(bench, weight.name);
  const total = factors.size * factors.count;
  const decoded = decode(bench, line, weight.name, { codes, byteTable, total });
  line.reshape(decoded, total, [factors.count, factors.size]);
  const factor = bench.names.fresh(`${weight.name}_factors`);
  line.include(factors.restore(factor));
  line.apply('Mul', [factor]);
  line.reshape(total, rows * width, turned ? [rows, width] : weight.tensor.shape);
  if (turned) line.apply('Transpose', [], { perm: [1, 0] });
  return line.end(output);
}

/** Bytes of the file that the nodes restoring one weight take, with their names. */
export const nodeBytes = 800;

/** Bytes that codes of that width take. */
export function codeBytes(bits: number, count: number): number {
  return Math.ceil((count * bits) / 8);
}

/** Factors that are stored as they are. */
export function storedFactors(
  [count, size]: readonly [count: number, size: number],
  read: () => Float32Array,
): Factors {
  const restore = (output: string) => ({
    tensors: [computedTensor(output, 'float32', [count, 1], read)],
    nodes: [],
  });
  return { size, count, restore };
}

/** Starts a line with the codes as floats; returns how many there are. */
function decode(
  { names }: Workbench,
  line: Line,
  name: string,
  { codes, byteTable, total }: { codes: Codes; byteTable: ByteTable; total: number },
): number {
  const stored = names.fresh(`${name}_codes`);
  if (codes.kind === 'integers') {
    line.start(computedTensor(stored, codes.dtype, [total], codes.read));
    line.apply('Cast', [], { to: 1 });
    return total;
  }
  const perByte = 8 / codes.bits;
  const bytes = Math.ceil(total / perByte);
  line.start(computedTensor(stored, 'uint8', [bytes], () => filled(codes.pack(), bytes)));
  line.apply('Cast', [], { to: 6 });
  line.lookUp(byteTable(codes));
  return bytes * perByte;
}

/** The last group may be shorter than the others: zeros fill it. */
function filled(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  const result = new Uint8Array(length);
  result.set(bytes);
  return result;
}

type PackedCodes = Codes & { readonly kind: 'packed' };

/** What the codes in a byte stand for, [256, codes per byte]. */
export type ByteTable = (codes: PackedCodes) => Tensor;

/** Makes such tables, one for all weights whose codes mean the same. */
export function byteTables({ names }: Workbench): ByteTable {
  const made = new Map<string, Tensor>();
  return (codes) => {
    const key = codes.values.join(' ');
    const known = made.get(key);
    if (known) return known;
    const shape = [256, 8 / codes.bits];
    const table = makeTensor(names.fresh('byte_values'), 'float32', shape, byteValues(codes));
    made.set(key, table);
    return table;
  };
}

function byteValues({ bits, values }: PackedCodes): Float32Array {
  const perByte = 8 / bits;
  return Float32Array.from({ length: 256 * perByte }, (_, i) => {
    const shift = 8 - bits * ((i % perByte) + 1);
    return values[(Math.floor(i / perByte) >> shift) & (2 ** bits - 1)] ?? 0;
  });
}

/** Nodes of which each reads what the one before makes. */
export interface Line {
  start(tensor: Tensor): void;
  /** Goes on from a value that something else makes. */
  follow(name: string): void;
  apply(op: string, inputs: readonly string[], attributes?: Record<string, AttributeInput>): void;
  /** Reads the rows of a shared `table` that the value so far names. */
  lookUp(table: Tensor): void;
  /** Gives the first `kept` of `from` elements the shape. */
  reshape(from: number, kept: number, shape: readonly number[]): void;
  /** Tensors and nodes beside the line. */
  include(more: Restoring): void;
  /** All of it, the last value under the name given. */
  end(output: string): Restoring;
}

export function newLine({ names, structure }: Workbench, name: string): Line {
  const tensors: Tensor[] = [];
  const shared: Tensor[] = [];
  const nodes: Node[] = [];
  const opset = structure.index.model.opsets.get('') ?? 1;
  let at = '';
  const stored = (tensor: Tensor) => {
    tensors.push(tensor);
    return tensor.name;
  };
  const integers = (values: readonly number[]) =>
    stored(
      makeTensor(
        names.fresh(`${name}_sizes`),
        'int64',
        [values.length],
        BigInt64Array.from(values, BigInt),
      ),
    );
  const add = (op: string, inputs: string[], attributes: Record<string, AttributeInput> = {}) => {
    const output = names.fresh(`${name}_${op}`);
    nodes.push(makeNode(op, inputs, [output], attributes));
    at = output;
  };
  const keepFirst = (count: number) => {
    add('Reshape', [at, integers([-1])]);
    if (opset < 10) add('Slice', [at], { axes: [0], starts: [0], ends: [count] });
    else add('Slice', [at, integers([0]), integers([count])]);
  };
  return {
    start(tensor) {
      at = stored(tensor);
    },
    follow(name) {
      at = name;
    },
    apply: (op, inputs, attributes) => add(op, [at, ...inputs], attributes),
    lookUp(table) {
      shared.push(table);
      add('Gather', [table.name, at]);
    },
    reshape(from, kept, shape) {
      if (from > kept) keepFirst(kept);
      add('Reshape', [at, integers(shape)]);
    },
    include(more) {
      tensors.push(...more.tensors);
      nodes.push(...more.nodes);
    },
    end(output) {
      const last = nodes.pop();
      if (last) nodes.push({ ...last, outputs: [output] });
      return { tensors, shared, nodes };
    },
  };
}

import { stringAttribute } from '../../onnx/attributes';
import type { NodeEntry } from '../../onnx/graph';
import { floatValues } from '../../onnx/weights';
import { constantOf, onlyReader } from './products';

/** An operator without weights that the runtime has for 8-bit values. */
export interface Joint {
  /** Inputs that are data: `first`, or all. */
  readonly data: 'first' | 'all';
  /** It only moves or selects values: its result has its input's scale and zero point, and it works on the codes themselves. */
  readonly keepsRange: boolean;
  accepts?(entry: NodeEntry): boolean;
}

const moves: Joint = { data: 'first', keepsRange: true };
const computes: Joint = { data: 'first', keepsRange: false };
const joins: Joint = { data: 'all', keepsRange: false };

/** Operators of the standard domain whose quantized form ONNX Runtime 1.30 fuses or runs on codes. */
export const joints: Readonly<Record<string, Joint>> = {
  Add: joins,
  Mul: joins,
  Concat: joins,
  AveragePool: computes,
  GlobalAveragePool: computes,
  LeakyRelu: computes,
  Sigmoid: computes,
  MaxPool: { ...moves, accepts: ({ node }) => !node.outputs[1] },
  Resize: {
    ...moves,
    accepts: ({ node }) => stringAttribute(node, 'mode', 'nearest') === 'nearest',
  },
  Reshape: moves,
  Transpose: moves,
  Flatten: moves,
  Squeeze: moves,
  Unsqueeze: moves,
  Slice: moves,
  Split: moves,
};

/** What a convolution or joint writes once its activation is left to the quantization of the result. */
export interface Written {
  readonly name: string;
  readonly writer: NodeEntry;
  /** The most it can be; undefined without a bound. */
  readonly ceiling: number | undefined;
}

/**
 * Follows a value through the Relu or Clip that alone reads it: with zero as the lowest code and the bound as the highest, the runtime
 * drops the activation.
 */
export function afterClamp(entry: NodeEntry, output: string): Written {
  const plain = { name: output, writer: entry, ceiling: undefined };
  const clamp = onlyReader(entry.scope, output);
  if (clamp?.node.inputs[0] !== output || clamp.node.domain !== '') return plain;
  const [name = ''] = clamp.node.outputs;
  if (clamp.node.op === 'Relu') return { name, writer: clamp, ceiling: undefined };
  const bounds = clamp.node.op === 'Clip' ? clipBounds(clamp) : undefined;
  return bounds?.low === 0 ? { name, writer: clamp, ceiling: bounds.high } : plain;
}

/** Bounds of a Clip that are constants; undefined where they are not, or stand in attributes as before opset 11. */
function clipBounds({ node, scope }: NodeEntry): { low: number; high: number } | undefined {
  const [low, high] = [1, 2].map((at) => {
    const tensor = constantOf(scope, node.inputs[at] ?? '');
    return tensor && floatValues(tensor, undefined)[0];
  });
  return low === undefined || high === undefined ? undefined : { low, high };
}

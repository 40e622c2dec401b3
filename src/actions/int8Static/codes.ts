import { affineParameters } from '../../kernels/affine';
import type { Range } from '../../kernels/calibrate';
import { floatScalar, makeNode, makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { Node } from '../../onnx/model';
import { encodeElements } from '../../tensor/decode';
import type { Workbench } from '../action';
import type { Convolution } from './products';

/** A scale as a number, and the initializers that hold it and its zero point. */
export interface Scale {
  readonly scale: number;
  readonly scaleName: string;
  readonly zeroPointName: string;
}

/** Names under which a value's 8-bit form is known. */
export interface Coded extends Scale {
  /** The uint8 codes. */
  readonly codes: string;
  /** What the codes stand for, as floats: the form in which integer operators are written. */
  readonly floats: string;
}

/** Scales and zero points as initializers, one pair for all values that share them. */
export class CodeBook {
  readonly edits: Edit[] = [];
  private readonly scales = new Map<string, Scale>();
  private readonly zeroPoints = new Map<number, string>();

  constructor(
    private readonly bench: Workbench,
    private readonly ranges: ReadonlyMap<string, Range>,
  ) {}

  /** The scale and zero point of a root value. */
  scaleOf(root: string, ceiling: number | undefined): Scale {
    const known = this.scales.get(root);
    if (known) return known;
    const { names, structure } = this.bench;
    const { scale, zeroPoint } = activationScale(this.ranges.get(root), ceiling);
    const scaleName = names.fresh(`${root}_scale`);
    const scope = structure.index.main;
    this.edits.push({ kind: 'setTensor', scope, tensor: floatScalar(scaleName, scale) });
    const made = { scaleName, zeroPointName: this.zeroPointOf(zeroPoint), scale };
    this.scales.set(root, made);
    return made;
  }

  /** The codes with channels behind their own that stand for zero. */
  widen({ weight }: Convolution, input: Coded, added: number): { node: Node; coded: Coded } {
    const { names, structure } = this.bench;
    const rank = weight.tensor.shape.length;
    const amounts = new BigInt64Array(2 * rank);
    amounts[rank + 1] = BigInt(added);
    const pads = makeTensor(names.fresh(`${input.codes}_pads`), 'int64', [2 * rank], amounts);
    this.edits.push({ kind: 'setTensor', scope: structure.index.main, tensor: pads });
    const codes = names.fresh(`${input.codes}_wide`);
    return {
      node: makeNode('Pad', [input.codes, pads.name, input.zeroPointName], [codes]),
      coded: { ...input, codes, floats: names.fresh(`${codes}_dequantized`) },
    };
  }

  private zeroPointOf(value: number): string {
    const known = this.zeroPoints.get(value);
    if (known) return known;
    const { names, structure } = this.bench;
    const name = names.fresh(`zero_point_${value}`);
    const tensor = makeTensor(name, 'uint8', [], Uint8Array.of(value));
    this.edits.push({ kind: 'setTensor', scope: structure.index.main, tensor });
    this.zeroPoints.set(value, name);
    return name;
  }

  /** The product of a value with its channels' factors, stored as float16: twice as many bits would say no more about a range. */
  smooth(name: string, factors: Float32Array): Node[] {
    const { names, structure } = this.bench;
    const [stored, cast, smoothed] = ['factors', 'by', 'smooth'].map((what) =>
      names.fresh(`${name}_${what}`),
    ) as [string, string, string];
    const codes = encodeElements('float16', factors);
    const tensor = makeTensor(stored, 'float16', [factors.length], codes);
    this.edits.push({ kind: 'setTensor', scope: structure.index.main, tensor });
    return [
      makeNode('Cast', [stored], [cast], { to: 1 }),
      makeNode('Mul', [name, cast], [smoothed]),
    ];
  }
}

/** Scale and zero point of unsigned 8-bit activations, as ONNX Runtime's own calibrators find them. */
export function activationScale(
  range: Range = { low: 0, high: 0 },
  ceiling?: number,
): { scale: number; zeroPoint: number } {
  const high = Math.min(range.high, ceiling ?? Infinity);
  const found = affineParameters(range.low, high, { dtype: 'uint8', symmetric: false });
  // A highest code that stood for more than the activation lets through would make the runtime keep the activation.
  const isTooHigh = ceiling !== undefined && Math.fround(found.scale * 255) > Math.fround(ceiling);
  return isTooHigh ? { ...found, scale: nextBelow(found.scale) } : found;
}

/** The largest float32 below a positive one. */
function nextBelow(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] ?? 1) - 1;
  return new Float32Array(bits.buffer)[0] ?? value;
}

export function quantizeNode(floats: string, to: Coded): Node {
  return makeNode('QuantizeLinear', [floats, to.scaleName, to.zeroPointName], [to.codes]);
}

export function dequantizeNode(from: Coded): Node {
  const inputs = [from.codes, from.scaleName, from.zeroPointName];
  return makeNode('DequantizeLinear', inputs, [from.floats]);
}

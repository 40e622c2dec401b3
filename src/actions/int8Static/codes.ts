import { affineParameters } from '../../kernels/affine';
import type { Range } from '../../kernels/calibrate';
import { floatScalar, makeNode, makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { Node } from '../../onnx/model';
import type { Workbench } from '../action';

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
    const zeroPointName = names.fresh(`${root}_zero_point`);
    const scope = structure.index.main;
    const zero = makeTensor(zeroPointName, 'uint8', [], Uint8Array.of(zeroPoint));
    this.edits.push(
      { kind: 'setTensor', scope, tensor: floatScalar(scaleName, scale) },
      { kind: 'setTensor', scope, tensor: zero },
    );
    const made = { scaleName, zeroPointName, scale };
    this.scales.set(root, made);
    return made;
  }

  /** The product of a value with the inverse of its channels' divisors. */
  smooth(name: string, divisors: Float32Array): Node {
    const { names, structure } = this.bench;
    const factors = makeTensor(
      names.fresh(`${name}_factors`),
      'float32',
      [divisors.length],
      divisors.map((divisor) => 1 / divisor),
    );
    this.edits.push({ kind: 'setTensor', scope: structure.index.main, tensor: factors });
    return makeNode('Mul', [name, factors.name], [names.fresh(`${name}_smoothed`)], {
      name: names.fresh(`${name}_Smooth`),
    });
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

export function quantizeNode({ names }: Workbench, floats: string, to: Coded): Node {
  return makeNode('QuantizeLinear', [floats, to.scaleName, to.zeroPointName], [to.codes], {
    name: names.fresh(`${floats}_QuantizeLinear`),
  });
}

export function dequantizeNode({ names }: Workbench, from: Coded): Node {
  return makeNode(
    'DequantizeLinear',
    [from.codes, from.scaleName, from.zeroPointName],
    [from.floats],
    { name: names.fresh(`${from.floats}_DequantizeLinear`) },
  );
}

import { quantizeAffine, roundHalfEven, type Affine } from '../../kernels/affine';
import { computedTensor, makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { Tensor } from '../../onnx/model';
import type { Workbench } from '../action';
import { floatValues, readWeight } from '../linear';
import { constantOf, type Convolution, type Product } from './products';

/** Names of a weight's integers and what they stand for, one scale for each output channel. */
export interface StoredWeight {
  readonly codes: string;
  readonly scales: string;
  readonly zeroPoints: string;
}

/** A convolution's stored weight with its bias in the products' own scale; `bias` '' without. */
export interface StoredConvolution extends StoredWeight {
  readonly bias: string;
  readonly biasScales: string;
  readonly biasZeroPoints: string;
}

export interface StoreOptions {
  /** Seven bits for the weights. */
  readonly reduceRange: boolean;
  /** What each channel of a product's input has been divided by. */
  readonly divisors?: Float32Array | undefined;
}

/** Stores a product's weight as signed symmetric integers [K, N]. */
export function storeProduct(
  bench: Workbench,
  { linear }: Product,
  { reduceRange, divisors }: StoreOptions,
): { stored: StoredWeight; edits: Edit[] } {
  const { k, n, weight } = linear;
  const read = () => {
    const values = readWeight(linear, bench.open);
    if (!divisors) return values;
    return values.map((value, i) => value * (divisors[Math.floor(i / n)] ?? 1));
  };
  const quantize = bench.remember(() =>
    quantizeAffine(read(), [k, n], {
      ...({ dtype: 'int8', symmetric: true, axis: 1, reduceRange } as const),
    }),
  );
  return store(bench, weight.name, [k, n], n, quantize);
}

/** Stores a convolution's weight as signed symmetric integers and its bias as int32, for an input of the scale given. */
export function storeConvolution(
  bench: Workbench,
  { weight, entry, bias }: Convolution,
  inputScale: number,
  { reduceRange }: StoreOptions,
): { stored: StoredConvolution; edits: Edit[] } {
  const { open, names, structure } = bench;
  const { shape } = weight.tensor;
  const [channels = 0] = shape;
  const biasTensor = bias ? constantOf(entry.scope, bias) : undefined;
  const readBias = () => biasTensor && floatValues(biasTensor, open);
  const quantize = bench.remember(() =>
    quantizeBeside(floatValues(weight.tensor, open), shape, readBias(), inputScale, reduceRange),
  );
  const { stored, edits } = store(bench, weight.name, shape, channels, quantize);
  if (!biasTensor) {
    return { stored: { ...stored, bias: '', biasScales: '', biasZeroPoints: '' }, edits };
  }
  const name = (what: string) => names.fresh(`${bias}_${what}`);
  const named = {
    ...{ bias: name('quantized'), biasScales: name('scale'), biasZeroPoints: name('zero_point') },
  };
  const scope = structure.index.main;
  const scales = () => quantize().scales.map((scale) => inputScale * scale);
  const codes = () => biasCodes(readBias() ?? new Float32Array(), scales());
  const tensors: Tensor[] = [
    computedTensor(named.bias, 'int32', [channels], codes),
    computedTensor(named.biasScales, 'float32', [channels], scales),
    makeTensor(named.biasZeroPoints, 'int32', [channels], new Int32Array(channels)),
  ];
  const more = tensors.map((tensor): Edit => ({ kind: 'setTensor', scope, tensor }));
  return { stored: { ...stored, ...named }, edits: [...edits, ...more] };
}

function store(
  { names, structure }: Workbench,
  weight: string,
  shape: readonly number[],
  channels: number,
  quantize: () => Affine,
): { stored: StoredWeight; edits: Edit[] } {
  const name = (what: string) => names.fresh(`${weight}_${what}`);
  const stored = {
    ...{ codes: name('quantized'), scales: name('scale'), zeroPoints: name('zero_point') },
  };
  const scope = structure.index.main;
  const tensors: Tensor[] = [
    computedTensor(stored.codes, 'int8', shape, () => quantize().codes),
    computedTensor(stored.scales, 'float32', [channels], () => quantize().scales),
    makeTensor(stored.zeroPoints, 'int8', [channels], new Int8Array(channels)),
  ];
  return { stored, edits: tensors.map((tensor) => ({ kind: 'setTensor', scope, tensor })) };
}

/**
 * A weight's integers whose scales leave room for the bias: that is stored in steps of input scale · weight scale, and where these are
 * so small that it would not fit 32 bits, the weight's scale is raised, as ONNX Runtime's quantizer does.
 */
export function quantizeBeside(
  values: Float32Array,
  shape: readonly number[],
  bias: Float32Array | undefined,
  inputScale: number,
  reduceRange: boolean,
): Affine {
  const options = { dtype: 'int8', symmetric: true, axis: 0, reduceRange } as const;
  const plain = quantizeAffine(values, shape, options);
  const raise = plain.scales.map((scale, channel) => {
    const step = inputScale * scale;
    const needed = (2 * Math.abs(bias?.[channel] ?? 0)) / (2 ** 32 - 2);
    return step > 0 && step < needed ? (needed / step) * 1.0001 : 1;
  });
  return raise.every((factor) => factor === 1)
    ? plain
    : quantizeAffine(values, shape, { ...options, clip: raise });
}

/** A bias in whole steps of the products' scales. */
export function biasCodes(bias: Float32Array, scales: Float32Array): Int32Array {
  return Int32Array.from(bias, (value, channel) => {
    const code = roundHalfEven(value / (scales[channel] ?? 1));
    return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, code));
  });
}

import { quantizeAffine, roundHalfEven, type Affine } from '../../kernels/affine';
import { computedTensor, makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { Tensor } from '../../onnx/model';
import { floatValues } from '../../onnx/weights';
import type { Workbench } from '../action';
import { readWeight } from '../linear';
import { constantOf, type Convolution, type Product } from './products';
import { addedChannels, widened, withChannels } from './widen';

/** Names of a weight's integers and their scales, one for each output channel. */
export interface StoredWeight {
  readonly codes: string;
  readonly scales: string;
}

/** A convolution's weight and its bias in the products' own scales; `bias` undefined without. */
export interface StoredConvolution extends StoredWeight {
  readonly zeroPoints: string;
  readonly bias: (StoredWeight & { readonly zeroPoints: string }) | undefined;
}

export interface StoreOptions {
  /** Seven bits for the weights. */
  readonly reduceRange: boolean;
}

/** Stores weights as signed symmetric integers, each once however many layers share it. */
export class WeightStore {
  readonly edits: Edit[] = [];
  private readonly products = new Map<string, StoredWeight>();
  private readonly convolutions = new Map<string, StoredConvolution>();
  private readonly quantized = new Map<string, () => Affine>();

  constructor(
    private readonly bench: Workbench,
    /** Convolutions with the scales of their inputs. */
    private readonly scaled: readonly { site: Convolution; inputScale: number }[],
    private readonly options: StoreOptions,
  ) {}

  /** A product's weight [K, N], each input channel divided by its factor. */
  product({ linear, input }: Product, factors: Float32Array | undefined): StoredWeight {
    const { k, n, weight, stored: value, transposed, alpha } = linear;
    // Parts of one stored weight are weights of their own.
    const key = [weight.name, value.how, transposed, alpha, factors ? input : ''].join(' ');
    const known = this.products.get(key);
    if (known) return known;
    const { open, remember } = this.bench;
    const read = () => divided(readWeight(linear, open), n, factors);
    const options = { dtype: 'int8', symmetric: true, axis: 1, ...this.options } as const;
    const quantize = remember(() => quantizeAffine(read(), [k, n], options));
    const stored = this.store(weight.name, [k, n], n, quantize);
    this.products.set(key, stored);
    return stored;
  }

  /** A convolution's weight, and its bias for an input of that scale. */
  convolution(site: Convolution, inputScale: number): StoredConvolution {
    const { weight, bias } = site;
    const [channels = 0] = weight.tensor.shape;
    const quantize = this.quantizedOf(weight);
    const known = this.convolutions.get(weight.name);
    const added = addedChannels(site);
    const { shape } = weight.tensor;
    const codes = () => withChannels(quantize().codes, shape, added);
    const stored = known ?? {
      ...this.store(weight.name, widened(shape, added), channels, quantize, codes),
      zeroPoints: this.zeros(weight.name, 'int8', channels),
    };
    const whole = { ...stored, bias: bias ? this.bias(site, inputScale, quantize) : undefined };
    this.convolutions.set(weight.name, whole);
    return whole;
  }

  /** Scales that leave room for the bias of every convolution that has this weight. */
  private quantizedOf(weight: Convolution['weight']): () => Affine {
    const known = this.quantized.get(weight.name);
    if (known) return known;
    const { open, remember } = this.bench;
    const using = this.scaled.filter(({ site }) => site.weight.name === weight.name);
    const quantize = remember(() => {
      const steps = using.flatMap(({ site, inputScale }) => {
        const bias = readBias(site, open);
        return bias ? [{ bias, inputScale }] : [];
      });
      const { tensor } = weight;
      const { reduceRange } = this.options;
      return quantizeBeside(floatValues(tensor, open), tensor.shape, steps, reduceRange);
    });
    this.quantized.set(weight.name, quantize);
    return quantize;
  }

  private bias(site: Convolution, inputScale: number, quantize: () => Affine) {
    const { names, open } = this.bench;
    const codes = names.fresh(`${site.bias}_codes`);
    const scales = names.fresh(`${site.bias}_scale`);
    const [channels = 0] = site.weight.tensor.shape;
    const steps = () => quantize().scales.map((scale) => inputScale * scale);
    this.add(
      computedTensor(codes, 'int32', [channels], () =>
        biasCodes(readBias(site, open) ?? new Float32Array(), steps()),
      ),
    );
    this.add(computedTensor(scales, 'float32', [channels], steps));
    return { codes, scales, zeroPoints: this.zeros(site.bias, 'int32', channels) };
  }

  private store(
    weight: string,
    shape: readonly number[],
    channels: number,
    quantize: () => Affine,
    codesOf: () => Affine['codes'] = () => quantize().codes,
  ): StoredWeight {
    const codes = this.bench.names.fresh(`${weight}_codes`);
    const scales = this.bench.names.fresh(`${weight}_scale`);
    this.add(computedTensor(codes, 'int8', shape, codesOf));
    this.add(computedTensor(scales, 'float32', [channels], () => quantize().scales));
    return { codes, scales };
  }

  private zeros(name: string, dtype: 'int8' | 'int32', channels: number): string {
    const zeroPoints = this.bench.names.fresh(`${name}_zero_point`);
    const values = dtype === 'int8' ? new Int8Array(channels) : new Int32Array(channels);
    this.add(makeTensor(zeroPoints, dtype, [channels], values));
    return zeroPoints;
  }

  private add(tensor: Tensor): void {
    this.edits.push({ kind: 'setTensor', scope: this.bench.structure.index.main, tensor });
  }
}

/** The rows of a weight [K, N] by one factor each. */
function divided(values: Float32Array, n: number, factors: Float32Array | undefined): Float32Array {
  return factors ? values.map((value, i) => value / (factors[Math.floor(i / n)] ?? 1)) : values;
}

function readBias({ entry, bias }: Convolution, open: Workbench['open']): Float32Array | undefined {
  const tensor = bias ? constantOf(entry.scope, bias) : undefined;
  return tensor && floatValues(tensor, open);
}

/** A bias, and the scale of the input that its convolution has. */
export interface BiasBeside {
  readonly bias: Float32Array;
  readonly inputScale: number;
}

/**
 * A weight's integers whose scales leave room for the biases: these are stored in steps of input scale · weight scale, and where that is
 * so small that one would not fit 32 bits, the weight's scale is raised, as ONNX Runtime's quantizer does.
 */
export function quantizeBeside(
  values: Float32Array,
  shape: readonly number[],
  biases: readonly BiasBeside[],
  reduceRange: boolean,
): Affine {
  const options = { dtype: 'int8', symmetric: true, axis: 0, reduceRange } as const;
  const plain = quantizeAffine(values, shape, options);
  const raise = plain.scales.map((scale, channel) =>
    Math.max(
      1,
      ...biases.map((each) => raiseFor(scale * each.inputScale, each.bias[channel] ?? 0)),
    ),
  );
  return raise.every((factor) => factor === 1)
    ? plain
    : quantizeAffine(values, shape, { ...options, clip: raise });
}

/** By how much a step must grow for a bias to fit 32 bits. */
function raiseFor(step: number, bias: number): number {
  const needed = (2 * Math.abs(bias)) / (2 ** 32 - 2);
  return step > 0 && step < needed ? (needed / step) * 1.0001 : 1;
}

/** A bias in whole steps of the products' scales. */
export function biasCodes(bias: Float32Array, scales: Float32Array): Int32Array {
  return Int32Array.from(bias, (value, channel) => {
    const code = roundHalfEven(value / (scales[channel] ?? 1));
    return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, code));
  });
}

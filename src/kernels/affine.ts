/** Affine quantization to 8 bits: q = clamp(round(x / s) + z), x̂ = s · (q − z). Rounding is half to even, as QuantizeLinear does. */

export type Int8Type = 'int8' | 'uint8';

export interface AffineOptions {
  readonly dtype: Int8Type;
  /** Zero point in the middle of the range: 0 for int8, 128 for uint8. */
  readonly symmetric: boolean;
  /** Seven bits, for CPUs whose u8·s8 products saturate 16-bit sums (x86 without VNNI). */
  readonly reduceRange?: boolean;
}

export interface QuantizationRange {
  readonly min: number;
  readonly max: number;
}

/** The integers used. Symmetric int8 leaves out −128, so that the range is the same on both sides of zero. */
function quantizationRange({ dtype, symmetric, reduceRange }: AffineOptions): QuantizationRange {
  if (dtype === 'uint8') return { min: 0, max: reduceRange ? 127 : 255 };
  if (reduceRange) return { min: -64, max: 64 };
  return { min: symmetric ? -127 : -128, max: 127 };
}

/**
 * Scale and zero point for values between `low` and `high`, as ONNX Runtime's `compute_scale_zp` has them: the range is widened to
 * hold zero; a range too small for a float32 scale gives scale 1 and zero point 0.
 */
export function affineParameters(
  low: number,
  high: number,
  options: AffineOptions,
): { scale: number; zeroPoint: number } {
  const { min, max } = quantizationRange(options);
  let from = Math.min(low, 0);
  let to = Math.max(high, 0);
  if (options.symmetric) {
    to = Math.max(-from, to);
    from = -to;
  }
  const scale = (to - from) / (max - min);
  if (!(scale >= smallestNormal)) return { scale: 1, zeroPoint: 0 };
  const zeroPoint = options.symmetric
    ? roundHalfEven((min + max) / 2)
    : Math.min(max, Math.max(min, roundHalfEven(min - from / scale)));
  return { scale: Math.fround(scale), zeroPoint };
}

/** The smallest normal float32: a scale below it cannot be stored faithfully. */
const smallestNormal = 1.1754943508222875e-38;

export function roundHalfEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest < 0.5) return down;
  if (rest > 0.5) return down + 1;
  return down % 2 === 0 ? down : down + 1;
}

export interface Affine {
  /** Same order as the values. */
  readonly codes: Int8Array | Uint8Array;
  /** One per channel; one in all without an axis. */
  readonly scales: Float32Array;
  readonly zeroPoints: Int8Array | Uint8Array;
}

/** How a tensor is cut into channels along an axis: element `i` belongs to channel `floor(i / inner) mod channels`. */
export interface Channels {
  readonly channels: number;
  readonly inner: number;
}

/** All of a tensor as one channel, or one channel per index of `axis`. */
function channelsOf(shape: readonly number[], axis: number | undefined): Channels {
  if (axis === undefined) return { channels: 1, inner: 1 };
  const at = axis < 0 ? axis + shape.length : axis;
  return {
    channels: shape[at] ?? 1,
    inner: shape.slice(at + 1).reduce((product, size) => product * size, 1),
  };
}

/** Smallest and largest value of every channel. */
function channelRanges(values: Float32Array, { channels, inner }: Channels) {
  const low = new Float32Array(channels).fill(Infinity);
  const high = new Float32Array(channels).fill(-Infinity);
  forEachRun(values.length, channels, inner, (channel, from, to) => {
    let smallest = low[channel] ?? Infinity;
    let largest = high[channel] ?? -Infinity;
    for (let i = from; i < to; i++) {
      const value = values[i] ?? 0;
      if (value < smallest) smallest = value;
      if (value > largest) largest = value;
    }
    low[channel] = smallest;
    high[channel] = largest;
  });
  return { low, high };
}

export interface ChannelOptions extends AffineOptions {
  readonly axis?: number;
  /** Narrows every channel's range to that share of it: a smaller step for most at the cost of the extremes. */
  readonly clip?: Float32Array;
  /** Brings a scale to the precision that it is stored in, before codes are made with it. */
  readonly storedScale?: (scale: number) => number;
}

/** Quantizes `values` of `shape`, with one scale per index of `axis` or one in all. */
export function quantizeAffine(
  values: Float32Array,
  shape: readonly number[],
  options: ChannelOptions,
): Affine {
  const { storedScale = (scale: number) => scale } = options;
  const cut = channelsOf(shape, options.axis);
  const { low, high } = channelRanges(values, cut);
  const scales = new Float32Array(cut.channels);
  const zeroPoints = newCodes(options.dtype, cut.channels);
  for (let c = 0; c < cut.channels; c++) {
    const clip = options.clip?.[c] ?? 1;
    const found = affineParameters((low[c] ?? 0) * clip, (high[c] ?? 0) * clip, options);
    scales[c] = storedScale(found.scale);
    zeroPoints[c] = found.zeroPoint;
  }
  return { codes: encode(values, scales, zeroPoints, cut, options), scales, zeroPoints };
}

function encode(
  values: Float32Array,
  scales: Float32Array,
  zeroPoints: Int8Array | Uint8Array,
  { channels, inner }: Channels,
  options: AffineOptions,
): Int8Array | Uint8Array {
  const { min, max } = quantizationRange(options);
  const codes = newCodes(options.dtype, values.length);
  forEachRun(values.length, channels, inner, (channel, from, to) => {
    const scale = scales[channel] ?? 1;
    const zeroPoint = zeroPoints[channel] ?? 0;
    for (let i = from; i < to; i++) {
      // float32 division, as the runtime has it: a double's quotient may round to the other side.
      const code = roundHalfEven(Math.fround((values[i] ?? 0) / scale)) + zeroPoint;
      codes[i] = code < min ? min : code > max ? max : code;
    }
  });
  return codes;
}

/** The values that the codes stand for, in float32. */
export function dequantizeAffine(
  { codes, scales, zeroPoints }: Affine,
  shape: readonly number[],
  axis?: number,
): Float32Array {
  const { channels, inner } = channelsOf(shape, axis);
  const values = new Float32Array(codes.length);
  forEachRun(codes.length, channels, inner, (channel, from, to) => {
    const scale = scales[channel] ?? 1;
    const zeroPoint = zeroPoints[channel] ?? 0;
    for (let i = from; i < to; i++) values[i] = ((codes[i] ?? 0) - zeroPoint) * scale;
  });
  return values;
}

/** Calls back with every stretch of elements of one channel, in storage order. */
function forEachRun(
  length: number,
  channels: number,
  inner: number,
  visit: (channel: number, from: number, to: number) => void,
): void {
  if (channels === 1) return visit(0, 0, length);
  for (let from = 0, channel = 0; from < length; from += inner, channel++) {
    if (channel === channels) channel = 0;
    visit(channel, from, from + inner);
  }
}

function newCodes(dtype: Int8Type, length: number): Int8Array | Uint8Array {
  return dtype === 'int8' ? new Int8Array(length) : new Uint8Array(length);
}

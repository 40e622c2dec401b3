import { throwIfAborted } from '../base/cancel';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { floatValues } from '../onnx/weights';
import { transpose } from '../tensor/linalg';
import { channelsOf } from './channels';
import { type WeightProbeName, weightProbes } from './probes';
import type { SweepLayer } from './sweep';

/** What a layer's weight tells without data: where trouble may lie, and no measure of damage. */
export interface WeightHint {
  readonly id: string;
  /** Largest magnitude over the root mean square. */
  readonly outlierRatio: number;
  /** Widest over median range of its output channels. */
  readonly channelSpread: number;
  /** Share of elements that are exactly zero. */
  readonly zeros: number;
  /** 10·log₁₀ of the weight's energy over the energy of what the probe changes; null where it changes nothing, or there is no energy. */
  readonly weightSnrDb: readonly { readonly probe: WeightProbeName; readonly db: number | null }[];
}

export interface HintOptions {
  readonly open: OpenExternal | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Hints on one layer after the other, so that one weight at a time is in memory. Throws what reading weights throws. */
export function* hintsOf(
  layers: readonly SweepLayer[],
  probes: readonly WeightProbeName[],
  { open, signal }: HintOptions,
): Generator<WeightHint> {
  for (const { layer, weight } of layers) {
    throwIfAborted(signal);
    const { rows, width, transposed } = channelsOf(layer, weight);
    const stored = floatValues(weight.tensor, open);
    const values = transposed ? transpose(stored, width, rows) : stored;
    yield { id: layer.id, ...weightHint(values, width, probes) };
  }
}

/** Hints on a weight [rows, width], an output channel a row. */
export function weightHint(
  values: Float32Array,
  width: number,
  probes: readonly WeightProbeName[],
): Omit<WeightHint, 'id'> {
  const { largest, energy, zeros } = momentsOf(values);
  const count = Math.max(1, values.length);
  return {
    outlierRatio: energy === 0 ? 0 : largest / Math.sqrt(energy / count),
    channelSpread: spreadOf(values, width),
    zeros: zeros / count,
    weightSnrDb: probes.map((probe) => {
      const changed = weightProbes[probe].change(values.slice(), width);
      const lost = energyBetween(values, changed);
      return { probe, db: energy > 0 && lost > 0 ? 10 * Math.log10(energy / lost) : null };
    }),
  };
}

function momentsOf(values: Float32Array): { largest: number; energy: number; zeros: number } {
  let [largest, energy, zeros] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const magnitude = Math.abs(value);
    if (magnitude > largest) largest = magnitude;
    if (value === 0) zeros++;
    energy += value * value;
  }
  return { largest, energy, zeros };
}

/** 1 where the median range is zero: what most channels are has then nothing to do with the widest. */
function spreadOf(values: Float32Array, width: number): number {
  const ranges = new Float64Array(Math.max(1, Math.floor(values.length / Math.max(1, width))));
  for (let row = 0; row < ranges.length; row++) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = row * width; i < (row + 1) * width; i++) {
      const value = values[i] ?? 0;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    ranges[row] = Math.max(0, high - low);
  }
  ranges.sort();
  const middle = (ranges.length - 1) / 2;
  const median = ((ranges[Math.floor(middle)] ?? 0) + (ranges[Math.ceil(middle)] ?? 0)) / 2;
  return median > 0 ? (ranges.at(-1) ?? 0) / median : 1;
}

function energyBetween(a: Float32Array, b: Float32Array): number {
  let energy = 0;
  for (let i = 0; i < a.length; i++) energy += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return energy;
}

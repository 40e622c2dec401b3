import { numbersOf } from '../../runtime/arrays';
import { realRows, type CalibrationBatch } from '../../runtime/calibration';
import type { RunTensor } from '../../runtime/runner';
import { asLogits, type Reading } from '../../tensor/scores';

/** One output of both models on one batch, of equal shape. */
export interface OutputPair {
  readonly reference: RunTensor;
  readonly candidate: RunTensor;
  readonly batch: CalibrationBatch;
  /** What the output's numbers are. */
  readonly reading: Reading;
  /** The input with the tokens whose successors the output scores; undefined where the model takes none. */
  readonly tokens?: string | undefined;
}

/** What people are told of a metric. */
export interface MetricFacts {
  readonly title: string;
  /** What stands behind a figure: nats, a share. */
  readonly unit: string;
  /** `classes`: the last axis are logits; `values`: any output; `labels`: the data must have labels besides; `tokens`: a language model. */
  readonly needs: 'classes' | 'values' | 'labels' | 'tokens';
}

/** A way of saying how far a candidate's outputs are from the model's own; 0 is no difference, and more is worse. */
export interface MeanMetric extends MetricFacts {
  /** One score for each sample, whose mean is the damage. Throws `badInput` where the data or the output has not what is needed. */
  score(pair: OutputPair): number[];
}

/** One whose damage follows from all samples together, and is no mean over them. */
export interface CountedMetric<Evidence> extends MetricFacts {
  /** What counts of each sample. Throws as `score` does. */
  evidence(pair: OutputPair): Evidence[];
  /** From all samples': one score for each, whose mean is the damage and whose scatter gives its interval. */
  scores(samples: readonly Evidence[]): number[];
}

export type Metric = MeanMetric | CountedMetric<unknown>;

/** Scores every sample by its rows of logits, whichever form the model gives its scores in. */
export function byDistribution(pair: OutputPair, score: (rows: SampleRows) => number): number[] {
  const { reading } = pair;
  return bySample(pair, ({ reference, candidate, width }) =>
    score({
      reference: asLogits(reference, reading),
      candidate: asLogits(candidate, reading),
      width: reading === 'chance' ? 2 : width,
    }),
  );
}

/** A sample's stretch of an output: rows of `width` elements along the last axis, padded ones left out. */
export interface SampleRows {
  readonly reference: ArrayLike<number>;
  readonly candidate: ArrayLike<number>;
  readonly width: number;
}

/** Scores every sample by the rows that stand for something. Outputs that are not laid out by sample are one sample as a whole. */
export function bySample(
  { reference, candidate, batch }: OutputPair,
  score: (rows: SampleRows) => number,
): number[] {
  const a = floatsOf(reference);
  const b = floatsOf(candidate);
  const { shape } = reference;
  const width = Math.max(1, shape.at(-1) ?? 1);
  const samples = samplesOf(shape, batch);
  const length = a.length / samples;
  const real = realRows(shape, batch.mask);
  const isFlat = shape.length < 2;
  return Array.from({ length: samples }, (_, sample) => {
    const from = sample * length;
    const rows = isFlat || !real ? undefined : real.subarray(from / width, (from + length) / width);
    return score({
      reference: keepRows(a, from, length, width, rows),
      candidate: keepRows(b, from, length, width, rows),
      width: isFlat ? length : width,
    });
  });
}

function samplesOf([first = 1]: readonly number[], { feeds }: CalibrationBatch): number {
  const isBatch = Object.values(feeds).some((feed) => feed.shape[0] === first);
  return isBatch ? first : 1;
}

function keepRows(
  values: Float32Array | Float64Array,
  from: number,
  length: number,
  width: number,
  real: Uint8Array | undefined,
): ArrayLike<number> {
  const all = values.subarray(from, from + length);
  if (!real || real.every((row) => row !== 0)) return all;
  return all.filter((_, at) => real[Math.floor(at / width)] !== 0);
}

/** Samples are cut out of typed arrays; whole numbers and half floats become doubles first. */
function floatsOf(tensor: RunTensor): Float32Array | Float64Array {
  const { data } = tensor;
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  return Float64Array.from(numbersOf(tensor), Number);
}

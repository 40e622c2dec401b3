import { numbersOf } from '../runtime/arrays';
import { realRows } from '../runtime/calibration';
import { rowLabels, targetTokens } from '../runtime/labels';
import type { Batch } from '../runtime/datasets/dataset';
import type { RunTensor } from '../runtime/runner';
import {
  clusteredMean,
  deviations95,
  Differences,
  klDivergence,
  meanWithInterval,
  pairedInterval,
  shareInterval,
  topClass,
} from '../tensor/measures';
import { certainClass, decisionsOf } from '../tensor/decisions';
import { type Decision, type Decisions, type F1Difference, f1Difference } from '../tensor/f1';
import { nextTokenLoss } from '../tensor/perplexity';
import { asLogits, type Reading } from '../tensor/scores';

/** A mean over independent samples, and half the width of its 95 % interval. */
export interface Estimate {
  readonly mean: number;
  readonly halfWidth: number;
  /** The interval where it does not lie evenly around the mean. */
  readonly low?: number;
  readonly high?: number;
}

/** How far a candidate's outputs are from the reference's, over all batches seen. Undefined where a measure has no meaning. */
export interface OutputDifference {
  readonly samples: number;
  /** Infinite where the candidate has a NaN or an infinity that the reference has not. */
  readonly maxError: number;
  /** Of the elements that are numbers in both. */
  readonly largestFinite: number;
  readonly meanError: number;
  /** Signal to noise in decibels; infinite for equal outputs. */
  readonly sqnrDb: number;
  readonly cosine: number;
  /** Elements that are NaN or infinite in one of the two only. */
  readonly broken: number;
  /** Mean KL divergence of the candidate's distribution from the reference's, in nats. */
  readonly kl: Estimate | undefined;
  /** Share of rows whose top class is the same. */
  readonly agreement: Estimate | undefined;
  readonly accuracy:
    | { readonly reference: number; readonly candidate: number; readonly difference: Estimate }
    | undefined;
  readonly f1: F1Difference | undefined;
  readonly perplexity: PerplexityDifference | undefined;
}

/** exp of the mean negative log likelihood of the next token. */
export interface PerplexityDifference {
  readonly reference: number;
  readonly candidate: number;
  /** Of the mean log likelihoods: exp of it is the ratio of the perplexities. */
  readonly logRatio: Estimate;
  readonly tokens: number;
}

export interface OutputOptions {
  readonly reading: Reading;
  /** Input with the tokens whose successors the output predicts, for language models. */
  readonly tokens?: string;
}

/** Figures of one row or sample, summed by sample. */
interface Sums {
  readonly sums: number[];
  readonly counts: number[];
}

/** Gathers differences batch by batch, so that no outputs need to be kept. */
export class OutputComparison {
  private samples = 0;
  private tokens = 0;
  private readonly errors = new Differences();
  private readonly kl: Sums = { sums: [], counts: [] };
  private readonly same: Sums = { sums: [], counts: [] };
  private readonly decisions: Decisions[] = [];
  /** That are decided between, where there are labels. */
  private classes = 0;
  private readonly unlikely: { reference: number; candidate: number; count: number }[] = [];

  constructor(private readonly options: OutputOptions = { reading: 'logits' }) {}

  /** Adds one batch's output of both models, whose shapes must be equal. Rows of padding do not count. */
  add(reference: RunTensor, candidate: RunTensor, batch: Batch): void {
    const { reading } = this.options;
    const { feeds, labels } = batch;
    const rows = rowsOf(reference, batch, reading);
    const a = numbersOf(reference);
    const b = numbersOf(candidate);
    const samples = reference.shape[0] ?? 1;
    this.samples += samples;
    for (let row = 0, at = 0; at < a.length; row++, at += rows.width) {
      if (rows.real?.[row] !== 0) this.errors.add(a, b, at, Math.min(a.length, at + rows.width));
    }
    if (!rows.classes) return;
    const logits = { a: asLogits(a, reading), b: asLogits(b, reading) };
    this.addClasses(logits.a, logits.b, rows, samples);
    const tokens = this.options.tokens === undefined ? undefined : feeds[this.options.tokens];
    if (tokens) this.addTokens(logits.a, logits.b, rows, tokens, labels);
    const known =
      labels &&
      rowLabels(labels, {
        shape: reference.shape.length < 2 ? [...reference.shape, rows.classes] : reference.shape,
        ...{ real: rows.real, isShifted: tokens !== undefined },
      });
    // Labels may be those of another output.
    if (!known || known.some((sample) => sample.some((label) => label >= rows.classes))) return;
    this.classes = rows.classes;
    this.decisions.push(...decisionsOf(logits.a, logits.b, rows.classes, known));
  }

  result(): OutputDifference {
    const { errors, kl, same, decisions } = this;
    return {
      samples: this.samples,
      maxError: errors.maxError,
      largestFinite: errors.largestFinite,
      meanError: errors.meanError,
      sqnrDb: errors.sqnrDb,
      cosine: errors.cosine,
      broken: errors.broken,
      kl: kl.sums.length > 0 ? clusteredMean(kl.sums, kl.counts) : undefined,
      agreement: same.sums.length > 0 ? shareOf(same) : undefined,
      accuracy: decisions.some(({ length }) => length > 0) ? accuracyOf(decisions) : undefined,
      f1: f1Difference(decisions, this.classes),
      perplexity: this.perplexity(),
    };
  }

  private addClasses(
    a: ArrayLike<number>,
    b: ArrayLike<number>,
    { classes, real, count }: Rows,
    samples: number,
  ): void {
    const perSample = Math.max(1, Math.floor(count / samples));
    for (let first = 0; first < count; first += perSample) {
      const sample = { kl: 0, same: 0, rows: 0 };
      for (let row = first; row < Math.min(count, first + perSample); row++) {
        if (real?.[row] === 0) continue;
        const at = row * classes;
        sample.rows++;
        sample.kl += klDivergence(a, b, at, classes);
        sample.same += Number(topClass(a, at, classes) === certainClass(b, at, classes));
      }
      push(this.kl, sample.kl, sample.rows);
      push(this.same, sample.same, sample.rows);
    }
  }

  /** Every position predicts the token after it; what follows padding, and the last of all, is predicted by none. */
  private addTokens(
    a: ArrayLike<number>,
    b: ArrayLike<number>,
    { classes, real, count }: Rows,
    tokens: RunTensor,
    labels: Batch['labels'],
  ): void {
    const [batch = 0, length = 0] = tokens.shape;
    if (tokens.shape.length !== 2 || batch * length !== count) return;
    const ids = targetTokens(labels, numbersOf(tokens) as ArrayLike<number | bigint>, length);
    for (let from = 0; from < count; from += length) {
      const sequence = { classes, real, from, length, tokens: ids };
      const reference = nextTokenLoss({ ...sequence, logits: a });
      const candidate = nextTokenLoss({ ...sequence, logits: b });
      this.tokens += reference.count;
      if (reference.count === 0) continue;
      const sums = { reference: reference.sum, candidate: candidate.sum };
      this.unlikely.push({ ...sums, count: reference.count });
    }
  }

  private perplexity(): PerplexityDifference | undefined {
    const { unlikely, tokens } = this;
    if (tokens === 0) return undefined;
    const total = (of: 'reference' | 'candidate') =>
      Math.exp(unlikely.reduce((sum, each) => sum + each[of], 0) / tokens);
    return {
      reference: total('reference'),
      candidate: total('candidate'),
      logRatio: clusteredMean(
        unlikely.map((each) => each.candidate - each.reference),
        unlikely.map((each) => each.count),
      ),
      tokens,
    };
  }
}

function push({ sums, counts }: Sums, sum: number, count: number): void {
  if (count === 0) return;
  sums.push(sum);
  counts.push(count);
}

/** Rows of one sample are not independent: their interval is that of as many independent rows as would scatter alike. */
function shareOf({ sums, counts }: Sums): Estimate {
  const { mean, halfWidth } = clusteredMean(sums, counts);
  const variance = (halfWidth / deviations95) ** 2;
  const isKnown = mean * (1 - mean) > 0 && variance > 0 && Number.isFinite(variance);
  const rows = isKnown ? (mean * (1 - mean)) / variance : sums.length;
  return { mean, halfWidth, ...shareInterval(mean, rows) };
}

function accuracyOf(samples: readonly Decisions[]) {
  const all = samples.flat();
  const share = (of: 'reference' | 'candidate') =>
    all.filter((each) => each[of] === each.label).length / all.length;
  // Paired: both models saw the same samples, so only those count on which they differ.
  const change = ({ label, reference, candidate }: Decision) =>
    Number(candidate === label) - Number(reference === label);
  const changes = all.map(change);
  const count = (of: number) => changes.filter((each) => each === of).length;
  const isBySample = samples.every((decisions) => decisions.length === 1);
  // Positions of one sample are not independent.
  const difference = isBySample
    ? { ...meanWithInterval(changes), ...pairedInterval(count(1), count(-1), changes.length) }
    : clusteredMean(
        samples.map((decisions) => decisions.reduce((sum, each) => sum + change(each), 0)),
        samples.map((decisions) => decisions.length),
      );
  return { reference: share('reference'), candidate: share('candidate'), difference };
}

/** How an output's elements are grouped. */
interface Rows {
  /** Elements of a row: all that lies along the last axis. */
  readonly width: number;
  /** Classes that a row decides between; 0 where it decides nothing. */
  readonly classes: number;
  readonly count: number;
  /** 0 for rows that stand for padding. Undefined where all count. */
  readonly real: Uint8Array | undefined;
}

/** Classes lie along the last axis. */
function rowsOf({ shape }: RunTensor, { mask }: Batch, reading: Reading): Rows {
  const width = shape.length < 2 ? 1 : (shape.at(-1) ?? 1);
  const count = shape.reduce((product, size) => product * size, 1) / Math.max(1, width);
  const isChance = reading === 'chance' && width === 1;
  const decides = reading !== 'values' && reading !== 'chance' && width > 1;
  const classes = isChance ? 2 : decides ? width : 0;
  return { width, classes, count, real: realRows(shape, mask) };
}

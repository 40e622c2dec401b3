import type { Feeds, RunTensor } from '../runtime/runner';
import { klDivergences, meanWithInterval, topClasses } from '../tensor/measures';

/** A mean over independent samples, and half the width of its 95 % interval. */
export interface Estimate {
  readonly mean: number;
  readonly halfWidth: number;
}

/** How far a candidate's outputs are from the reference's, over all batches seen. Undefined where a measure has no meaning. */
export interface OutputDifference {
  readonly samples: number;
  readonly maxError: number;
  readonly meanError: number;
  /** Signal to noise in decibels; infinite for equal outputs. */
  readonly sqnrDb: number;
  readonly cosine: number;
  /** Mean KL divergence of the candidate's distribution from the reference's, in nats. */
  readonly kl: Estimate | undefined;
  /** Share of rows whose top class is the same. */
  readonly agreement: Estimate | undefined;
  readonly accuracy:
    | { readonly reference: number; readonly candidate: number; readonly difference: Estimate }
    | undefined;
}

/** What the classes of an output are counted over. */
interface Rows {
  readonly classes: number;
  /** Rows that stand for something; the others are padding. Undefined for all. */
  readonly real: readonly boolean[] | undefined;
}

/** Gathers differences batch by batch, so that no outputs need to be kept. */
export class OutputComparison {
  private samples = 0;
  private count = 0;
  private max = 0;
  private absolute = 0;
  private squaredError = 0;
  private squaredReference = 0;
  private squaredCandidate = 0;
  private product = 0;
  private readonly kl: number[] = [];
  private readonly same: number[] = [];
  private readonly right: { reference: number; candidate: number }[] = [];

  /** Adds one batch's output of both models, whose shapes must be equal. */
  add(reference: RunTensor, candidate: RunTensor, feeds: Feeds, labels?: readonly number[]): void {
    const rows = rowsOf(reference, feeds);
    const a = numbersOf(reference);
    const b = numbersOf(candidate);
    this.samples += reference.shape[0] ?? 1;
    for (let row = 0, at = 0; at < a.length; row++, at += rows.classes) {
      if (rows.real?.[row] === false) continue;
      this.addErrors(a, b, at, rows.classes);
    }
    if (rows.classes > 1) this.addClasses(a, b, rows, labels);
  }

  result(): OutputDifference {
    const { count, squaredError, squaredReference, squaredCandidate } = this;
    const norm = Math.sqrt(squaredReference * squaredCandidate);
    return {
      samples: this.samples,
      maxError: this.max,
      meanError: count === 0 ? 0 : this.absolute / count,
      sqnrDb: -10 * Math.log10(squaredError === 0 ? 0 : squaredError / squaredReference),
      cosine: norm === 0 ? Number(squaredReference === squaredCandidate) : this.product / norm,
      kl: this.kl.length > 0 ? meanWithInterval(this.kl) : undefined,
      agreement: this.same.length > 0 ? meanWithInterval(this.same) : undefined,
      accuracy: this.right.length > 0 ? accuracyOf(this.right) : undefined,
    };
  }

  private addErrors(
    a: ArrayLike<number>,
    b: ArrayLike<number>,
    from: number,
    length: number,
  ): void {
    for (let i = from; i < from + length; i++) {
      const reference = a[i] ?? 0;
      const candidate = b[i] ?? 0;
      const error = Math.abs(reference - candidate);
      // A NaN would slip through the comparison: it is the largest error there is.
      if (error > this.max || Number.isNaN(error))
        this.max = Number.isNaN(error) ? Infinity : error;
      this.absolute += error;
      this.squaredError += error * error;
      this.squaredReference += reference * reference;
      this.squaredCandidate += candidate * candidate;
      this.product += reference * candidate;
    }
    this.count += length;
  }

  private addClasses(
    a: ArrayLike<number>,
    b: ArrayLike<number>,
    { classes, real }: Rows,
    labels: readonly number[] | undefined,
  ): void {
    const divergences = klDivergences(a, b, classes);
    const topA = topClasses(a, classes);
    const topB = topClasses(b, classes);
    divergences.forEach((kl, row) => {
      if (real?.[row] === false) return;
      this.kl.push(kl);
      this.same.push(topA[row] === topB[row] ? 1 : 0);
    });
    if (labels?.length !== divergences.length) return;
    labels.forEach((label, row) => {
      this.right.push({
        reference: Number(topA[row] === label),
        candidate: Number(topB[row] === label),
      });
    });
  }
}

function accuracyOf(right: readonly { reference: number; candidate: number }[]) {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    reference: mean(right.map((row) => row.reference)),
    candidate: mean(right.map((row) => row.candidate)),
    // Paired: both models saw the same samples, so only those count on which they differ.
    difference: meanWithInterval(right.map((row) => row.candidate - row.reference)),
  };
}

/** Classes lie along the last axis; rows of a sequence are real where the mask of the same size has ones. */
function rowsOf({ shape }: RunTensor, feeds: Feeds): Rows {
  const classes = shape.length < 2 ? 1 : (shape.at(-1) ?? 1);
  if (shape.length < 3) return { classes, real: undefined };
  const mask = Object.entries(feeds).find(
    ([name, tensor]) =>
      /mask/i.test(name) &&
      tensor.shape.length === 2 &&
      tensor.shape[0] === shape[0] &&
      tensor.shape[1] === shape[1],
  );
  if (!mask || shape.length !== 3) return { classes, real: undefined };
  return { classes, real: Array.from(numbersOf(mask[1]), (value) => value !== 0) };
}

/** A tensor's elements as numbers. */
export function numbersOf({ data }: RunTensor): ArrayLike<number> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return Array.from(data, Number);
  return data as unknown as ArrayLike<number>;
}

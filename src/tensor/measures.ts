/**
 * How far a candidate's outputs are from the reference's: one definition of each measure, used wherever two models are compared.
 * Values are taken in pairs; both arrays have the same length.
 */
type Values = ArrayLike<number>;

/** 95 % of a normal distribution lie within so many standard deviations of its mean. */
export const deviations95 = 1.96;
const z = deviations95;

/** Gathers how far candidates are from references, piece by piece, so that no values need to be kept. */
export class Differences {
  private seen = 0;
  private largest = 0;
  private absolute = 0;
  private squaredError = 0;
  private squaredReference = 0;
  private squaredCandidate = 0;
  private product = 0;
  /** Pairs of which one is NaN or infinite and the other is not the same: left out of all sums. */
  broken = 0;

  /** Adds the pairs from index `from` to before `to`. */
  add(reference: Values, candidate: Values, from = 0, to = reference.length): void {
    for (let i = from; i < to; i++) this.addPair(reference[i] ?? 0, candidate[i] ?? 0);
    this.seen += to - from;
  }

  private addPair(reference: number, candidate: number): void {
    const error = Math.abs(reference - candidate);
    if (!Number.isFinite(error)) {
      if (!Object.is(reference, candidate)) this.broken++;
      return;
    }
    if (error > this.largest) this.largest = error;
    this.absolute += error;
    this.squaredError += error * error;
    this.squaredReference += reference * reference;
    this.squaredCandidate += candidate * candidate;
    this.product += reference * candidate;
  }

  get count(): number {
    return this.seen;
  }

  /** Of the finite pairs. */
  get largestFinite(): number {
    return this.largest;
  }

  /** Infinite where a pair is broken: the largest error there is. */
  get maxError(): number {
    return this.broken > 0 ? Infinity : this.largest;
  }

  get meanError(): number {
    return this.seen === 0 ? 0 : this.absolute / this.seen;
  }

  /** Σ(r − c)² / Σr²: the error's energy as a share of the signal's. */
  get normalizedSquaredError(): number {
    return this.squaredError === 0 ? 0 : this.squaredError / this.squaredReference;
  }

  /** Signal to quantization noise in decibels: −10·log₁₀ of the normalized squared error; infinite for equal values. */
  get sqnrDb(): number {
    return -10 * Math.log10(this.normalizedSquaredError);
  }

  /** 1 where both are zero throughout, 0 where one of them is. */
  get cosine(): number {
    const { squaredReference: a, squaredCandidate: b } = this;
    if (a === 0 && b === 0) return 1;
    return a === 0 || b === 0 ? 0 : this.product / Math.sqrt(a * b);
  }
}

/** Differences of two lists of values. */
export function differences(reference: Values, candidate: Values): Differences {
  const all = new Differences();
  all.add(reference, candidate);
  return all;
}

export const maxError = (reference: Values, candidate: Values): number =>
  differences(reference, candidate).maxError;

export const normalizedSquaredError = (reference: Values, candidate: Values): number =>
  differences(reference, candidate).normalizedSquaredError;

export const sqnrDb = (reference: Values, candidate: Values): number =>
  differences(reference, candidate).sqnrDb;

export const cosine = (reference: Values, candidate: Values): number =>
  differences(reference, candidate).cosine;

/** log Σ exp of one row of logits, safe against overflow; NaN where a logit is. */
export function logSumExp(logits: Values, from: number, classes: number, temperature = 1): number {
  let largest = -Infinity;
  for (let i = from; i < from + classes; i++) largest = Math.max(largest, logits[i] ?? 0);
  // All classes ruled out, or one certain: the differences below would not be numbers.
  if (!Number.isFinite(largest)) return largest / temperature;
  let sum = 0;
  for (let i = from; i < from + classes; i++) {
    sum += Math.exp(((logits[i] ?? 0) - largest) / temperature);
  }
  return largest / temperature + Math.log(sum);
}

/** log softmax of one row of logits, safe against overflow. */
export function logSoftmax(
  logits: Values,
  from: number,
  classes: number,
  temperature = 1,
): Float64Array {
  const offset = logSumExp(logits, from, classes, temperature);
  return Float64Array.from(
    { length: classes },
    (_, i) => (logits[from + i] ?? 0) / temperature - offset,
  );
}

/**
 * KL(softmax(reference) ‖ softmax(candidate)) of one row of logits, in nats. Equal rows give exactly zero; a class that the reference
 * rules out adds nothing.
 */
export function klDivergence(
  reference: Values,
  candidate: Values,
  from: number,
  classes: number,
  temperature = 1,
): number {
  const p = logSumExp(reference, from, classes, temperature);
  const q = logSumExp(candidate, from, classes, temperature);
  let kl = 0;
  for (let i = from; i < from + classes; i++) {
    const logP = (reference[i] ?? 0) / temperature - p;
    const share = Math.exp(logP);
    if (share > 0) kl += share * (logP - ((candidate[i] ?? 0) / temperature - q));
    else if (Number.isNaN(share)) return NaN;
  }
  // Rounding may leave a trace below zero, which no divergence is.
  return kl < 0 && kl > -1e-12 ? 0 : kl;
}

/** `klDivergence` of every row of logits [rows, classes]. */
export function klDivergences(
  reference: Values,
  candidate: Values,
  classes: number,
  temperature = 1,
): Float64Array {
  const rows = Math.floor(reference.length / classes);
  return Float64Array.from({ length: rows }, (_, row) =>
    klDivergence(reference, candidate, row * classes, classes, temperature),
  );
}

/** Class of the largest of the logits from index `from` on; the first of equals. */
export function topClass(logits: Values, from: number, classes: number): number {
  let best = 0;
  for (let i = 1; i < classes; i++) {
    if ((logits[from + i] ?? 0) > (logits[from + best] ?? 0)) best = i;
  }
  return best;
}

/** `topClass` of every row of logits [rows, classes]. */
export function topClasses(logits: Values, classes: number): Int32Array {
  const rows = Math.floor(logits.length / classes);
  return Int32Array.from({ length: rows }, (_, row) => topClass(logits, row * classes, classes));
}

/** 0 of no values. */
export function mean(values: Values): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / Math.max(1, values.length);
}

/** Mean, and half the width of its 95 % interval, of values that stand for independent samples. */
export function meanWithInterval(values: Values): { mean: number; halfWidth: number } {
  const n = values.length;
  const center = n === 0 ? NaN : mean(values);
  let squares = 0;
  for (let i = 0; i < n; i++) squares += ((values[i] ?? 0) - center) ** 2;
  return { mean: center, halfWidth: n < 2 ? Infinity : z * Math.sqrt(squares / (n - 1) / n) };
}

/**
 * Mean over rows, and half the width of its 95 % interval where only the samples that the rows belong to are independent, as tokens of one
 * text are not: the ratio estimator with clusters (Cochran, Sampling Techniques, 6.5). `sums` and `counts` are by sample. One row a sample
 * gives `meanWithInterval`.
 */
export function clusteredMean(sums: Values, counts: Values): { mean: number; halfWidth: number } {
  const n = sums.length;
  let total = 0;
  let rows = 0;
  for (let i = 0; i < n; i++) {
    total += sums[i] ?? 0;
    rows += counts[i] ?? 0;
  }
  const mean = total / rows;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += ((sums[i] ?? 0) - mean * (counts[i] ?? 0)) ** 2;
  const error = Math.sqrt((squares * n) / (n - 1)) / rows;
  return { mean, halfWidth: n < 2 ? Infinity : z * error };
}

/**
 * 95 % interval of a share seen in `count` independent samples (Wilson's score interval): inside [0, 1], and with a width also where all
 * samples agree.
 */
export function shareInterval(share: number, count: number): { low: number; high: number } {
  const weight = 1 / (1 + z ** 2 / count);
  const middle = weight * (share + z ** 2 / (2 * count));
  const reach = weight * z * Math.sqrt((share * (1 - share)) / count + (z / (2 * count)) ** 2);
  return { low: Math.max(0, middle - reach), high: Math.min(1, middle + reach) };
}

/**
 * 95 % interval of the difference of two shares seen in the same `count` samples, `gained` of which only the second has and `lost` only the
 * first (Bonett and Price 2012): with a width also where none differ.
 */
export function pairedInterval(
  gained: number,
  lost: number,
  count: number,
): { low: number; high: number } {
  const [up, down] = [(gained + 1) / (count + 2), (lost + 1) / (count + 2)];
  const middle = up - down;
  const reach = z * Math.sqrt((up + down - middle ** 2) / (count + 2));
  return { low: Math.max(-1, middle - reach), high: Math.min(1, middle + reach) };
}

/**
 * How far a candidate's outputs are from the reference's: one definition of each measure, used wherever two models are compared.
 * Values are taken in pairs; both arrays have the same length.
 */
type Values = ArrayLike<number>;

export function maxError(reference: Values, candidate: Values): number {
  let largest = 0;
  for (let i = 0; i < reference.length; i++) {
    const error = Math.abs((reference[i] ?? 0) - (candidate[i] ?? 0));
    // A NaN on one side only is the largest error there is; the comparison alone would pass over it.
    if (Number.isNaN(error)) return Infinity;
    if (error > largest) largest = error;
  }
  return largest;
}

export function meanError(reference: Values, candidate: Values): number {
  let sum = 0;
  for (let i = 0; i < reference.length; i++)
    sum += Math.abs((reference[i] ?? 0) - (candidate[i] ?? 0));
  return reference.length === 0 ? 0 : sum / reference.length;
}

/** Σ(r − c)² / Σr²: the error's energy as a share of the signal's. */
export function normalizedSquaredError(reference: Values, candidate: Values): number {
  let error = 0;
  let signal = 0;
  for (let i = 0; i < reference.length; i++) {
    const value = reference[i] ?? 0;
    error += (value - (candidate[i] ?? 0)) ** 2;
    signal += value * value;
  }
  return error === 0 ? 0 : error / signal;
}

/** Signal to quantization noise in decibels: −10·log₁₀ of the normalized squared error; infinite for equal outputs. */
export function sqnrDb(reference: Values, candidate: Values): number {
  return -10 * Math.log10(normalizedSquaredError(reference, candidate));
}

export function cosine(reference: Values, candidate: Values): number {
  let product = 0;
  let a = 0;
  let b = 0;
  for (let i = 0; i < reference.length; i++) {
    const r = reference[i] ?? 0;
    const c = candidate[i] ?? 0;
    product += r * c;
    a += r * r;
    b += c * c;
  }
  if (a === 0 && b === 0) return 1;
  return a === 0 || b === 0 ? 0 : product / Math.sqrt(a * b);
}

/** log softmax of one row of logits, safe against overflow. */
export function logSoftmax(
  logits: Values,
  from: number,
  classes: number,
  temperature = 1,
): Float64Array {
  let largest = -Infinity;
  for (let i = 0; i < classes; i++)
    largest = Math.max(largest, (logits[from + i] ?? 0) / temperature);
  let sum = 0;
  for (let i = 0; i < classes; i++)
    sum += Math.exp((logits[from + i] ?? 0) / temperature - largest);
  const offset = largest + Math.log(sum);
  return Float64Array.from(
    { length: classes },
    (_, i) => (logits[from + i] ?? 0) / temperature - offset,
  );
}

/**
 * KL(softmax(reference) ‖ softmax(candidate)) of every row of logits [rows, classes], in nats. Zero rows of difference give exactly
 * zero; a class that the reference rules out adds nothing.
 */
export function klDivergences(
  reference: Values,
  candidate: Values,
  classes: number,
  temperature = 1,
): Float64Array {
  const rows = Math.floor(reference.length / classes);
  return Float64Array.from({ length: rows }, (_, row) => {
    const p = logSoftmax(reference, row * classes, classes, temperature);
    const q = logSoftmax(candidate, row * classes, classes, temperature);
    let kl = 0;
    for (let i = 0; i < classes; i++) {
      const logP = p[i] ?? 0;
      const share = Math.exp(logP);
      if (share > 0) kl += share * (logP - (q[i] ?? 0));
    }
    return kl;
  });
}

/** Class of the largest logit of every row; the first of equals. */
export function topClasses(logits: Values, classes: number): Int32Array {
  const rows = Math.floor(logits.length / classes);
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let i = 1; i < classes; i++) {
      if ((logits[row * classes + i] ?? 0) > (logits[row * classes + best] ?? 0)) best = i;
    }
    return best;
  });
}

/** Mean, and half the width of its 95 % interval, of values that stand for independent samples. */
export function meanWithInterval(values: Values): { mean: number; halfWidth: number } {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i] ?? 0;
  const mean = n === 0 ? NaN : sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += ((values[i] ?? 0) - mean) ** 2;
  return { mean, halfWidth: n < 2 ? Infinity : 1.96 * Math.sqrt(squares / (n - 1) / n) };
}

/** Spearman's rank correlation; equal values share the mean of their ranks. */
export function spearman(a: Values, b: Values): number {
  return centredCosine(ranks(a), ranks(b));
}

function ranks(values: Values): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort(
    (i, j) => (values[i] ?? 0) - (values[j] ?? 0),
  );
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++;
    for (let i = from; i < to; i++) result[order[i] ?? 0] = (from + to - 1) / 2;
    from = to;
  }
  return result;
}

function centredCosine(a: Float64Array, b: Float64Array): number {
  const mean = (a.length - 1) / 2;
  return cosine(
    a.map((value) => value - mean),
    b.map((value) => value - mean),
  );
}

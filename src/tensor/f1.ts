import { deviations95, mean } from './measures';

/** A class that is known, and what two models took it for; −1 for a model that decided nothing. */
export interface Decision {
  readonly label: number;
  readonly reference: number;
  readonly candidate: number;
}

/** What was decided in one sample: one class, or one at each of its positions. */
export type Decisions = readonly Decision[];

/** F1 of both models on the same samples. */
export interface F1Difference {
  /** Of class 1 where there are two classes; the mean over the classes that occur where there are more. */
  readonly average: 'binary' | 'macro';
  readonly reference: number;
  readonly candidate: number;
  /** Candidate less reference, and half the width of its 95 % interval. */
  readonly difference: { readonly mean: number; readonly halfWidth: number };
}

/**
 * F1 = 2·TP / (2·TP + FP + FN) of a class. It is no mean over samples, so that the interval of the difference is that of the jackknife: how
 * far it moves when each sample in turn is left out (Efron and Tibshirani 1993, 11.5). Undefined without decisions.
 */
export function f1Difference(
  samples: readonly Decisions[],
  classes: number,
): F1Difference | undefined {
  if (samples.every((decisions) => decisions.length === 0)) return undefined;
  const isBinary = classes === 2;
  const { reference, candidate, leftOut } = f1Of(samples, isBinary);
  return {
    average: isBinary ? 'binary' : 'macro',
    ...{ reference, candidate },
    difference: { mean: candidate - reference, halfWidth: jackknife(leftOut) },
  };
}

/**
 * What each sample adds to the loss of F1, reference less candidate: their mean is that loss, and the interval of their mean is that of the
 * jackknife. With θ the loss and θ₍ᵢ₎ the loss without sample i, they are θ + (n − 1)·(mean θ₍·₎ − θ₍ᵢ₎), the jackknife's pseudo-values
 * without its correction of bias (Efron and Tibshirani 1993, 11.5).
 */
export function f1LossScores(samples: readonly Decisions[], classes: number): number[] {
  const { reference, candidate, leftOut } = f1Of(samples, classes === 2);
  const center = mean(leftOut);
  // Differences are candidate less reference; a loss is the other way round.
  return leftOut.map((each) => reference - candidate + (samples.length - 1) * (each - center));
}

function f1Of(samples: readonly Decisions[], isBinary: boolean) {
  const all = samples.flat();
  const [a, b] = [countsOf(all, 'reference'), countsOf(all, 'candidate')];
  const [reference, candidate] = [f1In(a, isBinary), f1In(b, isBinary)];
  const without = (decisions: Decisions) =>
    f1In(less(b, decisions, 'candidate'), isBinary) -
    f1In(less(a, decisions, 'reference'), isBinary);
  return { reference, candidate, leftOut: leaveOneOut(samples, without) };
}

/** By class. */
interface Counts {
  readonly right: ReadonlyMap<number, number>;
  readonly labelled: ReadonlyMap<number, number>;
  readonly taken: ReadonlyMap<number, number>;
}

function countsOf(decisions: Decisions, by: 'reference' | 'candidate'): Counts {
  const none = { right: new Map(), labelled: new Map(), taken: new Map() };
  return added(none, decisions, by, 1);
}

const less = (counts: Counts, decisions: Decisions, by: 'reference' | 'candidate') =>
  added(counts, decisions, by, -1);

function added(
  counts: Counts,
  decisions: Decisions,
  by: 'reference' | 'candidate',
  weight: number,
): Counts {
  const right = new Map(counts.right);
  const labelled = new Map(counts.labelled);
  const taken = new Map(counts.taken);
  const add = (to: Map<number, number>, key: number) => to.set(key, (to.get(key) ?? 0) + weight);
  for (const { label, [by]: found } of decisions) {
    add(labelled, label);
    add(taken, found);
    if (label === found) add(right, label);
  }
  return { right, labelled, taken };
}

function f1In({ right, labelled, taken }: Counts, isBinary: boolean): number {
  const of = (one: number) => {
    // 2·TP + FP + FN is all that are of the class and all that were taken for it.
    const all = (labelled.get(one) ?? 0) + (taken.get(one) ?? 0);
    return all === 0 ? undefined : (2 * (right.get(one) ?? 0)) / all;
  };
  if (isBinary) return of(1) ?? 0;
  const classes = [...new Set([...labelled.keys(), ...taken.keys()])].filter((one) => one >= 0);
  const found = classes.flatMap((one) => of(one) ?? []);
  return mean(found);
}

/** The statistic without each sample; samples that were decided alike move it alike. */
function leaveOneOut(
  samples: readonly Decisions[],
  without: (decisions: Decisions) => number,
): number[] {
  const known = new Map<string, number>();
  return samples.map((decisions) => {
    const key = JSON.stringify(decisions);
    const value = known.get(key) ?? without(decisions);
    known.set(key, value);
    return value;
  });
}

/** Half the width of the 95 % interval of a statistic, from its values without each sample; not known of one sample. */
function jackknife(values: readonly number[]): number {
  const n = values.length;
  const center = mean(values);
  const squares = values.reduce((sum, each) => sum + (each - center) ** 2, 0);
  return n < 2 ? Infinity : deviations95 * Math.sqrt(((n - 1) / n) * squares);
}

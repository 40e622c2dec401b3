import { deviations95, mean } from './measures';

/** A sample's class, and what two models took it for; −1 for a model that decided nothing. */
export interface Decision {
  readonly label: number;
  readonly reference: number;
  readonly candidate: number;
}

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
 * far it moves when each sample in turn is left out (Efron and Tibshirani 1993, 11.5). Undefined without samples.
 */
export function f1Difference(
  decisions: readonly Decision[],
  classes: number,
): F1Difference | undefined {
  if (decisions.length === 0) return undefined;
  const isBinary = classes === 2;
  const [a, b] = [countsOf(decisions, 'reference'), countsOf(decisions, 'candidate')];
  const [reference, candidate] = [f1Of(a, isBinary), f1Of(b, isBinary)];
  const without = (decision: Decision) =>
    f1Of(less(b, decision.label, decision.candidate), isBinary) -
    f1Of(less(a, decision.label, decision.reference), isBinary);
  const leftOut = leaveOneOut(decisions, without);
  return {
    average: isBinary ? 'binary' : 'macro',
    ...{ reference, candidate },
    difference: { mean: candidate - reference, halfWidth: jackknife(leftOut) },
  };
}

/** By class. */
interface Counts {
  readonly right: ReadonlyMap<number, number>;
  readonly labelled: ReadonlyMap<number, number>;
  readonly taken: ReadonlyMap<number, number>;
}

function countsOf(decisions: readonly Decision[], by: 'reference' | 'candidate'): Counts {
  const [right, labelled, taken] = [0, 1, 2].map(() => new Map<number, number>()) as [
    Map<number, number>,
    Map<number, number>,
    Map<number, number>,
  ];
  const add = (counts: Map<number, number>, key: number) =>
    counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const decision of decisions) {
    const { label, [by]: found } = decision;
    add(labelled, label);
    add(taken, found);
    if (label === found) add(right, label);
  }
  return { right, labelled, taken };
}

function less({ right, labelled, taken }: Counts, label: number, found: number): Counts {
  const minus = (counts: ReadonlyMap<number, number>, key: number) =>
    new Map(counts).set(key, (counts.get(key) ?? 0) - 1);
  return {
    right: label === found ? minus(right, label) : right,
    labelled: minus(labelled, label),
    taken: minus(taken, found),
  };
}

function f1Of({ right, labelled, taken }: Counts, isBinary: boolean): number {
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
  decisions: readonly Decision[],
  without: (decision: Decision) => number,
): number[] {
  const known = new Map<string, number>();
  return decisions.map((decision) => {
    const key = `${decision.label} ${decision.reference} ${decision.candidate}`;
    const value = known.get(key) ?? without(decision);
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

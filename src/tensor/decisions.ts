import type { Decisions } from './f1';
import { topClass } from './measures';

type Values = ArrayLike<number>;

/** As `topClass`, but −1 for a row that is not all numbers, which decides nothing. */
export function certainClass(logits: Values, at: number, classes: number): number {
  for (let i = at; i < at + classes; i++) if (Number.isNaN(logits[i])) return -1;
  return topClass(logits, at, classes);
}

/**
 * What two models decide in each sample: `labels` has the classes of its rows of `classes` logits, sample by sample, NaN for rows that count
 * not.
 */
export function decisionsOf(
  reference: Values,
  candidate: Values,
  classes: number,
  labels: readonly (readonly number[])[],
): readonly Decisions[] {
  let row = 0;
  return labels.map((sample) =>
    sample.flatMap((label) => {
      const at = row++ * classes;
      if (Number.isNaN(label)) return [];
      return [
        {
          ...{ label, reference: topClass(reference, at, classes) },
          candidate: certainClass(candidate, at, classes),
        },
      ];
    }),
  );
}

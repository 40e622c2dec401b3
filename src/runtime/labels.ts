/** The class of a sample, or the class at each of its positions: what is below 0, as PyTorch's −100, is no class and counts not. */
export type Label = number | readonly number[];

/** What an output is laid out like, for labels to be held against it. */
export interface LabelledOutput {
  readonly shape: readonly number[];
  /** 0 for rows that stand for padding; undefined where all count. */
  readonly real: Uint8Array | undefined;
  /** Each position is scored for the position after it, as language models do. */
  readonly isShifted: boolean;
}

/**
 * The labels of an output's rows, all that lies along its last axis being one, sample by sample: one for outputs of [samples, classes], one
 * for each position for [samples, positions, classes]; NaN for rows without. Undefined where labels and output do not fit together.
 */
export function rowLabels(
  labels: readonly Label[],
  { shape, real, isShifted }: LabelledOutput,
): readonly (readonly number[])[] | undefined {
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  if (labels.every((label) => typeof label === 'number')) {
    return rows === labels.length ? labels.map((label) => [label >= 0 ? label : NaN]) : undefined;
  }
  const [samples, positions = 0] = shape;
  if (shape.length !== 3 || samples !== labels.length) return undefined;
  return labels.map((label, sample) =>
    Array.from({ length: positions }, (_, at) => {
      const place = at + Number(isShifted);
      const isReal = real?.[sample * positions + at] !== 0;
      const found = isReal && Array.isArray(label) ? (label[place] as number | undefined) : NaN;
      return found !== undefined && found >= 0 ? found : NaN;
    }),
  );
}

/**
 * The tokens that a language model is held to, of [samples · length]: the data's own labels where it has one for each position, −1 where it
 * says that a position counts not; else the tokens that the model was fed.
 */
export function targetTokens(
  labels: readonly Label[] | undefined,
  fed: ArrayLike<number | bigint>,
  length: number,
): ArrayLike<number | bigint> {
  if (labels === undefined || labels.some((label) => typeof label === 'number')) return fed;
  const rows = labels as readonly (readonly number[])[];
  return rows.flatMap((row) => Array.from({ length }, (_, at) => row[at] ?? -1));
}

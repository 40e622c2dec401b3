/** Told how far long work has come: `fraction` from 0 to 1, and what is being done, e.g. "12 of 30 runs". */
export type Progress = (fraction: number, note: string) => void;

export const noProgress: Progress = () => {};

/** The share of `progress` from `from` to `to`, as a progress of its own. */
export function partOf(progress: Progress, from: number, to: number): Progress {
  return (fraction, note) => progress(from + (to - from) * fraction, note);
}

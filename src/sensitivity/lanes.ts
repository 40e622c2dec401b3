import type { Calibration, CalibrationLane } from '../runtime/calibration';

/** Loads models for one lane. */
export type Load = Calibration['load'];

/** Places where sessions run at the same time, one at least. */
export interface Lanes {
  readonly loads: readonly Load[];
  close(): Promise<void>;
}

/** Opens as many lanes as the data has, but no more than there is work for. A single one needs no thread of its own. The caller closes them. */
export function openLanes(data: Calibration, work: number): Lanes {
  const { lanes } = data;
  const count = Math.min(lanes?.most ?? 1, work);
  if (!lanes || count <= 1) {
    return {
      loads: [(model, options) => data.load(model, options)],
      close: () => Promise.resolve(),
    };
  }
  const opened = Array.from({ length: count }, (): CalibrationLane => lanes.open(count));
  return {
    loads: opened.map((lane) => (model, options) => lane.load(model, options)),
    async close() {
      await Promise.all(opened.map((lane) => lane.close()));
    },
  };
}

/**
 * Waits for all that goes on side by side: the first that fails aborts `failure`, which the others are to look at, and what it threw is thrown
 * when all have ended.
 */
export async function sideBySide(
  works: readonly Promise<void>[],
  failure: AbortController,
): Promise<void> {
  const ends = works.map((work) => work.catch((error: unknown) => failure.abort(error)));
  await Promise.all(ends);
  if (failure.signal.aborted) throw failure.signal.reason;
}

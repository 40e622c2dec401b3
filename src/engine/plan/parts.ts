/** Which samples of the data a plan uses for what. */
export interface PlanParts {
  /** What actions collect from: ranges, and the inputs that weights are rounded by. */
  readonly calibrating: Stretch;
  /** What single layers are tried on. */
  readonly choosing: Stretch;
  /** What the made model is held to: nothing was collected from or chosen on them, where they are `heldOut`. */
  readonly holding: Stretch;
  readonly heldOut: boolean;
}

/** Samples in their order: `count` of them, behind the first `skip`. */
export interface Stretch {
  readonly skip: number;
  readonly count: number;
}

/** Fewer are not divided: every part has all of them. */
const fewest = 12;
/** A third of the samples to collect from, up to as many as that takes, a quarter to choose on, and the rest to hold plans to. */
const calibratingShare = 1 / 3;
const mostCalibrating = 256;
const choosingShare = 1 / 4;
const mostChoosing = 256;

/**
 * Divides `total` samples into three parts: weights that were rounded to serve some samples, and layers that were chosen on them, do better
 * on these than on any others.
 */
export function planParts(total: number): PlanParts {
  if (total < fewest) return undivided(total);
  const first = Math.min(mostCalibrating, Math.round(calibratingShare * total));
  const second = Math.min(mostChoosing, Math.round(choosingShare * total));
  return {
    calibrating: { skip: 0, count: first },
    choosing: { skip: first, count: second },
    holding: { skip: first + second, count: total - first - second },
    heldOut: true,
  };
}

/** All samples for everything. */
export function undivided(count: number): PlanParts {
  const all = { skip: 0, count };
  return { calibrating: all, choosing: all, holding: all, heldOut: false };
}

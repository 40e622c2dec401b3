import { formatExact, formatMs, formatSmall } from '../../base/format';
import type { LayerOption } from '../../build/plan/options';
import type { MeasuredFigures, PlanFigures, PlanLimit } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import type { Tried } from './trial';

/** A model that was made and measured. */
interface Made extends Tried {
  readonly steps: readonly Step[];
}

/** One that a sum of the layers' own measurements promised. */
export interface Attempt extends Made {
  readonly chosen: readonly LayerOption[];
  readonly predicted: PlanFigures;
}

/** One that a ready scheme or recipe makes. */
export interface ReadyAttempt extends Made {
  readonly scheme: string;
}

/** The figure that the limit is about, so turned that less is better: what a sum promises. */
const figureOf = ({ kind }: PlanLimit, figures: PlanFigures): number =>
  ({
    size: figures.bytes,
    damage: figures.damage,
    latency: figures.latencyMs ?? Infinity,
    speed: 1 / (figures.speed ?? 0),
  })[kind];

/** The same of what was measured: the worse end of its interval. */
const boundOf = ({ kind }: PlanLimit, { bytes, intervals }: MeasuredFigures): number =>
  ({
    size: bytes,
    damage: intervals.damage.high,
    latency: intervals.latencyMs?.high ?? Infinity,
    speed: 1 / (intervals.speed?.low ?? 0),
  })[kind];

const valueOf = ({ kind, value }: PlanLimit): number => (kind === 'speed' ? 1 / value : value);

/** Whether a measured model keeps the limit, as far as the interval of its figure tells. */
export function keeps(limit: PlanLimit, figures: MeasuredFigures): boolean {
  return boundOf(limit, figures) <= valueOf(limit);
}

/** How near to the limit a plan may stay without another try: by its size, exactly; by what is measured, as far as that is sure. */
const enough = { size: 0.985, latency: 0.93, speed: 0.93, damage: 0.9 } as const;

/**
 * A limit for the sum that should make the whole keep the asked one, told from all attempts so far, the last one first of all; undefined
 * where the plan is good, or nothing is left to gain.
 */
export function corrected(
  asked: PlanLimit,
  used: PlanLimit,
  attempts: readonly Attempt[],
): PlanLimit | undefined {
  const last = attempts.at(-1);
  if (!last) return undefined;
  const share = boundOf(asked, last.figures) / valueOf(asked);
  if (share <= 1 && share >= enough[asked.kind]) return undefined;
  const expected = figureOf(asked, last.predicted);
  if (asked.kind === 'size') {
    const over = last.figures.bytes - asked.value;
    // What a scheme adds besides the weights grows with the layers that take it: a little more than it was over.
    const value = Math.min(used.value - 1.25 * over, expected - 1);
    return over > 0 ? { ...used, value } : undefined;
  }
  // Damage by some metrics may be none or less than none.
  const scaled = Math.max(expected, Number.MIN_VALUE) * (0.97 / Math.max(share, leastShare));
  const next = between(asked, attempts, scaled);
  return { ...used, value: asked.kind === 'speed' ? 1 / next : next };
}

/** A plan promises at most so many times less than the one before. */
const leastShare = 0.1;
/** How far beyond a sum that was tried the next one must lie, as the choices are few. */
const step = 1e-3;

/** The sum to try, kept below every sum whose whole broke the limit and above every one whose whole kept it: half way where it is neither. */
function between(asked: PlanLimit, attempts: readonly Attempt[], sum: number): number {
  const sums = (isGood: boolean) =>
    attempts
      .filter(({ figures }) => keeps(asked, figures) === isGood)
      .map(({ predicted }) => figureOf(asked, predicted));
  const low = Math.max(0, ...sums(true)) * (1 + step);
  const high = Math.min(Infinity, ...sums(false)) * (1 - step);
  if (sum > low && sum < high) return sum;
  if (low === 0) return high;
  return high === Infinity ? low : Math.sqrt(low * high);
}

/** The smallest model that keeps a limit of damage, or the least damage for another; else the one that comes nearest. */
export function bestOf<T extends Tried>(attempts: readonly T[], limit: PlanLimit): T | undefined {
  const good = attempts.filter(({ figures }) => keeps(limit, figures));
  const by = (of: (figures: MeasuredFigures) => number) => (a: T, b: T) =>
    of(a.figures) - of(b.figures);
  if (good.length === 0) return [...attempts].sort(by((figures) => boundOf(limit, figures)))[0];
  return [...good].sort(by(({ bytes, damage }) => (limit.kind === 'damage' ? bytes : damage)))[0];
}

/** The limit for a message. */
export function limitText({ kind, value }: PlanLimit): string {
  return {
    size: `${formatExact(value)} bytes`,
    damage: `a damage of ${formatSmall(value)}`,
    latency: formatMs(value),
    speed: `${value} times the speed`,
  }[kind];
}

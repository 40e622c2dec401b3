import { formatExact, formatMs, formatSmall } from '../../base/format';
import type { LayerOption } from '../../build/plan/options';
import type { PlanFigures, PlanLimit } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import type { Tried } from './trial';

/** A plan that was made and measured. */
export interface Attempt extends Tried {
  readonly steps: readonly Step[];
  readonly chosen: readonly LayerOption[];
  readonly predicted: PlanFigures;
}

/** The figure that the limit is about, so turned that less is better. */
const figureOf = ({ kind }: PlanLimit, figures: PlanFigures): number =>
  ({
    size: figures.bytes,
    damage: figures.damage,
    latency: figures.latencyMs ?? Infinity,
    speed: 1 / (figures.speed ?? 0),
  })[kind];

const valueOf = ({ kind, value }: PlanLimit): number => (kind === 'speed' ? 1 / value : value);

export function keeps(limit: PlanLimit, figures: PlanFigures): boolean {
  return figureOf(limit, figures) <= valueOf(limit);
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
  const share = figureOf(asked, last.figures) / valueOf(asked);
  if (share <= 1 && share >= enough[asked.kind]) return undefined;
  const expected = figureOf(asked, last.predicted);
  if (asked.kind === 'size') {
    const over = last.figures.bytes - asked.value;
    // What a scheme adds besides the weights grows with the layers that take it: a little more than it was over.
    const value = Math.min(used.value - 1.25 * over, expected - 1);
    return over > 0 ? { ...used, value } : undefined;
  }
  const scaled = Math.max(expected, Number.MIN_VALUE) * (0.97 / Math.max(share, Number.MIN_VALUE));
  const next = between(asked, attempts, scaled);
  return { ...used, value: asked.kind === 'speed' ? 1 / next : next };
}

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

/** The smallest plan that keeps a limit of damage, or the least damage for another; else the one that comes nearest. */
export function bestOf(attempts: readonly Attempt[], limit: PlanLimit): Attempt | undefined {
  const good = attempts.filter(({ figures }) => keeps(limit, figures));
  const by = (of: (figures: PlanFigures) => number) => (a: Attempt, b: Attempt) =>
    of(a.figures) - of(b.figures);
  if (good.length === 0) return [...attempts].sort(by((figures) => figureOf(limit, figures)))[0];
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

import { formatExact, formatMs, formatSmall } from '../base/format';
import type { LayerOption } from '../build/plan/options';
import type { PlanFigures, PlanLimit } from '../protocol/plan';
import type { Step } from '../protocol/recipe';
import type { Tried } from './planTrial';

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

/** A limit for the sum that should make the whole keep the asked one; undefined where the plan is good, or nothing is left to gain. */
export function corrected(
  asked: PlanLimit,
  used: PlanLimit,
  attempt: Attempt,
): PlanLimit | undefined {
  const [found, expected] = [attempt.figures, attempt.predicted].map((each) =>
    figureOf(asked, each),
  ) as [number, number];
  const share = found / valueOf(asked);
  if (share <= 1 && share >= enough[asked.kind]) return undefined;
  if (asked.kind === 'size') {
    const over = found - asked.value;
    // What a scheme adds besides the weights grows with the layers that take it: a little more than it was over.
    return over > 0 ? { ...used, value: used.value - 1.25 * over } : undefined;
  }
  const next = Math.max(expected, Number.MIN_VALUE) * (0.97 / Math.max(share, Number.MIN_VALUE));
  return { ...used, value: asked.kind === 'speed' ? 1 / next : next };
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

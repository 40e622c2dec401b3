import type { LayerOption } from '../build/plan/options';
import type { PlanFigures, PlanLimit } from '../protocol/plan';
import type { Step } from '../protocol/recipe';

/** A plan that was made and measured. */
export interface Attempt {
  readonly steps: readonly Step[];
  readonly chosen: readonly LayerOption[];
  readonly predicted: PlanFigures;
  readonly figures: PlanFigures;
}

const figureOf = ({ kind }: PlanLimit, figures: PlanFigures): number =>
  kind === 'size'
    ? figures.bytes
    : kind === 'damage'
      ? figures.damage
      : (figures.latencyMs ?? Infinity);

export function keeps(limit: PlanLimit, figures: PlanFigures): boolean {
  return figureOf(limit, figures) <= limit.value;
}

/** A limit for the sum that should make the whole keep the asked one; undefined where the plan is good, or nothing is left to gain. */
export function corrected(
  asked: PlanLimit,
  used: PlanLimit,
  attempt: Attempt,
): PlanLimit | undefined {
  const found = figureOf(asked, attempt.figures);
  const expected = figureOf(asked, attempt.predicted);
  if (asked.kind === 'size') {
    const over = found - asked.value;
    // What a scheme adds besides the weights grows with the layers that take it: a little more than it was over.
    return over > 0 ? { ...used, value: used.value - 1.25 * over } : undefined;
  }
  const ratio = asked.value / Math.max(found, Number.MIN_VALUE);
  // Within a tenth below the limit is as good as the measurement.
  if (ratio >= 1 && ratio < 1.1) return undefined;
  return { ...used, value: Math.max(expected, Number.MIN_VALUE) * ratio * 0.97 };
}

/** The smallest plan that keeps the limit, or the least damage for a limit of bytes; else the one that comes nearest. */
export function bestOf(attempts: readonly Attempt[], limit: PlanLimit): Attempt | undefined {
  const good = attempts.filter(({ figures }) => keeps(limit, figures));
  const by = (of: (figures: PlanFigures) => number) => (a: Attempt, b: Attempt) =>
    of(a.figures) - of(b.figures);
  if (good.length === 0) return [...attempts].sort(by((figures) => figureOf(limit, figures)))[0];
  return [...good].sort(by(({ bytes, damage }) => (limit.kind === 'damage' ? bytes : damage)))[0];
}

/** The limit for a message. */
export function limitText({ kind, value }: PlanLimit): string {
  return kind === 'size'
    ? `${value} bytes`
    : kind === 'damage'
      ? `a damage of ${value}`
      : `${value} ms`;
}

import type { PlanLimit } from '../../protocol/plan';

/** Factors of the units that a limit may be given in, the one that stands for itself first. */
const units = {
  size: { mb: 1e6, b: 1, kb: 1e3, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 },
  latency: { ms: 1, s: 1e3, us: 1e-3, µs: 1e-3 },
  speed: { x: 1 },
  damage: { '': 1 },
} as const satisfies Record<PlanLimit['kind'], Readonly<Record<string, number>>>;

/**
 * What the user typed as a limit: "25 MB" and "22 %" of `whole` bytes, "5 ms", "2.3x", "0.01". A number alone is megabytes,
 * milliseconds, times as fast or the metric's own unit. Undefined for anything else, and for what is not above 0.
 */
export function parseLimit(
  kind: PlanLimit['kind'],
  text: string,
  whole: number,
): PlanLimit | undefined {
  const [, digits = '', unit = ''] = /^\s*([\d.]+(?:e-?\d+)?)\s*([a-zµ%]*)\s*$/i.exec(text) ?? [];
  const factor = factorOf(kind, unit.toLowerCase(), whole);
  const value = digits === '' || factor === undefined ? Number.NaN : Number(digits) * factor;
  return Number.isFinite(value) && value > 0 ? { kind, value } : undefined;
}

function factorOf(kind: PlanLimit['kind'], unit: string, whole: number): number | undefined {
  if (kind === 'size' && unit === '%') return whole / 100;
  const known: Readonly<Record<string, number>> = units[kind];
  return unit === '' ? Object.values(known)[0] : known[unit];
}

import { scaleLinear, scaleLog } from 'd3-scale';

/** Where figures stand along one side of a chart, from 0 to 1. */
export interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

/** Powers of ten that a logarithmic axis spans at most: what lies below is as good as none. */
const decades = 8;
const mostTicks = 5;
/** The foot of a logarithmic axis belongs to zero, which has no logarithm. */
const foot = 0.08;

/** From zero in proportion. */
export function linearAxis(
  values: readonly number[],
  format: (value: number) => string,
  from = 0,
): Axis {
  const scale = scaleLinear([from, Math.max(from + Number.EPSILON, ...values)], [0, 1]).nice(4);
  return {
    at: (value) => scale(value),
    ticks: scale.ticks(4).map((value) => ({ at: scale(value), label: format(value) })),
  };
}

/** By powers of ten; zero stands at the foot. In proportion where nothing is above zero. */
export function logAxis(values: readonly number[], format: (value: number) => string): Axis {
  const known = values.filter((value) => value > 0);
  if (known.length === 0) return linearAxis([1], format);
  const top = Math.ceil(Math.log10(Math.max(...known)) - 1e-9);
  const least = Math.floor(Math.log10(Math.min(...known)) + 1e-9);
  const bottom = Math.min(top - 1, Math.max(least, top - decades));
  const hasZero = values.some((value) => value < 10 ** bottom);
  const scale = scaleLog([10 ** bottom, 10 ** top], [hasZero ? foot : 0, 1]).clamp(true);
  const step = Math.ceil((top - bottom + 1) / mostTicks);
  const powers = Array.from({ length: top - bottom + 1 }, (_, i) => top - i);
  const ticks = powers
    .filter((_, i) => i % step === 0)
    .map((power) => ({ at: scale(10 ** power), label: format(10 ** power) }));
  return {
    at: (value) => (value < 10 ** bottom ? 0 : scale(value)),
    ticks: hasZero ? [...ticks, { at: 0, label: format(0) }] : ticks,
  };
}

/** "1e-6", "0.01", "0". */
export const tickText = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3
    ? value.toExponential().replace(/\.0+e/, 'e')
    : String(Number(value.toPrecision(3)));

import type { LayerFacts, WeightFacts } from '../../protocol/types';
import type { InsightAction } from '../../protocol/viewApi';
import type { Facts } from '../facts';

/** Evidence that a rule found: its strength, and what to say if that is enough. */
export interface Finding {
  /** Compared with the rule's threshold. */
  readonly strength: number;
  readonly figure: string;
  readonly text: string;
  readonly filter: string;
  /** A step of a recipe that would mend it. */
  readonly action?: InsightAction;
}

/** A sentence of "What stands out", and when it may be said. A figure that is not known is no evidence. */
export interface Rule {
  /** What `strength` counts, for whoever changes the threshold. */
  readonly measures: string;
  readonly threshold: number;
  readonly find: (facts: Facts) => Finding | undefined;
}

/** Bits of the floating-point types that weights are stored in. */
export const floatBits: Readonly<Record<string, number>> = {
  float64: 64,
  float32: 32,
  float16: 16,
  bfloat16: 16,
};

/** Whether a learnt weight is held in eight bits or fewer. */
export function isQuantized(weight: WeightFacts): boolean {
  return weight.parameters > 0 && /^(u?int[248]|float8.*|float4.*)$/.test(weight.dtype);
}

/** Whether a convolution has one filter per channel: weights [channels, 1, height, width]. */
export function isDepthwise(layer: LayerFacts): boolean {
  return layer.weights.some(
    ({ shape, parameters }) =>
      parameters > 0 && shape.length >= 3 && shape[1] === 1 && (shape[0] ?? 0) > 1,
  );
}

/** The item of the greatest value; undefined for none. */
export function maximum<T>(items: readonly T[], value: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>(
    (most, item) => (most === undefined || value(item) > value(most) ? item : most),
    undefined,
  );
}

/** "1 node", "94 nodes". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

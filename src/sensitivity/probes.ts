import type { Unit } from '../base/terms';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { probedWeights } from './candidates';
import { lowRank } from './probes/lowRank';
import { pruned } from './probes/pruned';
import { perBlock, perChannel } from './probes/quantized';
import type { Change } from './sweep';
import type { UnitSubject } from './units';
import { weightChange } from './weightChange';

interface ProbeFacts {
  readonly title: string;
  /**
   * How much is left of the weight: bits an element, the share of its elements, or the share of its energy (Σw²). What curves are drawn
   * over.
   */
  readonly strength: { readonly kind: 'bits' | 'share' | 'energy'; readonly value: number };
}

/** A way of compressing one layer's weight, used to ask how much that would hurt. */
export interface WeightProbe extends ProbeFacts {
  readonly unit: 'layer';
  /** The weight, row by row of `width` inputs, as the compression would leave it; the given array is the probe's to change. */
  readonly change: (rows: Float32Array, width: number) => Float32Array;
}

/** What a subject that is no layer adds to the model is taken away: how, the subject itself knows. */
export interface RemovalProbe extends ProbeFacts {
  readonly unit: Exclude<Unit, 'layer'>;
}

export type Probe = WeightProbe | RemovalProbe;

const nothing = { kind: 'share', value: 0 } as const;

/** Every probe of a layer's weight there is, mildest first in each family. */
export const weightProbes = {
  int8: weights('int8 weights', bits(8), perChannel),
  int4: weights('4-bit weights', bits(4), perBlock(4)),
  int3: weights('3-bit weights', bits(3), perBlock(3)),
  int2: weights('2-bit weights', bits(2), perBlock(2)),
  prune30: weights('30 % pruned', share(0.7), pruned(0.3)),
  prune50: weights('50 % pruned', share(0.5), pruned(0.5)),
  prune70: weights('70 % pruned', share(0.3), pruned(0.7)),
  prune90: weights('90 % pruned', share(0.1), pruned(0.9)),
  lowRank99: weights('low rank, 99 % of energy', energy(0.99), lowRank(0.99)),
  lowRank95: weights('low rank, 95 % of energy', energy(0.95), lowRank(0.95)),
  lowRank90: weights('low rank, 90 % of energy', energy(0.9), lowRank(0.9)),
  lowRank80: weights('low rank, 80 % of energy', energy(0.8), lowRank(0.8)),
  /** All that a layer makes of its input goes; its bias stays, as it does at the end of pruning. */
  removed: weights('removed', nothing, (rows) => rows.fill(0)),
} as const satisfies Record<string, WeightProbe>;

/** Every probe there is of this folder's: actions are probes too, where they are known. */
export const probes = {
  ...weightProbes,
  removedHead: { title: 'head removed', strength: nothing, unit: 'head' },
  removedBlock: { title: 'block removed', strength: nothing, unit: 'block' },
} as const satisfies Record<string, Probe>;

export type WeightProbeName = keyof typeof weightProbes;
export type ProbeName = keyof typeof probes;

/** What a probe does to a subject, whose weights `open` reads; undefined where the subject is of another unit. */
export function changeOf(
  name: ProbeName,
  subject: UnitSubject,
  open?: OpenExternal,
): Change | undefined {
  const probe: Probe = probes[name];
  if (probe.unit !== subject.unit) return undefined;
  if (probe.unit !== 'layer') return subject.removal && { ...subject.removal, name };
  if (!subject.weight) return undefined;
  const { layer } = subject.weight;
  return { ...weightChange(layer, probedWeights(subject.weight), probe.change, open), name };
}

function weights(
  title: string,
  strength: WeightProbe['strength'],
  change: WeightProbe['change'],
): WeightProbe {
  return { title, strength, unit: 'layer', change };
}

function bits(value: number) {
  return { kind: 'bits', value } as const;
}

function share(value: number) {
  return { kind: 'share', value } as const;
}

function energy(value: number) {
  return { kind: 'energy', value } as const;
}

import type { Inspection, Profile } from '../../../src/protocol/types';
import { encoder, profileOf } from '../../report/fixture';

/** A BERT with activations, as the engine would have counted it. */
export function bert(blocks: number): Inspection {
  const inspection = encoder(blocks);
  let peak = 0;
  for (const part of Object.values(inspection.parts)) {
    part.peakActivationBytes = Math.round((part.activationBytes ?? 0) / (3 * blocks));
    peak += part.peakActivationBytes;
  }
  inspection.totals.peakActivationBytes = peak;
  return inspection;
}

/** Times as a CPU would spend them: by MACs, and something for what has none. */
export function measuredOn(inspection: Inspection, data = 'synthetic'): Profile {
  const overhead = { norm: 0.25, embedding: 0.3 } as Readonly<Record<string, number>>;
  const timeOf = (macs: number | null, part: string) =>
    (macs ?? 0) / 2.6e7 + (overhead[part] ?? 0.02);
  const times = inspection.layers.map((layer) => timeOf(layer.macs, layer.part));
  const sum = times.reduce((all, time) => all + time, 0);
  const plain = sum + 1;
  return profileOf(inspection, (layer) => timeOf(layer.macs, layer.part), {
    data,
    plainLatencyMs: { median: plain, p10: plain * 0.98, p90: plain * 1.05 },
    latencyMs: { median: plain * 0.8, p10: plain * 0.78, p90: plain * 0.84 },
    unattributedMs: 1,
    disturbedMs: 0,
    traceCostMs: 0,
  });
}

/** 10,002 layers. */
export const large = bert(1250);
export const small = bert(6);
export const measuredSmall = measuredOn(small);

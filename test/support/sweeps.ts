import type { ProbeFacts, Sensitivity, SensitivityRow } from '../../src/protocol/sensitivity';

/** A probe of weights that leaves so many bits, or such a share of the elements. */
export function probeOf(
  name: string,
  kind: ProbeFacts['strength']['kind'],
  value: number,
): ProbeFacts {
  const title = kind === 'bits' ? `${value}-bit weights` : name;
  return { name, title, strength: { kind, value }, unit: 'layer', step: null };
}

/** A row with an interval of a tenth around its damage. */
export function rowOf(id: string, probe: string, damage: number): SensitivityRow {
  return {
    ...{ id, name: id, part: 'attention', role: 'value', block: 0, probe, damage },
    ...{ low: damage * 0.9, high: damage * 1.1, samples: 64, settled: true, bytes: null },
  };
}

/** A complete sweep by KL of these rows. */
export function sweepOf(probes: ProbeFacts[], layers: SensitivityRow[]): Sensitivity {
  return {
    ...{ featherweight: '0', model: { file: '/m.onnx', sha256: 'a' }, tier: 'exact' as const },
    metric: { name: 'kl', title: 'KL divergence', unit: 'nats' },
    ...{ data: '/data/dev.npz', dataSha256: 'd', samples: 64, probes, layers },
    ...{
      hints: [],
      propagation: [],
      stability: [],
      skipped: [],
      ranking: [],
      shard: null,
      notes: [],
    },
    ...{ complete: true, seconds: 1, reused: 0, peakMemoryBytes: 1e8 },
  };
}

import type { Inspection } from '../../../src/protocol/types';
import type { Sensitivity, SensitivityRow } from '../../../src/protocol/sensitivity';
import { sensitivityView } from '../../../src/report/sensitivityView';
import type { Scenario } from './host';
import { measuredSmall, small } from './models';

const layer = { unit: 'layer', step: null } as const;
const probes: Sensitivity['probes'] = [
  { name: 'int8', title: 'int8 weights', strength: { kind: 'bits', value: 8 }, ...layer },
  { name: 'int4', title: '4-bit weights', strength: { kind: 'bits', value: 4 }, ...layer },
  { name: 'int2', title: '2-bit weights', strength: { kind: 'bits', value: 2 }, ...layer },
  { name: 'prune50', title: '50 % pruned', strength: { kind: 'share', value: 0.5 }, ...layer },
];
const harm: Readonly<Record<string, number>> = {
  int8: 1e-7,
  int4: 1e-4,
  int2: 0.02,
  prune50: 3e-3,
};

/** The size of figures that a sentence classifier gives: later layers suffer less, values and outputs most. */
export function sweptOn(
  inspection: Inspection,
  changes: Partial<Omit<Sensitivity, 'layers'>> = {},
  most = Infinity,
): Sensitivity {
  const layers = inspection.layers
    .filter(({ part }) => part === 'attention' || part === 'feedForward')
    .filter(({ weights }) => weights.some(({ shape }) => shape.length === 2))
    .slice(0, most);
  const rows = layers.flatMap(({ id, name, part, role, block }, index) =>
    probes.map((probe): SensitivityRow => {
      const roleHarm = role === 'value' || role === 'output' ? 5 : 1;
      const damage = ((harm[probe.name] ?? 0) * roleHarm) / (1 + (index % 7) + (block ?? 0));
      const place = { id, name, part, role, block, probe: probe.name };
      return {
        ...place,
        damage,
        low: damage * 0.8,
        high: damage * 1.2,
        samples: 128,
        settled: true,
        bytes: null,
      };
    }),
  );
  const worstFirst = (probe: string) =>
    rows
      .filter((row) => row.probe === probe)
      .sort((a, b) => b.damage - a.damage)
      .map(({ id }) => id);
  return {
    featherweight: '0.1.0',
    model: { file: '/models/model.onnx', sha256: '' },
    metric: { name: 'kl', title: 'KL divergence', unit: 'nats' },
    ...{ tier: 'exact', hints: [], propagation: [] },
    ...{ data: '/data/dev.npz', dataSha256: '', samples: 128, probes, layers: rows, skipped: [] },
    ranking: probes.map(({ name }) => ({ probe: name, layers: worstFirst(name) })),
    ...{ shard: null, notes: [], complete: true, seconds: 12, reused: 0 },
    ...changes,
  };
}

const scenarioOf = (sensitivity: Sensitivity, state: Scenario['state'] = {}): Scenario => ({
  inspection: small,
  profile: measuredSmall,
  state: { sensitivity: sensitivityView(sensitivity), ...state },
});

export const swept = scenarioOf(sweptOn(small));
export const sweptSynthetic = scenarioOf(sweptOn(small, { data: 'synthetic', samples: 8 }));
export const stopped = scenarioOf(sweptOn(small, { complete: false }, 5));
/** Some rows are there, others are on their way. */
export const sweeping = scenarioOf(sweptOn(small, { complete: false }, 5), {
  busy: {
    what: 'Measuring sensitivity',
    fraction: 0.2,
    note: 'layer 6 of 38',
    task: 'sensitivity',
  },
});

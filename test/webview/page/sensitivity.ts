import type { Inspection } from '../../../src/protocol/types';
import type {
  CandidateView,
  ProbeFacts,
  PropagationRow,
  Sensitivity,
  SensitivityRow,
  Unit,
} from '../../../src/protocol/sensitivity';
import { candidateViews } from '../../../src/report/candidates';
import { comparisonOf } from '../../report/fixture';
import type { Scenario } from './host';
import { measuredSmall, small } from './models';

type Kind = ProbeFacts['strength']['kind'];
const probe = (
  name: string,
  title: string,
  kind: Kind,
  value: number,
  bits?: number,
  unit: Unit = 'layer',
): ProbeFacts => ({
  ...{ name, title, strength: { kind, value }, unit },
  step: bits ? { action: 'weightOnly', params: { bits: String(bits) } } : null,
});

/** What single layers are asked about. */
export const layerProbes: readonly ProbeFacts[] = [
  probe('int8', 'int8 weights', 'bits', 8, 8),
  probe('int4', '4-bit weights', 'bits', 4, 4),
  probe('int3', '3-bit weights', 'bits', 3),
  probe('int2', '2-bit weights', 'bits', 2, 2),
  probe('prune50', '50 % pruned', 'share', 0.5),
  probe('prune90', '90 % pruned', 'share', 0.1),
];
const wholeProbes: readonly ProbeFacts[] = [
  probe('removedBlock', 'block removed', 'share', 0, undefined, 'block'),
  probe('removedHead', 'head removed', 'share', 0, undefined, 'head'),
];
const harm: Readonly<Record<string, number>> = {
  ...{ int8: 1e-7, int4: 1e-4, int3: 1e-3, int2: 0.02, prune50: 3e-3, prune90: 0.06 },
  ...{ removedBlock: 0.3, removedHead: 0.004 },
};
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

/** Wobbles by itself, and the same every time. */
const wobble = (index: number) => 1 + 0.35 * Math.sin(index * 12.9898);

/** The layers of blocks that have a matrix. */
const asked = ({ layers }: Inspection) =>
  layers
    .filter(({ part }) => part === 'attention' || part === 'feedForward')
    .filter(({ weights }) => weights.some(({ shape }) => shape.length === 2));

type Place = Omit<SensitivityRow, 'probe' | 'damage' | 'low' | 'high' | 'samples' | 'settled'>;

const rowOf = (place: Place, name: string, damage: number): SensitivityRow => ({
  ...{ ...place, probe: name, damage, low: damage * 0.8, high: damage * 1.2 },
  ...{ samples: 128, settled: true },
});

/** The size of figures that a sentence classifier gives: later layers suffer less, values and outputs most. */
export function sweptOn(
  inspection: Inspection,
  changes: Partial<Omit<Sensitivity, 'layers'>> = {},
  most = Infinity,
): Sensitivity {
  const rows = asked(inspection)
    .slice(0, most)
    .flatMap(({ id, name, part, role, block, weightBytes }, index) => {
      const roleHarm = role === 'value' || role === 'output' ? 5 : 1;
      return layerProbes.map(({ name: probe, step, strength }) => {
        const damage = ((harm[probe] ?? 0) * roleHarm * wobble(index)) / (1 + (block ?? 0));
        const after = Math.round((weightBytes * (strength.value + 0.5)) / 32);
        const bytes = step ? { before: weightBytes, after } : null;
        return rowOf({ id, name, part, role, block, bytes }, probe, damage);
      });
    });
  return sweepOf(layerProbes, rows, changes);
}

function sweepOf(
  probes: readonly ProbeFacts[],
  rows: SensitivityRow[],
  changes: Partial<Sensitivity>,
): Sensitivity {
  const worstFirst = (probe: string) =>
    rows
      .filter((row) => row.probe === probe)
      .sort((a, b) => b.damage - a.damage)
      .map(({ id }) => id);
  return {
    featherweight: '0.1.0',
    model: { file: '/models/model.onnx', sha256: '' },
    metric: { name: 'kl', title: 'KL divergence', unit: 'nats' },
    ...{ tier: 'exact', hints: [], propagation: [], stability: [] },
    ...{ data: '/data/dev.npz', dataSha256: '', samples: 128, layers: rows, skipped: [] },
    probes: [...probes],
    ranking: probes.map(({ name }) => ({ probe: name, layers: worstFirst(name) })),
    ...{ shard: null, notes: [], complete: true, seconds: 12, reused: 0 },
    peakMemoryBytes: 1e9,
    ...changes,
  };
}

/** Three more ways of compressing than usual, each of them as harmful as a few bits. */
export function sweptInNineWays(inspection: Inspection, most = Infinity): Sensitivity {
  const { layers } = sweptOn(inspection, {}, most);
  const alike = layers.filter((row) => row.probe === 'int4');
  const more = [
    probe('int5', '5-bit weights', 'bits', 5),
    probe('prune70', '70 % pruned', 'share', 0.3),
    probe('rank90', 'low rank, 90 % of energy', 'energy', 0.9),
  ];
  const rows = more.flatMap(({ name }, at) =>
    alike.map((row) => rowOf(row, name, row.damage * (at + 2))),
  );
  return sweepOf([...layerProbes, ...more], [...layers, ...rows], {});
}

/** Blocks and heads besides the layers, hints, how errors grow, and some rows that are not settled. */
export function richlySwept(inspection: Inspection): Sensitivity {
  const base = sweptOn(inspection);
  const wholes = inspection.blocks.flatMap(({ id, name }, block) => {
    const place = { part: 'attention', role: 'other', block, bytes: null } as const;
    const heads = numbers(12).map((head) => {
      const own = { ...place, id: `${id} head ${head}`, name: `${name} head ${head}` };
      const damage = (0.004 * wobble(head + block * 5)) / (1 + (head % 4));
      return rowOf(own, 'removedHead', head === 7 ? 0 : damage);
    });
    return [rowOf({ ...place, id, name }, 'removedBlock', 0.3 / (1 + block)), ...heads];
  });
  const layers = base.layers.map((row, index) =>
    index % 9 === 4 ? { ...row, settled: false, samples: 32 } : row,
  );
  return {
    ...base,
    tier: 'adaptive',
    probes: [...base.probes, ...wholeProbes],
    layers: [...layers, ...wholes],
    hints: hintsOn(inspection),
    propagation: propagationOn(inspection),
  };
}

const hintsOn = (inspection: Inspection): Sensitivity['hints'] =>
  asked(inspection).map(({ id }, index) => ({
    ...{ id, outlierRatio: 8 * wobble(index), channelSpread: 3 * wobble(index + 3), zeros: 0.001 },
    weightSnrDb: [
      { probe: 'int8', db: 44 * wobble(index) ** 0.1 },
      { probe: 'int4', db: 19 * wobble(index) ** 0.1 },
    ],
  }));

function propagationOn(inspection: Inspection): PropagationRow[] {
  return asked(inspection).map(({ id, name, part, role, block }, index) => {
    const local = 0.004 * wobble(index) * (role === 'value' ? 2 : 1);
    const grown = (step: number) => local * (role === 'value' ? 1.3 : 0.6) ** (step + 1);
    const own = block ?? 0;
    const ends = inspection.blocks.slice(own);
    const blocks = ends.map((each, step) => ({ id: each.id, error: grown(step) }));
    const place = { id, name, part, role, block, probe: 'int4' };
    return { ...place, local, blocks, output: grown(ends.length) };
  });
}

const scenarioOf = (sweep: Sensitivity, state: Scenario['state'] = {}): Scenario => ({
  ...{ inspection: small, profile: measuredSmall, sweep, state },
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

const megabytes = (candidate: number) => ({ reference: 90_900_000, candidate: candidate * 1e6 });
const kl = (mean: number) => ({ mean, low: mean * 0.7, high: mean * 1.4 });
const latency = (ratio: number) => ({ ...comparisonOf().latency, ratio });

/** The original, what was built from recipes, and what other tools have made. */
export const candidates: CandidateView[] = candidateViews([
  comparisonOf({ bytes: megabytes(23.3), kl: kl(0.0031), latency: latency(2.4) }),
  comparisonOf({
    candidate: '/models/model.int4.onnx',
    ...{ bytes: megabytes(20.4), kl: kl(0.0013), latency: latency(1.2) },
  }),
  comparisonOf({
    candidate: '/other/ort-dynamic.onnx',
    ...{ bytes: megabytes(22.9), kl: kl(0.021), latency: latency(2.6) },
  }),
  comparisonOf({
    candidate: '/models/model.mixed.onnx',
    ...{ bytes: megabytes(17.1), kl: kl(0.012), latency: latency(1.9) },
  }),
  comparisonOf({
    candidate: '/other/<b>half.onnx',
    ...{ bytes: megabytes(45.5), kl: kl(1e-6), latency: latency(0.98), samples: 64 },
  }),
]);

/** Everything there is to see of sensitivity. */
export const rich = scenarioOf(richlySwept(small), { candidates });

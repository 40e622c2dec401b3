import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spearman } from '../../src/base/ranks';
import { formatSmall } from '../../src/base/format';
import { noProgress } from '../../src/base/progress';
import { openCalibration } from '../../src/engine/calibration';
import { damageJudge } from '../../src/engine/sensitivity/damage';
import { Models, type SizedModel } from '../../src/engine/models';
import type { Calibration } from '../../src/runtime/calibration';
import { ortRunner } from '../../src/runtime/ort';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { hintsOf } from '../../src/sensitivity/hints';
import { weightProbes } from '../../src/sensitivity/probes';
import { errorsByRole, type Propagated, propagation } from '../../src/sensitivity/propagation';
import { layerSubject, sweep, type SweepLayer } from '../../src/sensitivity/sweep';
import { judge } from './judge';

/**
 * MiniLM-SST2, all linears at few bits on 32 sentences: which roles suffer most, where their errors enter and what becomes of them, and how
 * well each error, near the layer or far from it, ranks the layers as the measured KL does. A hint costs nothing; an error that is followed
 * should tell more.
 */
const folder = '../shared/models/minilm-sst2';

if (existsSync(folder)) void main();
else console.log('– attribution of MiniLM-SST2: skipped, it is not there');

async function main(): Promise<void> {
  const trials = mkdtempSync(join(tmpdir(), 'featherweight-attribution-'));
  const sized = new Models().sized(join(folder, 'model.onnx'), {});
  const data = openCalibration(sized, {
    ...{ runner: ortRunner(), data: join(folder, 'dev.npz'), samples: 32 },
    ...{ folder: trials, threads: 2 },
  });
  const { layers } = candidatesOf(sized.structure);
  const linears = layers.filter(({ layer }) => layer.part !== 'embedding');
  try {
    for (const probe of ['int4', 'int2'] as const) await attribute(sized, data, linears, probe);
  } finally {
    rmSync(trials, { recursive: true, force: true });
  }
}

type ProbeName = 'int4' | 'int2';

async function attribute(
  sized: SizedModel,
  data: Calibration,
  layers: readonly SweepLayer[],
  probe: ProbeName,
): Promise<void> {
  const { structure, shapes, external } = sized;
  const damage = await damages(sized, data, layers, probe);
  const rows = await propagation({
    ...{ structure, shapes, layers, probe, data, output: 'logits', open: external.open },
    ...{ memory: 1e9, signal: undefined, progress: noProgress },
  });
  printRoles(layers, probe, rows, damage);
  const hints = [...hintsOf(layers, [probe], { open: external.open })];
  const weights = new Map(hints.map(({ id, weightSnrDb }) => [id, -(weightSnrDb[0]?.db ?? 0)]));
  compareRanks(probe, rows, weights, damage);
}

function printRoles(
  layers: readonly SweepLayer[],
  probe: ProbeName,
  rows: readonly Propagated[],
  damage: ReadonlyMap<string, number>,
): void {
  const { title } = weightProbes[probe];
  console.log(
    `${title}: role, layers, mean KL; own error, share at its block’s end, growth behind`,
  );
  const byRole = errorsByRole(rows).map((each) => {
    const own = layers.filter(({ layer }) => layer.role === each.role);
    const sum = own.reduce((total, { layer }) => total + (damage.get(layer.id) ?? 0), 0);
    return { ...each, kl: sum / own.length };
  });
  for (const { role, layers: count, kl, local, entering, growth } of byRole.sort(
    (a, b) => b.kl - a.kl,
  )) {
    const figures = [kl, local, entering, growth].map((value) => formatSmall(value).padEnd(8));
    console.log(`  ${role.padEnd(8)} ${count}  ${figures.join(' ')}`);
  }
}

function compareRanks(
  probe: ProbeName,
  rows: readonly Propagated[],
  weights: ReadonlyMap<string, number>,
  damage: ReadonlyMap<string, number>,
): void {
  const truth = rows.map(({ id }) => damage.get(id) ?? 0);
  const rank = (of: (row: Propagated) => number) => spearman(rows.map(of), truth);
  const weight = rank(({ id }) => weights.get(id) ?? 0);
  const own = rank(({ local }) => local);
  const block = rank(({ blocks, output }) => blocks[0]?.error ?? output);
  const last = rank(({ blocks, output }) => blocks.at(-1)?.error ?? output);
  console.log(
    `  rank correlation with the KL: weight ${weight.toFixed(2)}, own output ${own.toFixed(2)}, end of its block ${block.toFixed(2)}, end of the last ${last.toFixed(2)}`,
  );
  judge({
    what: `layers ranked wrongly by the error behind them, ${probe}`,
    value: 1 - last,
    limit: 1 - weight,
    format: (share) => share.toFixed(2),
    baseline: 'the weights’ own error',
  });
}

async function damages(
  sized: SizedModel,
  data: Calibration,
  layers: readonly SweepLayer[],
  probe: ProbeName,
): Promise<ReadonlyMap<string, number>> {
  const { score } = damageJudge(sized);
  const found = new Map<string, number>();
  await sweep({
    ...{ index: sized.index, data, score, open: sized.external.open, memory: 1e9 },
    ...{ signal: undefined, progress: noProgress },
    tasks: layers.map((each) => ({
      subject: layerSubject(each),
      changes: [{ kind: 'weight', name: probe, change: weightProbes[probe].change }],
    })),
    finished: ({ subject, scores }) =>
      found.set(subject.id, scores.reduce((sum, each) => sum + each, 0) / scores.length),
  });
  return found;
}

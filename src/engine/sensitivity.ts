import { version } from '../../package.json';
import { UserError } from '../base/errors';
import type { CallContext } from '../protocol/rpc';
import type { Sensitivity, SensitivityRequest, SensitivityRow } from '../protocol/sensitivity';
import type { Calibration } from '../runtime/calibration';
import { candidatesOf } from '../sensitivity/candidates';
import { type MetricName, metrics } from '../sensitivity/metrics/index';
import { type ProbeName, probes } from '../sensitivity/probes';
import { layerSubject, sweep, type SweepLayer } from '../sensitivity/sweep';
import type { Layer } from '../structure/structure';
import { meanWithInterval } from '../tensor/measures';
import { openCalibration, syntheticCalibration } from './calibration';
import { damageJudge, usualMetric } from './damage';
import { hashOf } from './fileHash';
import type { SizedModel } from './models';
import { probeBytes, probeFacts } from './probeSteps';
import { loadRunner } from './runtime';
import { contentOf, SensitivityCache } from './sensitivityCache';
import { withTemporaryFolder } from './temporaryFolder';

/** Enough to tell quantization from pruning and mild from harsh, at the cost of four. */
const usualProbes: readonly ProbeName[] = ['int8', 'int4', 'int2', 'prune50'];
/** Made-up inputs are all alike: more of them tell nothing more. */
const madeUpSamples = 8;
/** For the unchanged model's values that cross into the parts behind the layers. */
const keptBytes = 1e9;

/** Compresses every layer by itself and scores what that does to the model's output. Throws what the data, the model and the names refuse. */
export async function sensitivity(
  sized: SizedModel,
  request: SensitivityRequest,
  { signal, progress, partial }: CallContext,
): Promise<Sensitivity> {
  const started = performance.now();
  const wanted = probesOf(request.probes);
  const { structure, index, external } = sized;
  const { output, metric, score } = damageJudge(sized, (hasClasses) =>
    metricOf(request.metric, hasClasses),
  );
  const { layers, skipped } = candidatesOf(structure);
  const own = shardOf(layers, request.shard);
  const sha256 = hashOf(sized.file);
  return withTemporaryFolder(async (folder) => {
    const data = await dataOf(sized, request, folder);
    const cache = new SensitivityCache(request.cache, [
      ...[version, sha256, data.key, String(data.calibration.samples), metric, output],
    ]);
    const rows: SensitivityRow[] = [];
    let reused = 0;
    for (const { layer } of own) {
      for (const probe of wanted) {
        const scores = cache.get(layer.id, probe);
        if (!scores) continue;
        rows.push(rowOf(layer, probe, scores));
        reused++;
      }
    }
    const result = (complete: boolean): Sensitivity => ({
      featherweight: version,
      model: { file: sized.file, sha256 },
      metric: { name: metric, title: metrics[metric].title, unit: metrics[metric].unit },
      tier: 'exact',
      data: data.calibration.name,
      samples: data.calibration.samples,
      probes: wanted.map(probeFacts),
      layers: inOrder(rows, own, wanted),
      hints: [],
      propagation: [],
      skipped: skipped.map(({ layer, why }) => ({ layer: layer.id, why })),
      ranking: wanted.map((probe) => ({ probe, layers: ranked(rows, probe) })),
      shard: request.shard ?? null,
      notes: [],
      complete,
      seconds: (performance.now() - started) / 1000,
      reused,
    });
    await sweep({
      ...{ index, data: data.calibration, open: external.open, signal, progress },
      memory: keptBytes,
      tasks: own.map((each) => ({
        subject: layerSubject(each),
        changes: wanted
          .filter((probe) => !cache.get(each.layer.id, probe))
          .map((name) => ({ kind: 'weight' as const, name, change: probes[name].change })),
      })),
      score,
      finished: ({ subject: { weight }, name, scores }) => {
        if (!weight) return;
        const { layer } = weight;
        cache.add({ layer: layer.id, probe: name, scores });
        rows.push(rowOf(layer, name as ProbeName, scores));
        partial(result(false));
      },
    });
    return result(true);
  });
}

function probesOf(names: readonly string[]): readonly ProbeName[] {
  const unknown = names.find((name) => !Object.hasOwn(probes, name));
  if (unknown !== undefined) {
    throw new UserError(
      'badInput',
      `There is no probe “${unknown}”.`,
      `There are ${Object.keys(probes).join(', ')}.`,
    );
  }
  return names.length > 0 ? (names as readonly ProbeName[]) : usualProbes;
}

function metricOf(name: string | undefined, hasClasses: boolean): MetricName {
  if (name === undefined) return usualMetric(hasClasses);
  if (Object.hasOwn(metrics, name)) return name as MetricName;
  throw new UserError(
    'badInput',
    `There is no metric “${name}”.`,
    `There are ${Object.keys(metrics).join(', ')}.`,
  );
}

function shardOf(
  layers: readonly SweepLayer[],
  shard: SensitivityRequest['shard'],
): readonly SweepLayer[] {
  return shard ? layers.filter((_, at) => at % shard.of === shard.index) : layers;
}

async function dataOf(
  sized: SizedModel,
  { data, samples, seed, threads }: SensitivityRequest,
  folder: string,
): Promise<{ calibration: Calibration; key: string }> {
  const runner = await loadRunner();
  if (data === undefined) {
    const calibration = syntheticCalibration(sized, {
      runner,
      seed,
      folder,
      threads,
      samples: madeUpSamples,
    });
    return { calibration, key: `synthetic ${seed}` };
  }
  const calibration = openCalibration(sized, { runner, data, samples, folder, threads });
  return { calibration, key: contentOf(data) };
}

function rowOf(layer: Layer, probe: ProbeName, scores: readonly number[]): SensitivityRow {
  const { id, name, part, role, block } = layer;
  const { mean, halfWidth } = meanWithInterval(scores);
  return {
    ...{ id, name, part, role, probe },
    block: block ?? null,
    damage: mean,
    low: Math.max(0, mean - halfWidth),
    high: mean + halfWidth,
    samples: scores.length,
    settled: true,
    bytes: probeBytes(probe, layer),
  };
}

function inOrder(
  rows: readonly SensitivityRow[],
  layers: readonly SweepLayer[],
  names: readonly string[],
): SensitivityRow[] {
  const place = new Map(layers.map(({ layer }, at) => [layer.id, at]));
  const keyOf = ({ id, probe }: SensitivityRow) =>
    (place.get(id) ?? 0) * names.length + names.indexOf(probe);
  return [...rows].sort((a, b) => keyOf(a) - keyOf(b));
}

function ranked(rows: readonly SensitivityRow[], probe: string): string[] {
  return rows
    .filter((row) => row.probe === probe)
    .sort((a, b) => b.damage - a.damage)
    .map((row) => row.id);
}

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noProgress } from '../../src/base/progress';
import { openCalibration } from '../../src/engine/calibration';
import { Models, type SizedModel } from '../../src/engine/models';
import { makeTensor } from '../../src/onnx/builder';
import { applyEdits } from '../../src/onnx/edit';
import { tensorValues } from '../../src/onnx/weights';
import type { Calibration } from '../../src/runtime/calibration';
import { ortRunner } from '../../src/runtime/ort';
import type { Feeds } from '../../src/runtime/runner';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { changedRows, channelsOf } from '../../src/sensitivity/channels';
import { metrics } from '../../src/sensitivity/metrics/index';
import { weightProbes as probes } from '../../src/sensitivity/probes';
import { layerSubject, type Score, sweep, type SweepLayer } from '../../src/sensitivity/sweep';
import { spearman } from '../../src/tensor/measures';
import { judge } from './judge';

/**
 * MiniLM-SST2, four probes on 64 sentences: our sweep beside brute force, which writes, loads and runs the whole changed model for every
 * layer and probe, with the batches cut equally. Brute force takes a fifth of the layers, in turn with the sweep of the same ones.
 */
const folder = '../shared/models/minilm-sst2';
const names = ['int8', 'int4', 'int2', 'prune50'] as const;
const wanted = 5;

const score: Score = (a, b, batch) => {
  const [reference, candidate] = [a['logits'], b['logits']];
  return reference && candidate
    ? metrics.kl.score({ reference, candidate, batch, reading: 'logits' })
    : [];
};

if (existsSync(folder)) void main();
else console.log('– sensitivity of MiniLM-SST2: skipped, it is not there');

async function main(): Promise<void> {
  const trials = mkdtempSync(join(tmpdir(), 'featherweight-sensitivity-'));
  const sized = new Models().sized(join(folder, 'model.onnx'), {});
  const data = openCalibration(sized, {
    ...{ runner: ortRunner(), data: join(folder, 'dev.npz'), samples: 64 },
    ...{ folder: trials, threads: 2 },
  });
  const linears = candidatesOf(sized.structure).layers.filter(
    ({ layer }) => layer.part !== 'embedding',
  );
  try {
    await race(sized, data, linears);
    await halves(sized, data, linears);
  } finally {
    rmSync(trials, { recursive: true, force: true });
  }
}

async function race(
  sized: SizedModel,
  data: Calibration,
  linears: readonly SweepLayer[],
): Promise<void> {
  const groups = [1, 3].map((from) => linears.filter((_, at) => at % 10 === from));
  let ours = 0;
  let brute = 0;
  for (const group of groups) {
    ours += await timed(() => swept(sized, data, group));
    brute += await timed(() => bruteForce(sized, data, group));
  }
  const layers = groups.flat().length;
  judge({
    what: `exact sweep of ${layers} layers by ${names.length} probes`,
    value: ours,
    limit: brute / wanted,
    format: (ms) => `${(ms / 1000).toFixed(1)} s`,
    baseline: `brute force ${(brute / 1000).toFixed(1)} s, ${(brute / ours).toFixed(1)} times as long; ${wanted} wanted`,
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function swept(
  { index, external }: SizedModel,
  data: Calibration,
  layers: readonly SweepLayer[],
): Promise<Map<string, readonly number[]>> {
  const scores = new Map<string, readonly number[]>();
  await sweep({
    ...{ index, data, score, open: external.open, signal: undefined, progress: noProgress },
    memory: 1e9,
    tasks: layers.map((each) => ({
      subject: layerSubject(each),
      changes: names.map((name) => ({ kind: 'weight', name, change: probes[name].change })),
    })),
    finished: ({ subject, name, scores: found }) => scores.set(`${subject.id} ${name}`, found),
  });
  return scores;
}

async function bruteForce(
  { index, external }: SizedModel,
  data: Calibration,
  layers: readonly SweepLayer[],
): Promise<void> {
  const original = await data.load(index.model);
  const references: Feeds[] = [];
  for (const { feeds } of data.batches()) references.push((await original.run(feeds)).outputs);
  await original.release();
  for (const { layer, weight } of layers) {
    const values = Float32Array.from(tensorValues(weight.tensor, external.open) as number[]);
    for (const name of names) {
      const changed = changedRows(probes[name].change, values, channelsOf(layer, weight));
      const tensor = makeTensor(weight.name, 'float32', weight.tensor.shape, changed);
      const { scope } = layer.main;
      const session = await data.load(applyEdits(index, [{ kind: 'setTensor', scope, tensor }]));
      let at = 0;
      for (const batch of data.batches()) {
        const { outputs } = await session.run(batch.feeds);
        score(references[at++] ?? {}, outputs, batch);
      }
      await session.release();
    }
  }
}

/** How alike the rankings are that two disjoint halves of the data give, for every probe. */
async function halves(
  sized: SizedModel,
  data: Calibration,
  linears: readonly SweepLayer[],
): Promise<void> {
  const scores = await swept(sized, data, linears);
  const mean = (values: readonly number[]) =>
    values.reduce((sum, each) => sum + each, 0) / Math.max(1, values.length);
  const of = (name: string, half: number) =>
    linears.map(({ layer }) =>
      mean((scores.get(`${layer.id} ${name}`) ?? []).filter((_, at) => at % 2 === half)),
    );
  const figures = names.map((name) => `${name} ${spearman(of(name, 0), of(name, 1)).toFixed(2)}`);
  console.log(`  Spearman between two halves of 64 sentences: ${figures.join(', ')}`);
  const known = JSON.parse(readFileSync(join(folder, 'sensitivity.json'), 'utf8')) as {
    layers: { weight: string; int4_block32: { kl: number } }[];
  };
  const kl = new Map(known.layers.map(({ weight, int4_block32 }) => [weight, int4_block32.kl]));
  const worst = Math.max(
    ...linears.map(({ layer, weight }) => {
      const wantedKl = kl.get(weight.name) ?? NaN;
      return Math.abs(mean(scores.get(`${layer.id} int4`) ?? []) - wantedKl) / wantedKl;
    }),
  );
  console.log(
    `  4-bit of all ${linears.length} linears: at most ${worst.toExponential(1)} from one session per layer`,
  );
}

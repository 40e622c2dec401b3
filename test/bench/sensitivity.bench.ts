import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { halvesAgreement } from '../../src/base/ranks';
import { noProgress } from '../../src/base/progress';
import { openCalibration } from '../../src/engine/calibration';
import { type DamageJudge, damageJudge } from '../../src/engine/sensitivity/damage';
import { Models, type SizedModel } from '../../src/engine/models';
import { reducedIndex } from '../../src/engine/reduced';
import { makeTensor } from '../../src/onnx/builder';
import { applyEdits } from '../../src/onnx/edit';
import { floatValues } from '../../src/onnx/weights';
import type { Calibration } from '../../src/runtime/calibration';
import { ortRunner } from '../../src/runtime/ort';
import type { Feeds } from '../../src/runtime/runner';
import { adaptiveSweep } from '../../src/sensitivity/adaptive';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { changedRows, channelsOf } from '../../src/sensitivity/channels';
import { weightProbes } from '../../src/sensitivity/probes';
import {
  layerSubject,
  sweep,
  type SweepLayer,
  type SweepOptions,
} from '../../src/sensitivity/sweep';
import { judge, megabytes } from './judge';

/**
 * MiniLM-SST2, all 38 linears, four probes, 64 sentences: the exact and the adaptive sweep beside brute force in one run. Brute force makes
 * the whole changed model for every layer and probe, loads it from memory as the sweeps load their parts, and runs it on the same batches;
 * it takes every seventh layer, and its time counts for all: which layer is changed makes no difference to it.
 */
const folder = '../shared/models/minilm-sst2';
const names = ['int8', 'int4', 'int2', 'prune50'] as const;
const [exactWanted, adaptiveWanted] = [5, 10];
const worst = 10;

if (existsSync(folder)) void main();
else console.log('– sensitivity of MiniLM-SST2: skipped, it is not there');

interface Bench extends Omit<SweepOptions, 'finished'> {
  readonly sized: SizedModel;
  readonly judge: DamageJudge;
  readonly data: Calibration;
  readonly linears: readonly SweepLayer[];
}

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
  const judged = damageJudge(sized);
  const bench: Bench = {
    ...{ sized, data, linears, judge: judged, index: sized.index, open: sized.external.open },
    ...{ score: judged.score, outputs: [judged.output], memory: 1e9 },
    ...{ signal: undefined, progress: noProgress },
    tasks: linears.map((each) => ({
      subject: layerSubject(each),
      changes: names.map((name) => ({ kind: 'weight', name, change: weightProbes[name].change })),
    })),
  };
  try {
    await race(bench);
  } finally {
    rmSync(trials, { recursive: true, force: true });
  }
}

/** By the clock, and on processors: the one is the user's time, the other hardly hangs on what else the machine does. */
interface Time {
  readonly ms: number;
  readonly cpu: number;
}

async function timed(work: () => Promise<unknown>): Promise<Time> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - started, cpu: (user + system) / 1000 };
}

async function race(bench: Bench): Promise<void> {
  const { linears } = bench;
  const exact = new Map<string, readonly number[]>();
  const adaptive = new Map<string, { mean: number; scores: readonly number[] }>();
  const every = (rest: number) => linears.filter((_, at) => at % 7 === rest);
  const first = await timed(() => bruteForce(bench, every(3).slice(0, 3)));
  const exactTime = await timed(async () => {
    const reduced = await reducedIndex(bench.sized);
    await sweep({
      ...{ ...bench, reduced },
      finished: ({ subject, name, scores }) => exact.set(`${subject.id} ${name}`, scores),
    });
  });
  const adaptiveTime = await timed(async () => {
    const reduced = await reducedIndex(bench.sized);
    await adaptiveSweep({
      ...{ ...bench, reduced, worst, seed: 1 },
      difficulty: bench.judge.difficulty,
      finished: (row) => adaptive.set(`${row.subject.id} ${row.name}`, row),
    });
  });
  const second = await timed(() => bruteForce(bench, every(3).slice(3)));
  const share = linears.length / every(3).length;
  const brute = { ms: share * (first.ms + second.ms), cpu: share * (first.cpu + second.cpu) };
  report('exact sweep', exactTime, brute, exactWanted);
  report('adaptive sweep', adaptiveTime, brute, adaptiveWanted);
  reportHits(linears, exact, adaptive);
  reportEquality(linears, exact);
  reportStability(linears, exact);
  const peak = process.resourceUsage().maxRSS * 1024;
  judge({
    ...{ what: 'memory of all this', value: peak, limit: 8e9, format: megabytes },
    baseline: 'what an ordinary computer has',
  });
}

function report(what: string, { ms, cpu }: Time, brute: Time, wanted: number): void {
  const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;
  judge({
    what: `${what} of 38 layers by ${names.length} probes`,
    ...{ value: ms, limit: brute.ms / wanted, format: seconds },
    baseline: `brute force ${seconds(brute.ms)}, ${(brute.ms / ms).toFixed(1)} times as long, ${(brute.cpu / cpu).toFixed(1)} times the processor time; ${wanted} wanted`,
  });
}

async function bruteForce(
  { sized: { index, external }, data, judge: { score } }: Bench,
  layers: readonly SweepLayer[],
): Promise<void> {
  const original = await data.load(index.model);
  const references: Feeds[] = [];
  for (const { feeds } of data.batches()) references.push((await original.run(feeds)).outputs);
  await original.release();
  for (const { layer, weight } of layers) {
    const values = floatValues(weight.tensor, external.open);
    for (const name of names) {
      const { change } = weightProbes[name];
      const changed = changedRows(change, values, channelsOf(layer, weight));
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

const mean = (values: readonly number[]) =>
  values.reduce((sum, each) => sum + each, 0) / Math.max(1, values.length);

/** Whether the adaptive sweep finds the layers that suffer most, and with how many samples. */
function reportHits(
  linears: readonly SweepLayer[],
  exact: ReadonlyMap<string, readonly number[]>,
  adaptive: ReadonlyMap<string, { mean: number; scores: readonly number[] }>,
): void {
  for (const name of names) {
    const keys = linears.map(({ layer }) => `${layer.id} ${name}`);
    const worstBy = (of: (key: string) => number) =>
      new Set([...keys].sort((a, b) => of(b) - of(a)).slice(0, worst));
    const wanted = worstBy((key) => mean(exact.get(key) ?? []));
    const found = [...worstBy((key) => adaptive.get(key)?.mean ?? 0)];
    const spent = mean(keys.map((key) => adaptive.get(key)?.scores.length ?? 0));
    judge({
      what: `${name}: of the ${worst} worst layers, missed by the adaptive sweep`,
      value: found.filter((key) => !wanted.has(key)).length,
      ...{ limit: 0, format: String },
      baseline: `the exact sweep on 64 sentences; adaptive, ${spent.toFixed(1)} on average`,
    });
  }
}

const published = { int8: 'int8_per_channel', int4: 'int4_block32', prune50: 'prune50' } as const;
type Published = (typeof published)[keyof typeof published];

/** How far the exact sweep is from one session per layer: at most 1e-4 of the value, or 1e-8. */
function reportEquality(
  linears: readonly SweepLayer[],
  exact: ReadonlyMap<string, readonly number[]>,
): void {
  const { layers } = JSON.parse(readFileSync(join(folder, 'sensitivity.json'), 'utf8')) as {
    layers: ({ weight: string } & Record<Published, { kl: number }>)[];
  };
  const known = new Map(layers.map((layer) => [layer.weight, layer]));
  const shares = Object.entries(published).flatMap(([name, key]) =>
    linears.map(({ layer, weight }) => {
      const kl = known.get(weight.name)?.[key].kl ?? NaN;
      const found = mean(exact.get(`${layer.id} ${name}`) ?? []);
      return Math.abs(found - kl) / Math.max(1e-8, 1e-4 * kl);
    }),
  );
  judge({
    what: `largest difference of ${shares.length} means, in what is allowed`,
    value: Math.max(...shares),
    ...{ limit: 1, format: (value: number) => value.toFixed(3) },
    baseline: 'one session per layer, made elsewhere; 1e-4 of the value or 1e-8 allowed',
  });
}

/** How alike the rankings of two disjoint halves of the sentences are. */
function reportStability(
  linears: readonly SweepLayer[],
  exact: ReadonlyMap<string, readonly number[]>,
): void {
  for (const name of names) {
    const scores = linears.map(({ layer }) => exact.get(`${layer.id} ${name}`) ?? []);
    const { median = NaN, low = NaN, high = NaN } = halvesAgreement(scores) ?? {};
    const interval = `${low.toFixed(2)} to ${high.toFixed(2)}`;
    console.log(
      `  ${name}: Spearman between two halves ${median.toFixed(2)}, 95 % of halvings ${interval}`,
    );
  }
}

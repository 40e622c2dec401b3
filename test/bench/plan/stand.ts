import { join } from 'node:path';
import { isUserError } from '../../../src/base/errors';
import { openCalibration } from '../../../src/engine/calibration';
import type { Models, SizedModel } from '../../../src/engine/models';
import { openKept } from '../../../src/engine/plan/kept';
import { planParts } from '../../../src/engine/plan/parts';
import { plan } from '../../../src/engine/plan/plan';
import { answered, type Trial, tryPlan, type Tried } from '../../../src/engine/plan/trial';
import { damageJudge } from '../../../src/engine/sensitivity/damage';
import type { Plan, PlanLimit } from '../../../src/protocol/plan';
import type { Step } from '../../../src/protocol/recipe';
import { ortRunner } from '../../../src/runtime/ort';
import type { MetricName } from '../../../src/sensitivity/metrics/index';

/** Folder of the models. */
export const root = '../shared/models';
const drawnWith = 7;
const cache = process.env['PLAN_CACHE'];

export interface Case {
  readonly folder: string;
  readonly data: string;
  /** To plan with; the rest is to judge by. */
  readonly samples: number;
  /** KL at 22.4 % of the file that was the best found by hand with other tools. */
  readonly hand?: number;
  /** Sizes of dimensions to time at; others are 1. */
  readonly at?: Readonly<Record<string, number>>;
  readonly speed?: number;
  /** A limit on a run, as a share of the original's time. */
  readonly latency?: number;
  /** A limit on the logarithm of the perplexities' ratio. */
  readonly perplexity?: number;
}

/** What the claims of one model are measured with. */
export interface Stand {
  readonly each: Case;
  readonly sized: SizedModel;
  readonly models: Models;
  readonly file: string;
  /** Makes steps and measures them on the rest of the data. */
  readonly make: (
    name: string,
    steps: readonly Step[],
    metric?: MetricName,
  ) => Promise<Made | undefined>;
  readonly planned: (limit: PlanLimit, more?: PlanMore) => Promise<Made & { readonly plan: Plan }>;
}

interface PlanMore {
  readonly metric?: MetricName;
  readonly dims?: Readonly<Record<string, number>>;
}

/** Mean damages on samples that nothing was chosen on. */
export interface Made {
  readonly bytes: number;
  /** On those that plans are held to, on those beyond, and on both together. */
  readonly held: number;
  readonly unseen: number;
  readonly damage: number;
}

/** What makes plans and other recipes of a model, and tells what they are. */
export function makers(
  each: Case,
  sized: SizedModel,
  models: Models,
  folder: string,
): Pick<Stand, 'make' | 'planned'> {
  const file = join(root, each.folder, 'model.onnx');
  const data = join(root, each.folder, each.data);
  const trials = new Map<MetricName | undefined, Promise<Trial>>();
  const trialFor = (metric: MetricName | undefined) => {
    const known = trials.get(metric) ?? trialOf(sized, data, each, { folder, metric });
    trials.set(metric, known);
    return known;
  };
  const kept = openKept(cache, {
    ...{
      files: [file],
      data: each.data,
      preparations: [],
      metric: '',
      layerMetric: '',
      output: '',
    },
    ...{ samples: each.samples, parts: 'bench', timing: '' },
  });
  return {
    async make(name, steps, metric) {
      const trial = await trialFor(metric);
      const key: Step[] = [...steps, { action: metric ?? 'usual', targets: {} }];
      try {
        const known = kept.tried.get(key);
        const tried = known ?? (await tryPlan(sized, steps, trial));
        if (!known) kept.tried.add(key, tried);
        const { seen, unseen } = trial;
        return told(name, tried, {
          held: seen.data.samples,
          unseen: unseen?.data.samples ?? 0,
        });
      } catch (error) {
        if (!isUserError(error)) throw error;
        console.log(`  – ${name}: ${error.message}`);
        return undefined;
      }
    },
    async planned(limit, { metric, dims } = {}) {
      const of = dims ? models.sized(file, { dims: { batch: 1, ...dims } }) : sized;
      const { samples } = each;
      const request = { file, data, samples, shuffle: true, seed: drawnWith, limit, threads: 2 };
      const made = await plan(
        of,
        { ...request, ...(metric ? { metric } : {}), ...(cache ? { cache } : {}) },
        { signal: new AbortController().signal, progress: () => {}, partial: () => {} },
      );
      return tell(made);
    },
  };
}

async function trialOf(
  sized: SizedModel,
  data: string,
  { samples }: Case,
  { folder, metric }: { folder: string; metric: MetricName | undefined },
): Promise<Trial> {
  const runner = ortRunner();
  const { signal } = new AbortController();
  const common = { runner, data, folder, threads: 2, drawnWith };
  const open = ({ skip, count }: { skip: number; count: number }) =>
    openCalibration(sized, { ...common, samples: count, skip });
  const { calibrating, holding } = planParts(samples);
  const judge = metric ? damageJudge(sized, () => metric) : damageJudge(sized);
  const { score } = judge;
  const wanted = { outputs: [judge.output], signal };
  return {
    ...{ runner, folder, signal, threads: 2, score, calibration: open(calibrating) },
    seen: await answered(sized, open(holding), wanted),
    unseen: await answered(sized, open({ skip: samples, count: 512 }), wanted),
  };
}

function tell(made: Plan): Made & { readonly plan: Plan } {
  const { predicted, reused, seconds, measured, unseen, limit, attempts, metric, layerMetric } =
    made;
  const { low = 0, high = 0 } = unseen ?? {};
  const tried = {
    figures: measured,
    unseen: unseen ? { damage: unseen.damage, low, high } : undefined,
  };
  const found = told(
    `plan for ${limit.kind} ${Number(limit.value.toPrecision(5))} by ${metric.title}`,
    tried,
    { held: made.samples, unseen: unseen?.samples ?? 0 },
  );
  const sum = predicted ? `${predicted.damage.toExponential(2)} (${layerMetric.title})` : 'nothing';
  const sources = attempts.map(({ source }) => source).join(', ');
  console.log(
    `    promised ${sum}; ${seconds.toFixed(0)} s, ${reused.layers} of ${reused.of} kept; tried ${sources}${made.kept ? '' : '; does NOT keep its limit'}`,
  );
  return { ...found, plan: made };
}

function told(
  name: string,
  { figures, unseen }: Tried,
  counts: { readonly held: number; readonly unseen: number },
): Made {
  const { bytes, damage, speed, latencyMs, intervals } = figures;
  const times =
    speed === null
      ? ''
      : `, ${range(speed, intervals.speed, 2)} times as fast, ${range(latencyMs ?? 0, intervals.latencyMs, 2)} ms`;
  const text = (value: number, { low, high }: { low: number; high: number }) =>
    `${value.toExponential(2)} (${low.toExponential(1)}–${high.toExponential(1)})`;
  console.log(
    `  ${name}: ${bytes} bytes; held ${text(damage, intervals.damage)}, unseen ${unseen ? text(unseen.damage, unseen) : '–'}${times}`,
  );
  const rest = unseen?.damage ?? damage;
  const both = (damage * counts.held + rest * counts.unseen) / (counts.held + counts.unseen);
  return { bytes, held: damage, unseen: rest, damage: both };
}

const range = (value: number, interval: { low: number; high: number } | null, digits: number) =>
  `${value.toFixed(digits)} (${interval?.low.toFixed(digits)}–${interval?.high.toFixed(digits)})`;

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isUserError } from '../../src/base/errors';
import { openCalibration } from '../../src/engine/calibration';
import { damageJudge } from '../../src/engine/sensitivity/damage';
import { Models, type SizedModel } from '../../src/engine/models';
import { plan } from '../../src/engine/plan/plan';
import { answered, type Trial, tryPlan, type Tried } from '../../src/engine/plan/trial';
import type { Plan, PlanLimit } from '../../src/protocol/plan';
import type { Step } from '../../src/protocol/recipe';
import { type SchemeName, schemeSteps } from '../../src/recipe/schemes';
import { traitsOf } from '../../src/recipe/traits';
import { inspect } from '../../src/engine/inspect';
import { ortRunner } from '../../src/runtime/ort';
import { weightErrorSteps } from './weightError';

/**
 * Plans beside what one scheme for all layers gives, and beside the same optimum over weight errors, all made and measured the same way:
 * planned on the first 128 samples, compared on up to 512 that nothing has seen. PLAN_MODELS names folders, PLAN_CACHE keeps measurements.
 */
const cases = [
  { folder: 'minilm-sst2', model: 'model.onnx', data: 'dev.npz', hand: 0.0013, speed: 2.3 },
  { folder: 'mnist-resnet', model: 'model.onnx', data: 'test.npz' },
  { folder: 'tiny-lm', model: 'model.onnx', data: 'valid.npz' },
  { folder: 'lstm-sst2', model: 'model.onnx', data: 'dev.npz' },
  { folder: 'vad', model: 'model.onnx', data: 'speech.npz' },
] as const;
const uniforms = {
  int8: (sized: SizedModel) => scheme(sized, 'int8'),
  'int8-weights': (sized: SizedModel) => scheme(sized, 'int8-weights'),
  int4: (sized: SizedModel) => scheme(sized, 'int4'),
  '4 bits, blocks of 128': () => weights({ bits: '4', block: '128', keep: 0 }),
  '4 bits, to the nearest': () => weights({ bits: '4', keep: 0, rounding: 'nearest' }),
  int2: (sized: SizedModel) => scheme(sized, 'int2'),
  nf4: (sized: SizedModel) => scheme(sized, 'nf4'),
  fp16: (sized: SizedModel) => scheme(sized, 'fp16'),
} satisfies Record<string, (sized: SizedModel) => readonly Step[]>;

const scheme = (sized: SizedModel, name: SchemeName) =>
  schemeSteps(name, traitsOf(inspect(sized), true), { prepare: true });
const weights = (params: Record<string, unknown>): Step[] => [
  { action: 'weightOnly', targets: {}, params },
];

const samples = 128;
const most = 512;
const largestDamage = 0.01;
const root = '../shared/models';
const wanted = process.env['PLAN_MODELS']?.split(',');
const cache = process.env['PLAN_CACHE'];
let failed = false;

void main();

async function main(): Promise<void> {
  for (const each of cases) {
    if (wanted && !wanted.includes(each.folder)) continue;
    if (existsSync(join(root, each.folder, each.model))) await measure(each);
    else console.log(`– ${each.folder}: skipped, it is not there`);
  }
  if (failed) process.exitCode = 1;
}

interface Case {
  readonly folder: string;
  readonly model: string;
  readonly data: string;
  /** KL at 22.4 % of the file that was the best found by hand with other tools. */
  readonly hand?: number;
  /** Times as fast at 1×128. */
  readonly speed?: number;
}

async function measure({ folder, model, data, hand, speed }: Case): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'featherweight-plan-'));
  const [file, fed] = [join(root, folder, model), join(root, folder, data)];
  const models = new Models();
  const sized = models.sized(file, {});
  try {
    console.log(`\n${folder}: ${sized.bytes} bytes`);
    const trial = await trialOf(sized, fed, place);
    const planned = (limit: PlanLimit, of = sized) => planFor(of, file, fed, limit);
    const found = await allUniform(sized, trial);
    const four = fourBits(found, sized.bytes);
    if (four) {
      const limit = { kind: 'size', value: four.figures.bytes } as const;
      const made = tell('plan of that size', await planned(limit));
      check('KL of uniform 4-bit by the plan’s', damageIn(four) / damageIn(made), 2);
      const byError = await weightErrorSteps(sized, limit);
      const ranked = byError && told('by weight error', await tryPlan(sized, byError, trial));
      if (ranked) check('KL by weight error by the plan’s', damageIn(ranked) / damageIn(made), 1);
    }
    await smallest(found, planned);
    if (hand !== undefined) {
      const made = tell(
        'plan of 22.4 %',
        await planned({ kind: 'size', value: 0.224 * sized.bytes }),
      );
      check('best KL by hand by the plan’s', hand / damageIn(made), 1);
    }
    if (speed !== undefined) {
      const at = models.sized(file, { dims: { batch: 1, sequence: 128 } });
      const made = tell(
        `plan ${speed} times as fast`,
        await planned({ kind: 'speed', value: speed }, at),
      );
      check('speed by what was asked', (made.figures.speed ?? 0) / speed, 1);
    }
  } finally {
    models.dispose();
    rmSync(place, { recursive: true, force: true });
  }
}

/** Uniform 4-bit weights; of a model that they fit nothing of, codes of 4 bits. */
function fourBits(found: ReadonlyMap<string, Tried>, whole: number): Tried | undefined {
  const int4 = found.get('int4');
  return int4 && int4.figures.bytes < whole / 2 ? int4 : found.get('nf4');
}

/** The smallest plan within the damage beside every uniform scheme that keeps it. */
async function smallest(
  found: ReadonlyMap<string, Tried>,
  planned: (limit: PlanLimit) => Promise<Plan | undefined>,
): Promise<void> {
  const made = tell(
    `plan of at most ${largestDamage}`,
    await planned({ kind: 'damage', value: largestDamage }),
  );
  const good = [...found].filter(([, { figures }]) => figures.damage <= largestDamage);
  const least = Math.min(...good.map(([, { figures }]) => figures.bytes));
  if (good.length > 0) check('smallest uniform file by the plan’s', least / made.figures.bytes, 1);
}

async function trialOf(sized: SizedModel, data: string, folder: string): Promise<Trial> {
  const runner = ortRunner();
  const signal = new AbortController().signal;
  const common = { runner, data, folder, threads: 2 };
  const seen = openCalibration(sized, { ...common, samples });
  const unseen = openCalibration(sized, { ...common, samples: most, skip: samples });
  return {
    ...{ runner, folder, signal, threads: 2, score: damageJudge(sized).score },
    calibration: openCalibration(sized, { ...common, samples: 256 }),
    seen: await answered(sized, seen, signal),
    unseen: unseen.samples > 0 ? await answered(sized, unseen, signal) : undefined,
  };
}

async function allUniform(sized: SizedModel, trial: Trial): Promise<ReadonlyMap<string, Tried>> {
  const found = new Map<string, Tried>();
  for (const [name, steps] of Object.entries(uniforms)) {
    try {
      found.set(name, told(name, await tryPlan(sized, steps(sized), trial)));
    } catch (error) {
      if (!isUserError(error)) throw error;
      console.log(`  ${name}: ${error.message}`);
    }
  }
  return found;
}

function planFor(sized: SizedModel, file: string, data: string, limit: PlanLimit) {
  const context = {
    signal: new AbortController().signal,
    progress: () => {},
    partial: () => {},
  };
  const kept = cache === undefined ? {} : { cache };
  return plan(sized, { file, data, samples, limit, threads: 2, ...kept }, context);
}

function tell(name: string, made: Plan | undefined): Tried {
  if (!made) throw new Error(`There is no ${name}.`);
  const { predicted, reused, seconds, measured, unseen } = made;
  const tried = told(name, { figures: measured, unseen: unseen?.damage });
  console.log(
    `    promised ${predicted.damage.toExponential(2)}; ${seconds.toFixed(0)} s, ${reused.layers} of ${reused.of} kept, ${made.attempts.length} tried`,
  );
  return tried;
}

function told(name: string, tried: Tried): Tried {
  const { bytes, damage, speed } = tried.figures;
  const fast = speed === null ? '' : `, ${speed.toFixed(2)} times as fast`;
  console.log(
    `  ${name}: ${bytes} bytes, damage ${damage.toExponential(3)}, unseen ${tried.unseen?.toExponential(3) ?? '–'}${fast}`,
  );
  return tried;
}

const damageIn = ({ figures, unseen }: Tried) => unseen ?? figures.damage;

function check(what: string, ratio: number, least: number): void {
  const good = ratio >= least;
  failed ||= !good;
  console.log(`${good ? '✔' : '✖'} ${what}: ${ratio.toFixed(2)}, at least ${least}`);
}

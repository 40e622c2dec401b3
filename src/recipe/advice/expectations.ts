import type { Plan } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import type { AdviceFacts } from './facts';
import { isDeepEqual } from '../equal';

/** Something that is known of a proposal, or what would have to be done to know it. */
export type Expectation =
  | {
      /** `estimated`: from measurements of single layers of this model. */
      readonly kind: 'measured' | 'estimated';
      readonly value: number;
      /** "KL divergence, 128 samples of dev.npz". */
      readonly standsOn: string;
    }
  | {
      readonly kind: 'unknown';
      /** One sentence: what measures it. */
      readonly by: string;
    };

interface About {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly isPlan: boolean;
}

/** How many times as fast as now: as a recipe of the same steps was measured. */
export function speedExpected(facts: AdviceFacts, about: About): Expectation {
  if (about.name === 'nothing') return unchanged(1);
  const found = builtOf(facts, about.steps);
  if (!found) return { kind: 'unknown', by: sentenceFor({ ...about, isPlan: false }) };
  const { latency } = found;
  const standsOn = `${latency.rounds} rounds in turn with the original, ${threadsText(latency.threads)}`;
  return { kind: 'measured', value: latency.ratio, standsOn };
}

/** How far the answers move: as measured of the same steps, or the sum over the layers that were measured one by one. */
export function damageExpected(facts: AdviceFacts, about: About): Expectation {
  if (about.name === 'nothing') return unchanged(0);
  const found = builtOf(facts, about.steps);
  if (found?.kl) {
    const standsOn = `KL divergence, ${found.samples} samples of ${found.data}`;
    return { kind: 'measured', value: found.kl.mean, standsOn };
  }
  return summed(facts, about.steps) ?? { kind: 'unknown', by: sentenceFor(about) };
}

/** What a plan was measured to be. */
export function damageOfPlan({ metric, measured, samples, data }: Plan): Expectation {
  const standsOn = `${metric.title}, ${samples} samples of ${data}`;
  return { kind: 'measured', value: measured.damage, standsOn };
}

const unchanged = (value: number): Expectation => ({
  kind: 'measured',
  value,
  standsOn: 'the model stays as it is',
});

const sentenceFor = ({ isPlan }: About): string =>
  isPlan
    ? 'The plan measures it before it is offered.'
    : 'Build the recipe and compare the result with the original.';

const threadsText = (threads: number): string =>
  threads === 0
    ? 'as many threads as the runtime chose'
    : `${threads} ${threads === 1 ? 'thread' : 'threads'}`;

function builtOf({ built = [] }: AdviceFacts, steps: readonly Step[]) {
  if (steps.length === 0) return undefined;
  const plain = steps.map(bare);
  return built.find((each) => isDeepEqual(each.steps.map(bare), plain))?.comparison;
}

/** A step without what is said about it. */
const bare = ({ action, targets, params = {} }: Step) => ({ action, targets, params });

/** The damages of all layers by the probe that does what the steps do; undefined where not every layer was measured. */
function summed({ sensitivity }: AdviceFacts, steps: readonly Step[]): Expectation | undefined {
  const changing = steps.filter(({ action }) => action === 'weightOnly');
  const [step] = changing;
  const isUniform = changing.length === 1 && Object.keys(step?.targets ?? {}).length === 0;
  const others = steps.some(({ action }) => compressing.has(action) && action !== 'weightOnly');
  if (!sensitivity?.complete || !step || !isUniform || others) return undefined;
  const probe = sensitivity.probes.find(
    (each) => each.step?.action === step.action && each.step.params.bits === step.params?.bits,
  );
  const rows = sensitivity.layers.filter((row) => row.probe === probe?.name);
  if (!probe || rows.length === 0) return undefined;
  return {
    kind: 'estimated',
    value: rows.reduce((sum, row) => sum + row.damage, 0),
    standsOn: `${sensitivity.metric.title}, the sum of ${rows.length} layers changed one at a time (${probe.title}), ${sensitivity.samples} samples of ${sensitivity.data}`,
  };
}

const compressing = new Set(['int8Dynamic', 'int8Static', 'halfStorage', 'codebook']);

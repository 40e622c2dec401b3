import { formatBytes, formatMs } from '../../base/format';
import type { PlanLimit } from '../../protocol/plan';
import type { Step } from '../../protocol/recipe';
import type { AdviceFacts } from './facts';
import type { AllAnswers } from './questions';
import { payingPreparations } from '../preparations';
import { readyRecipeOf } from '../ready';
import { schemeSteps } from '../schemes';

export interface AdviceContext {
  readonly facts: AdviceFacts;
  readonly answers: AllAnswers;
}

/** One thing that may be done with a model. */
interface Way {
  readonly title: string;
  /** The larger, the better it answers; 0 where it is not to be proposed. */
  worth(context: AdviceContext): number;
  /** One sentence each. */
  reasons(context: AdviceContext): readonly string[];
  steps(context: AdviceContext): readonly Step[];
  /** Where every layer's step is to be found by measuring. */
  plan?(context: AdviceContext): PlanLimit;
}

/** Below these nobody gains from a lighter model. */
const smallFile = 1e6;
const shortRun = 1;

/** Mean damage that each answer stands for, as a limit for the planner. */
const tolerated = { none: 1e-4, small: 1e-2, some: 5e-2 } as const satisfies Record<
  AllAnswers['loss'],
  number
>;

const everything = {};
const isCompressible = ({ facts }: AdviceContext) => facts.compressible.layers > 0;
const hasData = ({ answers }: AdviceContext) => answers.data === 'yes';
const isCnn = ({ facts: { traits, convolutionBytes, compressible } }: AdviceContext) =>
  traits.family === 'cnn' || convolutionBytes > compressible.bytes / 2;
const isDecoder = ({ facts: { traits } }: AdviceContext) =>
  traits.family === 'decoder' || traits.family === 'encoder-decoder';
/** Where ONNX Runtime's kernels for 8-bit integers are. */
const hasIntegers = ({ answers }: AdviceContext) =>
  answers.target !== 'gpu' && answers.target !== 'micro';
const withData = (context: AdviceContext) => ({
  ...context.facts.traits,
  data: hasData(context),
});

/** `by` of the goal that was named; 0 for a target or a loss that rules the way out. */
const byGoal = (
  { answers }: AdviceContext,
  worth: Readonly<Record<AllAnswers['goal'], number>>,
): number => worth[answers.goal];

/** Worth of what is proposed only where nothing else is. */
const lastResort = 0.5;

/** Everything that may be proposed. */
const ways = {
  nothing: {
    title: 'Leave it as it is',
    // Whatever the model, there is something to say: where no other way suits, this one is left.
    worth: (context) => (reasonsToLeave(context).length > 0 ? 100 : lastResort),
    reasons: (context) => {
      const reasons = reasonsToLeave(context);
      return reasons.length > 0 ? reasons : ['Nothing else that is here suits these answers.'];
    },
    steps: () => [],
  },
  plan: {
    title: 'Let measurements choose for every layer',
    worth: (context) =>
      isCompressible(context) && hasData(context) && hasIntegers(context)
        ? byGoal(context, { latency: 70, size: 87, both: 78 })
        : 0,
    reasons: ({ answers }) => [
      'Layers differ in what they bear: each gets the smallest form that its measured damage allows.',
      `The whole is kept within a mean damage of ${tolerated[answers.loss]} on samples that nothing was chosen on.`,
    ],
    steps: () => [],
    plan: ({ answers }) => ({ kind: 'damage', value: tolerated[answers.loss] }),
  },
  prepare: {
    title: 'Exact rewrites only',
    worth: ({ answers, facts }) => {
      if (answers.target === 'micro' || facts.quantizedLayers > 0) return 0;
      if (answers.loss === 'none') return answers.goal === 'size' ? 20 : 90;
      return answers.goal === 'latency' ? 30 : 0;
    },
    reasons: () => [
      'Arithmetic that leads to nothing new is taken out: the answers stay the same.',
    ],
    steps: () => payingPreparations,
  },
  halfCompute: {
    title: 'Compute in float16',
    worth: (context) =>
      context.answers.target === 'gpu' && isCompressible(context)
        ? byGoal(context, { latency: 92, size: 70, both: 90 })
        : 0,
    reasons: () => [
      'Graphics cards multiply 16-bit numbers faster than 32-bit ones.',
      'Half the bytes, in the file and on the card.',
    ],
    steps: () => [{ action: 'halfCompute', targets: everything }],
  },
  int8Static: {
    title: 'Int8 with scales from your data, convolutions',
    worth: (context) =>
      isInteger(context) && isCnn(context) && hasData(context)
        ? byGoal(context, { latency: 90, size: 80, both: 88 })
        : 0,
    reasons: () => [
      'Convolutions run on integers only with scales that data has given.',
      'Weights take a quarter of their bytes.',
    ],
    steps: (context) => readyRecipeOf('int8Static').steps(withData(context)),
  },
  int8Data: {
    title: 'Int8 with scales from your data',
    worth: (context) =>
      isInteger(context) && !isCnn(context) && hasData(context)
        ? byGoal(context, { latency: 88, size: 60, both: 84 })
        : 0,
    reasons: () => [
      'Products of 8-bit integers are what makes large products faster on processors.',
      'Scales from data are known before the run, and closer than those found in it.',
    ],
    steps: (context) => readyRecipeOf('int8Data').steps(withData(context)),
  },
  int8Dynamic: {
    title: 'Int8, scales found at run time',
    worth: (context) =>
      isInteger(context) && !isCnn(context)
        ? byGoal(context, { latency: 84, size: 55, both: 80 }) - (hasData(context) ? 30 : 0)
        : 0,
    reasons: ({ facts }) => [
      'Products of 8-bit integers are what makes large products faster on processors; no data is needed.',
      facts.hasRecurrent
        ? 'The runtime has recurrent layers of this kind, too.'
        : 'Weights take a quarter of their bytes.',
    ],
    steps: () => readyRecipeOf('int8Dynamic').steps(noTraits),
  },
  weights8: {
    title: '8-bit weights',
    worth: (context) => {
      if (!isCompressible(context) || context.answers.target === 'micro' || isCnn(context))
        return 0;
      const { loss } = context.answers;
      return byGoal(context, { latency: 25, size: 62, both: 58 }) + (loss === 'none' ? 20 : 0);
    },
    reasons: () => [
      'A quarter of the bytes, with a scale for each block: the mildest way of quantizing there is.',
      'Activations stay as they are.',
    ],
    steps: (context) => schemeSteps('int8-weights', withData(context), { prepare: true }),
  },
  weights4: {
    title: '4-bit weights',
    worth: (context) => {
      const { loss, target } = context.answers;
      if (!isCompressible(context) || loss === 'none' || target === 'micro' || isCnn(context)) {
        return 0;
      }
      const [goal, more] = [isDecoder(context) ? 12 : 0, loss === 'some' ? 8 : 0];
      return (
        byGoal(context, { latency: 40 + 4 * goal, size: 70 + goal, both: 60 + 2 * goal }) + more
      );
    },
    reasons: (context) => [
      'About an eighth of the bytes.',
      isDecoder(context)
        ? 'Generating token by token spends its time reading weights: fewer bytes are less time.'
        : 'Long inputs run about as fast as now: this way is for size.',
      ...(hasData(context) ? ['Rounding looks at the inputs that your data gives.'] : []),
    ],
    steps: (context) => schemeSteps('int4', withData(context), { prepare: true }),
  },
  weights4KeepOutput: {
    title: '4-bit weights, values and outputs of attention in 8',
    worth: (context) => {
      const { loss } = context.answers;
      const suits = context.facts.traits.parts.includes('attention') && loss === 'small';
      return isCompressible(context) && suits && context.answers.target !== 'micro'
        ? byGoal(context, { latency: 20, size: 66, both: 45 })
        : 0;
    },
    reasons: () => ['The products whose error reaches the answers least damped keep 8 bits.'],
    steps: (context) => readyRecipeOf('int4KeepOutput').steps(withData(context)),
  },
  smallest: {
    title: 'The smallest file',
    worth: (context) => {
      const { loss, target } = context.answers;
      if (!isCompressible(context) || loss === 'none' || target === 'micro') return 0;
      return byGoal(context, { latency: 0, size: 60, both: 35 }) + (loss === 'some' ? 22 : 0);
    },
    reasons: () => [
      '4 bits in larger blocks, embeddings too, and 16 bits for what they do not fit.',
    ],
    steps: (context) => readyRecipeOf('smallest').steps(withData(context)),
  },
  half: {
    title: '16-bit storage',
    worth: (context) => {
      const { loss, target } = context.answers;
      if (!isCompressible(context) || target === 'micro') return 0;
      const worth = byGoal(context, { latency: 0, size: 40, both: 25 });
      return worth === 0 ? 0 : worth + (loss === 'none' || isCnn(context) ? 30 : 0);
    },
    reasons: () => [
      'Half the bytes for three digits of every weight; the runtime makes 32 bits of them when it loads.',
      'It runs as fast as now.',
    ],
    steps: () => [{ action: 'halfStorage', targets: everything }],
  },
} as const satisfies Record<string, Way>;

export type WayName = keyof typeof ways;
export const wayNames = Object.keys(ways) as readonly WayName[];

export function wayOf(name: WayName): Way {
  return ways[name];
}

const noTraits = { family: 'other', parts: [], data: false } as const;

/** Whether 8-bit arithmetic is a way at all. */
function isInteger(context: AdviceContext): boolean {
  return isCompressible(context) && hasIntegers(context) && context.answers.loss !== 'none';
}

/** Why the model should stay as it is; none where something is to be gained. */
function reasonsToLeave({ facts, answers }: AdviceContext): string[] {
  const { compressible, quantizedLayers, bytes, profile } = facts;
  if (answers.target === 'micro') {
    return ['ONNX Runtime does not run on microcontrollers, so nothing made here would.'];
  }
  if (compressible.layers === 0) {
    return quantizedLayers > 0
      ? [`Its ${quantizedLayers} layers with weights of size are quantized already.`]
      : ['It has no weights in 32 bits that anything here could make smaller.'];
  }
  const isSmall = bytes < smallFile;
  const median = profile?.measured.latencyMs.median;
  const isFast = median !== undefined && median < shortRun;
  const small = `The file takes ${formatBytes(bytes)}: little is to be gained.`;
  const fast = `A run takes ${formatMs(median)}: calling it costs about as much.`;
  if (answers.goal === 'size') return isSmall ? [small] : [];
  if (answers.goal === 'latency') return isFast ? [fast] : [];
  return isSmall && isFast ? [small, fast] : [];
}

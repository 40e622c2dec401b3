import type { AdviceContext } from './ways';

/** Something that is not proposed, with the reason. */
export interface Remark {
  readonly title: string;
  readonly why: string;
}

interface Rule extends Remark {
  holds(context: AdviceContext): boolean;
}

const isSpeedWanted = ({ answers }: AdviceContext) => answers.goal !== 'size';

/** What one might think of, and does not help. */
const vain: readonly Rule[] = [
  {
    title: 'float16 for speed',
    why: 'Processors have no kernels for it: the runtime converts it to float32 and back.',
    holds: (context) =>
      isSpeedWanted(context) && ['cpu', 'mobile', 'browser'].includes(context.answers.target),
  },
  {
    title: 'Setting single weights to zero',
    why: 'ONNX Runtime multiplies zeros like any number: neither the file nor the run gets lighter.',
    holds: ({ facts }) => facts.compressible.layers > 0,
  },
  {
    title: 'Int8 on a graphics card',
    why: 'The runtime has no kernels for 8-bit products with scales found at run time there: they would run on the processor.',
    holds: ({ answers }) => answers.target === 'gpu',
  },
  {
    title: 'Int8 with scales found at run time, for convolutions',
    why: 'They get 6 to 12 times slower: only scales from data make integers pay there.',
    holds: ({ facts, answers }) => facts.convolutionBytes > 0 && answers.target !== 'micro',
  },
  {
    title: '4-bit weights for speed on long inputs',
    why: 'Products of many rows are bound by arithmetic, which stays in float32.',
    holds: (context) =>
      isSpeedWanted(context) &&
      context.answers.target === 'cpu' &&
      context.facts.traits.family !== 'cnn' &&
      context.facts.compressible.layers > 0,
  },
  {
    title: 'Quantizing it once more',
    why: 'What was rounded once loses again, and its layers no longer hold the weights that were learnt: start from the original.',
    holds: ({ facts }) => facts.quantizedLayers > 0,
  },
];

/** What would help, and needs what Featherweight does not have. */
const missing: readonly Rule[] = [
  {
    title: 'Training with quantization in the loop',
    why: 'It recovers most of what few bits lose; Featherweight trains nothing yet: do it where the model was trained, then bring it here.',
    holds: ({ answers }) => answers.training === 'yes' && answers.loss !== 'some',
  },
  {
    title: 'Distilling into a smaller model',
    why: 'It gives the largest gains of all, and needs training: Featherweight trains nothing yet.',
    holds: ({ answers, facts }) => answers.training === 'yes' && facts.compressible.layers > 0,
  },
  {
    title: 'Pruning heads and channels, then training on',
    why: 'Fewer heads and channels run faster everywhere, but accuracy comes back by training only: Featherweight trains nothing yet.',
    holds: (context) => context.answers.training === 'yes' && isSpeedWanted(context),
  },
  {
    title: 'Making code for the microcontroller',
    why: 'Another tool has to compile the model; give it the original, as it chooses its own integers.',
    holds: ({ answers }) => answers.target === 'micro',
  },
];

/** What will not help this model, and why. */
export function wontHelp(context: AdviceContext): readonly Remark[] {
  return remarks(vain, context);
}

/** What would help and cannot be had here. */
export function notHereYet(context: AdviceContext): readonly Remark[] {
  return remarks(missing, context);
}

function remarks(rules: readonly Rule[], context: AdviceContext): Remark[] {
  return rules.filter((rule) => rule.holds(context)).map(({ title, why }) => ({ title, why }));
}

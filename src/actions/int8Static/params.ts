import type { ParamsOf } from '../../protocol/params';

/** Ways of choosing the range that an activation's 256 integers stand for. */
export const rangeMethods = {
  minMax: 'Smallest and largest value seen',
  movingAverage: 'Smallest and largest of each batch, averaged',
  percentile: 'All but a share of the outermost values',
  entropy: 'Least information lost (KL divergence)',
  mse: 'Least squared error',
} as const;
export type RangeMethod = keyof typeof rangeMethods;

export const params = {
  range: {
    kind: 'choice',
    title: 'Ranges of activations',
    help: 'How the data decides which values the 256 integers stand for; what lies outside is clipped.',
    options: rangeMethods,
    default: 'minMax',
  },
  percentile: {
    kind: 'number',
    title: 'Percentile',
    help: 'Share of the values that the range holds, in per cent, where it is chosen by percentile.',
    min: 90,
    max: 100,
    default: 99.999,
  },
  target: {
    kind: 'choice',
    title: 'Target CPU',
    help: 'x86 processors before VNNI add 8-bit products in 16 bits, which overflow: seven bits for the weights avoid that.',
    options: {
      vnni: 'x86 with VNNI (since 2019), or Arm',
      avx2: 'x86 without VNNI: weights in seven bits',
    },
    default: 'vnni',
  },
} as const;

export type Int8StaticParams = ParamsOf<typeof params>;

import type { ParamsOf } from '../../protocol/params';

/** Ways of choosing the range that an activation's 256 integers stand for. */
export const rangeMethods = {
  results: 'Least error of the products’ results; extremes between convolutions',
  minMax: 'Smallest and largest value seen',
  movingAverage: 'Smallest and largest of each batch, averaged',
  percentile: 'All but a share of the outermost values',
  entropy: 'Least information lost (KL divergence)',
  mse: 'Least squared error',
} as const;

export const params = {
  range: {
    kind: 'choice',
    title: 'Ranges of activations',
    help: 'How the data decides which values the 256 integers stand for; what lies outside is clipped.',
    options: rangeMethods,
    default: 'results',
  },
  percentile: {
    kind: 'number',
    title: 'Percentile',
    help: 'Share of the values that the range holds, in per cent, where it is chosen by percentile.',
    min: 90,
    max: 100,
    default: 99.999,
  },
  smooth: {
    kind: 'boolean',
    title: 'Smooth outliers',
    help: 'Where a few channels of an input are far larger than the others, divide them and multiply their weights (SmoothQuant): one small operation more for each such input.',
    default: true,
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

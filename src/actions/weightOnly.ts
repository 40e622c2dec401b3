import { defineAction, doesNotFit, type Fit } from './action';
import { linearFit, linearOf, replaced } from './linear';
import { tableFit, tableOf } from './table';
import type { Layer } from '../structure/structure';
import { type Findings, solve } from './weightOnly/collect';
import { budgetOf, keptMatrices, widened } from './weightOnly/keep';
import { matricesOf } from './weightOnly/matrices';
import { matrixEdits } from './weightOnly/nodes';
import { packMatrix, packOptions } from './weightOnly/pack';
import {
  dividingBlock,
  hasByteScales,
  packedBytes,
  type Params,
  params,
} from './weightOnly/params';

/** Weights in 2, 4 or 8 bits with a scale per block: MatMulNBits for products, GatherBlockQuantized for tables. */
export const weightOnly = defineAction<typeof params, Findings>({
  title: 'weight-only, 4-bit',
  about: 'Weights in few bits with a scale per block; activations stay as they are.',
  group: 'quantize',
  speed: 'faster',
  speedNote:
    'For few tokens at a time, where reading weights is what takes time; at long sequences about as fast as float32.',
  data: 'optional',
  params,
  choices: [
    { title: '8-bit weights', params: { bits: '8', block: '128' } },
    { title: '4-bit weights', params: { bits: '4' } },
    { title: '2-bit weights…', params: { bits: '2', block: '32' } },
  ],
  appliesTo(layer, params) {
    const table = tableOf(layer);
    if (!table) return productFit(layer, params);
    return dividingBlock(table.width, 256) === undefined
      ? doesNotFit(`Its rows of ${table.width} do not divide into blocks of 16.`)
      : tableFit(layer);
  },
  estimate(layer, params) {
    const [matrix] = matricesOf([layer], params);
    const weight = tableOf(layer)?.weight ?? linearOf(layer)?.weight;
    if (!matrix || !weight) return replaced(layer, undefined, 0);
    const { k, n, options } = matrix;
    // A second copy of a matrix is not stored again.
    const bytes = weight.original ? 0 : packedBytes(k, n, options, hasByteScales(params));
    return replaced(layer, weight, bytes);
  },
  collect: solve,
  edits(bench, layers, options, findings) {
    const matrices = matricesOf(layers, options);
    const kept = findings?.kept ?? keptMatrices(matrices, budgetOf(matrices, options));
    return [
      ...matrices.flatMap((each) => {
        const matrix = kept.has(each.id) ? widened(each) : each;
        const known = findings?.packed.get(matrix.id);
        const packed = known
          ? () => known
          : bench.remember(() => packMatrix(matrix, packOptions(matrix, options, bench.open)));
        return matrixEdits(bench, matrix, packed, hasByteScales(options));
      }),
      { kind: 'importOpset', domain: 'com.microsoft', version: 1 },
    ];
  },
});

/** Few inputs are filled up to a whole block. */
function productFit(layer: Layer, params: Params): Fit {
  const fit = linearFit(layer);
  const [matrix] = fit.fits ? matricesOf([layer], params) : [];
  if (!matrix) return fit;
  const { k, n, options } = matrix;
  return packedBytes(k, n, options, hasByteScales(params)) < 4 * k * n
    ? fit
    : doesNotFit(
        `With ${k} ${k === 1 ? 'input' : 'inputs'} a block of ${options.block} takes more room than its numbers.`,
      );
}

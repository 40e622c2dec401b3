import { scaleGroup } from '../kernels/codebook4';
import type { ParamsOf } from '../protocol/params';
import { defineAction, doesNotFit } from './action';
import { nodeBytes } from './foldedCodes';
import { type CodebookOptions, expanded, slowProduct } from './codebookStorage';
import { linearFit, linearOf } from './linear';
import type { Rows } from './restored';
import { fewestCodes, rowsEdits, rowsFit, rowsSaving } from './restoredRows';

const params = {
  codes: {
    kind: 'choice',
    title: 'Codes',
    help: 'The 16 numbers that weights are rounded to, relative to the largest of their block.',
    options: {
      nf4: 'NF4: quantiles of a normal distribution, as QLoRA has them',
      fp4: 'FP4: a sign, two bits of exponent, one of mantissa',
    },
    default: 'nf4',
  },
  block: {
    kind: 'choice',
    title: 'Block',
    help: 'Weights that share a scale.',
    options: { '16': '16', '32': '32', '64': '64', '128': '128', '256': '256' },
    default: '64',
  },
  doubleQuantization: {
    kind: 'boolean',
    title: 'Double quantization',
    help: 'The scales in 8 bits as well: 0.4 bits less per weight at blocks of 64.',
    default: true,
  },
  inMemory: {
    kind: 'choice',
    title: 'In memory',
    help: 'What the model is once it is loaded.',
    options: {
      float32: 'Expanded when loaded: time and memory of float32',
      '4bit': 'Stays in 4 bits (MatMulBnb4, linear layers only): about 8 times slower per token',
    },
    default: 'float32',
  },
} as const;
type Params = ParamsOf<typeof params>;

/** Weights as 4-bit codes into a table of 16 values, with one scale per block. */
export const codebook = defineAction({
  title: 'NF4 / FP4',
  about: 'Weights as 4-bit codes into a fixed table, for a small file.',
  group: 'quantize',
  speed: 'same',
  speedNote:
    'Only the file gets smaller: the codes are expanded when the model is loaded. Kept in 4 bits in memory, it is slower. For speed choose weight-only, 4-bit.',
  data: 'none',
  params,
  choices: [
    { title: 'NF4', params: { codes: 'nf4' } },
    { title: 'FP4', params: { codes: 'fp4' } },
    { title: 'NF4 kept small in memory (slow)', params: { codes: 'nf4', inMemory: '4bit' } },
  ],
  appliesTo(layer, { inMemory }) {
    if (inMemory === 'float32') return rowsFit(layer);
    const fit = linearFit(layer);
    if (!fit.fits) return fit;
    const { k = 0, n = 0 } = linearOf(layer) ?? {};
    return k * n >= fewestCodes
      ? fit
      : doesNotFit(`It has no weight of ${fewestCodes} numbers or more.`);
  },
  estimate: (layer, options) => rowsSaving(layer, (rows) => storedSize(rows, options)),
  edits(bench, layers, params) {
    const options: CodebookOptions = { ...params, block: Number(params.block) };
    if (params.inMemory === '4bit') {
      return layers.flatMap((layer) => slowProduct(bench, layer, options));
    }
    return rowsEdits(bench, layers, (rows, byteTable, output) =>
      expanded(bench, rows, { ...options, byteTable }, output),
    );
  },
});

function storedSize(
  { rows, width }: Rows,
  { block, doubleQuantization, inMemory }: Params,
): number {
  const count = rows * width;
  const blocks = Math.ceil(count / Number(block));
  const scales = doubleQuantization ? blocks + 4 * Math.ceil(blocks / scaleGroup) : 4 * blocks;
  return Math.ceil(count / 2) + scales + (inMemory === '4bit' ? 0 : nodeBytes);
}

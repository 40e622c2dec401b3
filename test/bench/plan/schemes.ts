import { inspect } from '../../../src/engine/inspect';
import type { SizedModel } from '../../../src/engine/models';
import type { Step } from '../../../src/protocol/recipe';
import { type SchemeName, schemeSteps } from '../../../src/recipe/schemes';
import { traitsOf } from '../../../src/recipe/traits';

const weights = (params: Record<string, unknown>): Step[] => [
  { action: 'weightOnly', targets: {}, params: { keep: 0, ...params } },
];
const four = (block: string, rounding: string) => () => weights({ bits: '4', block, rounding });
/** Every layer 4 bits in the same way. */
export const uniformFour = {
  '4 bits, nearest, blocks of 32': four('32', 'nearest'),
  '4 bits, nearest, blocks of 128': four('128', 'nearest'),
  '4 bits, GPTQ, blocks of 32': four('32', 'gptq'),
  '4 bits, GPTQ, blocks of 128': four('128', 'gptq'),
} satisfies Record<string, Uniform>;
/** Every layer in a smaller way. */
export const small = {
  '2 bits, GPTQ, blocks of 16': () => weights({ bits: '2', block: '16' }),
  nf4: (sized) => scheme(sized, 'nf4'),
} satisfies Record<string, Uniform>;
/** Every layer in a larger way. */
export const uniformOther = {
  'int8, dynamic': (sized) => scheme(sized, 'int8-dynamic'),
  'int8, static': (sized) => scheme(sized, 'int8'),
  '8 bits': () => weights({ bits: '8', block: '128', rounding: 'nearest' }),
  fp16: (sized) => scheme(sized, 'fp16'),
} satisfies Record<string, Uniform>;
/** Our own ready schemes that treat layers differently, told beside them. */
export const mixed = {
  'scheme int4': (sized) => scheme(sized, 'int4'),
} satisfies Record<string, Uniform>;
export type Uniform = (sized: SizedModel) => readonly Step[];

const scheme = (sized: SizedModel, name: SchemeName) =>
  schemeSteps(name, traitsOf(inspect(sized), true), { prepare: true });

import type { Step } from '../protocol/recipe';
import { payingPreparations } from './preparations';
import type { ModelTraits } from './traits';

/** A set of steps that is known to serve a kind of model: it becomes ordinary steps of a recipe. */
export interface ReadyRecipe {
  readonly title: string;
  /** One sentence: what it does, and when to take it. */
  readonly about: string;
  /** Whether it is made for such a model. */
  fits(model: ModelTraits): boolean;
  steps(model: ModelTraits): readonly Step[];
}

const everything = {};
const raise: Step = { action: 'convertOpset', targets: everything, params: { version: '13' } };

/** All ready recipes, the one to try first standing first. */
const readyRecipes = {
  int8Dynamic: {
    title: 'Int8 dynamic, all linears and embeddings',
    about: 'A quarter of the size and two to three times as fast on processors, without any data.',
    fits: ({ family, parts }) => family !== 'cnn' || parts.includes('embedding'),
    steps: () => [...payingPreparations, { action: 'int8Dynamic', targets: everything }],
  },
  int8Static: {
    title: 'Int8 static for CNNs',
    about: 'A quarter of the size, convolutions on integers: it needs data to find their ranges.',
    fits: ({ family, parts }) => family === 'cnn' || parts.includes('convolution'),
    steps: () => [raise, ...payingPreparations, { action: 'int8Static', targets: everything }],
  },
  int8Data: {
    title: 'Int8 with scales from your data, all linears and embeddings',
    about: 'As small and fast as int8 dynamic and closer to the original: it needs data.',
    fits: ({ family, data }) => family !== 'cnn' && data,
    steps: () => [
      raise,
      ...payingPreparations,
      { action: 'int8Static', targets: everything },
      { action: 'int8Dynamic', targets: everything, note: 'What data gave no ranges for.' },
    ],
  },
  int4Decoder: {
    title: '4-bit weights, decoder',
    about: 'An eighth of the size: what generating token by token gains most from.',
    fits: ({ family }) => family === 'decoder' || family === 'encoder-decoder',
    steps: () => [
      ...payingPreparations,
      { action: 'weightOnly', targets: everything, params: { bits: '4' } },
    ],
  },
  int4KeepOutput: {
    title: '4-bit with o and v projections kept in 8 bit',
    about: 'A little larger than 4-bit throughout; attention’s most sensitive products lose least.',
    fits: ({ parts }) => parts.includes('attention'),
    steps: () => [
      {
        action: 'weightOnly',
        targets: { parts: ['attention'], roles: ['value', 'output'] },
        params: { bits: '8' },
        note: 'The products whose error reaches the outputs least damped.',
      },
      {
        action: 'weightOnly',
        targets: { except: [{ parts: ['attention'], roles: ['value', 'output'] }] },
        params: { bits: '4' },
      },
    ],
  },
  smallest: {
    title: 'Smallest file',
    about:
      '4-bit weights in large blocks, embeddings too, and half-size storage for what is left: look at what it costs in accuracy.',
    fits: () => true,
    steps: () => [
      ...payingPreparations,
      {
        action: 'weightOnly',
        targets: everything,
        // Larger blocks are filled up where rows do not divide into them: 13.5 % of MiniLM-SST2, 12.8 % of tiny-lm.
        params: { bits: '4', block: '64' },
      },
      {
        action: 'halfStorage',
        targets: everything,
        note: 'Convolutions, and layers that the blocks do not fit.',
      },
    ],
  },
} as const satisfies Record<string, ReadyRecipe>;

export type ReadyRecipeName = keyof typeof readyRecipes;
export const readyRecipeNames = Object.keys(readyRecipes) as readonly ReadyRecipeName[];

export function readyRecipeOf(name: ReadyRecipeName): ReadyRecipe {
  return readyRecipes[name];
}

/** The names of those that are made for such a model. */
export function readyRecipesFor(model: ModelTraits): readonly ReadyRecipeName[] {
  return readyRecipeNames.filter((name) => readyRecipeOf(name).fits(model));
}

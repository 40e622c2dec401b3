import type { RecipeCheck } from '../../../src/protocol/build';
import type { Recipe } from '../../../src/protocol/recipe';
import { comparisonView } from '../../../src/report/comparisonView';
import { choicesOf, recipeView } from '../../../src/report/recipeView';
import { actionFacts, comparisonOf } from '../../report/fixture';
import type { Scenario } from './host';
import { measuredSmall, small } from './models';

const linears = small.layers.filter(
  ({ part, weights }) =>
    (part === 'attention' || part === 'feedForward') && weights.some((w) => w.shape.length === 2),
);
const tables = small.layers.filter(({ part }) => part === 'embedding');

const recipe: Recipe = {
  version: 1,
  model: { file: 'model.onnx' },
  data: { calibration: 'train.npz' },
  steps: [
    { action: 'int8Dynamic', targets: { parts: ['attention', 'feedForward'] } },
    { action: 'weightOnly', targets: { parts: ['embedding'] }, params: { block: '64' } },
  ],
};

const stepOf = (action: string, layers: typeof small.layers, factor: number) => {
  const savings = layers.map(({ weightBytes }) => ({
    before: weightBytes,
    after: Math.round(weightBytes / factor),
  }));
  const sum = (key: 'before' | 'after') => savings.reduce((all, saving) => all + saving[key], 0);
  const layerIds = layers.map(({ id }) => id);
  const figures = { savings, before: sum('before'), after: sum('after') };
  return { action, layers: layerIds, skipped: [], problem: null, ...figures };
};

const check: RecipeCheck = {
  ...{ sha256: '', before: 89_500_000, after: 19_800_000 },
  steps: [
    {
      ...stepOf('int8Dynamic', linears, 3.9),
      skipped: [
        { layer: 'pooler.dense', why: 'Its weights are shared with another layer.' },
        { layer: 'classifier', why: 'Its weights are shared with another layer.' },
      ],
    },
    {
      ...stepOf('weightOnly', tables, 7.1),
      skipped: [
        { layer: 'position', why: 'Too small to be worth it.' },
        { layer: 'type', why: 'Its weights are computed, not stored.' },
      ],
    },
  ],
};
const known = { file: 'model.featherweight.json', recipe, actions: actionFacts, check };
const kernels = linears.map(({ id }, index) => ({
  ...{ layer: id, scheme: 'int8 dynamic', wanted: 'DynamicQuantizeMatMul' },
  ...(index === 3
    ? { ran: ['MatMul'], ok: false, why: 'Its weights were turned back into float32.' }
    : { ran: ['DynamicQuantizeMatMul'], ok: true, why: index === 5 ? 'Slow before VNNI.' : null }),
}));
const changed = new Set(linears.map(({ id }) => id));
const layers = small.layers.map(({ id, op, weightBytes }, index) => ({
  ...{ layer: id, from: `${op} float32` },
  ...(changed.has(id)
    ? { change: 'changed' as const, to: 'MatMulInteger int8', sqnrDb: 20 + index }
    : { change: 'same' as const, to: `${op} float32` }),
  bytes: { reference: weightBytes, candidate: changed.has(id) ? weightBytes / 3.9 : weightBytes },
}));

/** The first layer that the recipe quantizes. */
export const chosenLayer = linears[0]!.id;
export const view = recipeView(known);
const comparison = comparisonOf({ kernels, layers });
export const candidate = { file: '/models/model.int8.onnx', bytes: 19_900_000, current: true };

/** A model with a recipe that was not built yet. */
export const planned: Scenario = {
  inspection: small,
  profile: measuredSmall,
  state: { recipe: view },
  choices: Object.fromEntries(choicesOf(known)),
};

/** The same, built and measured. */
export const proved: Scenario = {
  ...planned,
  state: {
    recipe: { ...view, candidate },
    comparison: comparisonView(comparison, true),
  },
};

import { UserError } from '../base/errors';
import { storedBytes } from '../onnx/weights';
import { defineAction } from './action';
import { findGrids, type Grids } from './int8Static/collect';
import { planChains, type Plan } from './int8Static/chain';
import { planEdits } from './int8Static/emit';
import { params } from './int8Static/params';
import { siteFit, siteOf, type Site } from './int8Static/products';
import { replaced } from './linear';
import { quantizeRows, tableFit, tableOf } from './table';
import type { Layer } from '../structure/structure';

/** DequantizeLinear has one scale for each channel since then. */
const neededOpset = 13;

/** What the data says: the chains of 8-bit values and their ranges. */
interface Found {
  readonly plan: Plan;
  readonly grids: Grids;
}

/**
 * Int8 weights and activations whose scales come from data. Convolutions become chains of 8-bit values; the results of matrix products stay
 * float, which keeps transformers accurate: their inputs alone cost an eighth of the KL divergence that inputs and outputs do.
 */
export const int8Static = defineAction({
  title: 'int8, static',
  about: 'Weights and activations in 8-bit integers, scales of the activations found on your data.',
  group: 'quantize',
  speed: 'faster',
  data: 'needed',
  params,
  appliesTo: (layer) => (tableOf(layer) ? tableFit(layer) : siteFit(layer)),
  estimate(layer) {
    const table = tableOf(layer);
    if (table) return replaced(layer, table.weight, table.rows * (table.width + 4));
    const site = siteOf(layer);
    if (!site) return replaced(layer, undefined, 0);
    const weight = site.kind === 'convolution' ? site.weight : site.linear.weight;
    const channels = site.kind === 'convolution' ? (weight.tensor.shape[0] ?? 0) : site.linear.n;
    return replaced(layer, weight, storedBytes(weight.tensor) / 4 + channels * 5);
  },
  isJoined: ({ main }) => main.node.op === 'Conv',
  async collect(bench, layers, options): Promise<Found> {
    const { structure } = bench;
    if ((structure.index.model.opsets.get('') ?? 0) < neededOpset) {
      throw new UserError(
        'badInput',
        `int8 static needs operator set ${neededOpset}, and the model has ${structure.index.model.opsets.get('')}.`,
        'Convert the operator set in a step before this one.',
      );
    }
    const sites = sitesOf(layers);
    const plan = planChains(structure.index, sites);
    return { plan, grids: await findGrids(bench, sites, plan, options) };
  },
  edits: (bench, layers, options, data) => [
    ...layers.flatMap((layer) => (tableOf(layer) ? quantizeRows(bench, layer) : [])),
    ...(data ? planEdits(bench, sitesOf(layers), data.plan, data.grids, options) : []),
  ],
});

function sitesOf(layers: readonly Layer[]): Site[] {
  return layers.flatMap((layer) => (tableOf(layer) ? [] : (siteOf(layer) ?? [])));
}

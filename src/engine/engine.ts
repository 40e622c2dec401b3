import { dimensionsOf } from '../onnx/shapes/dimensions';
import type { EngineApi } from '../protocol/engineApi';
import type { Handlers } from '../protocol/rpc';
import { inspect } from './inspect';
import { Models } from './models';
import { runtimeFacts } from './runtime';
import { weightStatistics } from './statistics';
import { textView } from './text';

/**
 * The engine's methods over the files of this machine. Models that were read lately stay read. `program` is what a further process of the
 * engine is started from, where one is to be had.
 */
export function engine(program?: string): Handlers<EngineApi> {
  const models = new Models();
  return {
    inspect: ({ file, ...sizes }) => inspect(models.sized(file, sizes)),
    dimensions({ file }) {
      // Not the model's own defaults: a short table of positions makes them shorter.
      const { index, resolved } = models.sized(file, {});
      return dimensionsOf(index.model).map((dimension) => ({
        ...dimension,
        size: resolved.sizes.get(dimension.symbol) ?? dimension.size,
      }));
    },
    text: ({ file, ...sizes }) => textView(models.sized(file, sizes)),
    weightStatistics({ file, weight }) {
      const { index, external } = models.open(file);
      return weightStatistics(index, weight, external.open);
    },
    async profile(request, context) {
      const { file, dims, shapes } = request;
      // With the readers of data and their tokenizers: nothing that reading a model should wait for.
      const { measure } = await import('./measure');
      return measure(models.sized(file, { dims, shapes }), request, context);
    },
    runtime: () => runtimeFacts(),
    actions: async () => (await import('./offers')).actionFacts(),
    async offers({ file, layers }) {
      const { offersFor } = await import('./offers');
      return offersFor(models.sized(file, {}).structure, layers);
    },
    async checkRecipe({ file, recipe }) {
      const { checkRecipe } = await import('./checkRecipe');
      return checkRecipe(models.sized(file, {}), recipe);
    },
    async build(request, context) {
      const { build } = await import('./build');
      const { file, dims, shapes } = request;
      return build(models.sized(file, { dims, shapes }), request, context);
    },
    async compare(request, context) {
      const { compare } = await import('./compare');
      return compare(models, request, context, program);
    },
    async footprint(request) {
      const { footprint } = await import('./footprint');
      return footprint(request);
    },
    sensitivityOptions: async () => (await import('./sensitivity/options')).sensitivityOptions(),
    async sensitivity(request, context) {
      const { sensitivity } = await import('./sensitivity/sensitivity');
      const { file, dims, shapes } = request;
      return sensitivity(models.sized(file, { dims, shapes }), request, context);
    },
    async plan(request, context) {
      const { plan } = await import('./plan/plan');
      const { file, dims, shapes } = request;
      return plan(models.sized(file, { dims, shapes }), request, context);
    },
  };
}

import { join } from 'node:path';
import { runInputs } from '../../src/engine/inputs';
import { Models, type SizedModel } from '../../src/engine/models';
import type { Feeds } from '../../src/runtime/runner';
import { factsOf } from './facts';
import { modelsFolder } from './models';

/** Some of the models run at one size only: that of their example. */
interface Known {
  readonly file: string;
  readonly inputs: readonly { readonly name: string; readonly example: number[] }[];
}

/** A model of a few layers with random weights, and what it can be run on. */
export interface SmallModel {
  /** Its file's name. */
  readonly source: string;
  readonly file: string;
  readonly sized: SizedModel;
  readonly feeds: Feeds;
}

/** Every architecture in small, or every `step`th, one open after the other; none where there is no folder of models. */
export function* smallModels(step = 1): Iterable<SmallModel> {
  const models = new Models();
  const chosen = factsOf<Known>('structures').filter((_, at) => at % step === 0);
  for (const { file: source, inputs } of chosen) {
    const file = join(modelsFolder, 'structures', source);
    const shapes = Object.fromEntries(inputs.map(({ name, example }) => [name, example]));
    const sized = models.sized(file, { shapes });
    yield { source, file, sized, feeds: runInputs(sized, undefined, 1).feeds(0) };
  }
  models.dispose();
}

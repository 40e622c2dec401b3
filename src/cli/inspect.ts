import { throwIfAborted } from '../base/cancel';
import type { Sizes } from '../protocol/engineApi';
import type { Inspection } from '../protocol/types';
import { inspect } from '../engine/inspect';
import { Models } from '../engine/models';
import { sizesOf, type ModelOptions } from './options';
import { checkOutput, writeFigures } from './output';

/** `featherweight inspect`: counts in this process, without the runtime. Throws `UserError`s. */
export async function inspectCommand(
  model: string,
  options: ModelOptions,
  signal: AbortSignal,
): Promise<void> {
  checkOutput(model, options);
  const inspection = inspectModel(model, sizesOf(options));
  // Counting blocks; an interrupt that came meanwhile is heard now.
  await new Promise(setImmediate);
  throwIfAborted(signal);
  writeFigures(inspection, undefined, options);
}

/** Everything that is known of a model without running it. */
export function inspectModel(model: string, sizes: Sizes): Inspection {
  return inspect(new Models().sized(model, sizes));
}

import { basename } from 'node:path';
import { throwIfAborted } from '../base/cancel';
import { checkRecipe } from '../engine/checkRecipe';
import { inspect } from '../engine/inspect';
import { Models } from '../engine/models';
import { advise } from '../recipe/advice/advice';
import { adviceFacts } from '../recipe/advice/facts';
import type { Answers } from '../recipe/advice/questions';
import { withSizes } from '../recipe/advice/sizes';
import type { AdviseOptions } from './adviseOptions';
import { terminalAdvice } from './adviseTerminal';
import { terminalOptions } from './output';

/** `featherweight advise`: proposes from the model's own figures, without the runtime. Throws `UserError`s. */
export async function adviseCommand(
  model: string,
  options: AdviseOptions,
  signal: AbortSignal,
): Promise<void> {
  const models = new Models();
  try {
    const sized = models.sized(model, {});
    const file = basename(model);
    const facts = adviceFacts(inspect(sized), options.data !== undefined);
    const advice = await withSizes(advise(facts, answersOf(options)), (steps) =>
      checkRecipe(sized, { version: 1, model: { file }, steps }),
    );
    throwIfAborted(signal);
    const { proposals, wontHelp, notHere } = advice;
    const shown = { proposals, wontHelp, notHere };
    process.stdout.write(
      options.json
        ? `${JSON.stringify(shown, null, 2)}\n`
        : terminalAdvice(shown, { ...terminalOptions(0), model, data: options.data }),
    );
  } finally {
    models.dispose();
  }
}

function answersOf({ target, for: goal, loss, data, training }: AdviseOptions): Answers {
  return {
    ...(target ? { target } : {}),
    ...(goal ? { goal } : {}),
    ...(loss ? { loss } : {}),
    ...{ data: data === undefined ? 'no' : 'yes', training: training ? 'yes' : 'no' },
  };
}

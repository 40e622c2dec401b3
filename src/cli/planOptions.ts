import { type Command, InvalidArgumentError } from 'commander';
import { metricsPhrase } from '../base/terms';
import { usualDraw } from '../protocol/plan';
import { dataHelp, type DataOptions, type DataUse, withData } from './dataOptions';
import type { SizeLimit } from './gates';
import { dimOption, numberFrom, shapeOption, sizeLimit, wholeNumber } from './options';

/** Options of `plan`. */
export interface PlanOptions extends DataOptions {
  readonly data: string;
  readonly maxSize?: SizeLimit;
  readonly maxLatency?: number;
  readonly minSpeed?: number;
  readonly maxKl?: number;
  readonly maxDamage?: number;
  readonly metric?: string;
  readonly samples: number;
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly dim?: ReadonlyMap<string, number>;
  readonly shape?: ReadonlyMap<string, number[]>;
  readonly threads: number;
  /** False after `--no-prepare`. */
  readonly prepare: boolean;
  /** False after `--no-cache`. */
  readonly cache: boolean;
  readonly front?: boolean;
  readonly json?: boolean;
  readonly layers: number;
}

const dataUse: DataUse = {
  use: 'measure on this',
  required: true,
  samples: usualDraw.samples,
  drawn: usualDraw.shuffle,
  shares: 'a third to collect from, a quarter to choose on, the rest to hold the limit on',
};

/** Adds `featherweight plan` to the program. */
export function addPlan(root: Command, signal: AbortSignal): void {
  const command = root
    .command('plan')
    .description('choose an action for every layer within a limit, by measuring each')
    .argument('<MODEL>', 'an .onnx file');
  withData(command, dataUse)
    .option(
      '--max-size <SIZE>',
      'least damage in a file of this size, such as 25MB or 22%',
      sizeLimit,
    )
    .option('--max-latency <TIME>', 'least damage at this time of a run, such as 5ms', milliseconds)
    .option(
      '--min-speed <X>',
      'least damage at so many times the speed: the two are timed in turn',
      numberFrom(0),
    )
    .option('--max-kl <X>', 'smallest file whose mean divergence is no larger', numberFrom(0))
    .option('--max-damage <X>', 'the same by --metric, in its unit', numberFrom(0))
    .option(
      '--metric <NAME>',
      `what damage is: ${metricsPhrase} (the logarithm of it: 0.01 is 1 % more)`,
    )
    .option('-o, --out <RECIPE>', 'the recipe to write')
    .option('--overwrite', 'also where that recipe is there already')
    .option('--dim <NAME=N>', 'size of a dimension to time at; repeatable', dimOption)
    .option('--shape <INPUT=1x3x224x224>', 'shape of an input to time at; repeatable', shapeOption)
    .option(
      '--threads <N>',
      'threads inside one operator; 0 lets the runtime choose',
      wholeNumber(0),
      0,
    )
    .option('--no-prepare', 'leave out the exact rewrites that come first')
    .option('--no-cache', 'measure again what was measured before')
    .option('--front', 'also list what other limits would give')
    .option('--json', 'print everything as JSON')
    .option('--layers <N>', 'how many layers the table lists', wholeNumber(0), 20)
    .addHelpText(
      'after',
      `
Every choice of every layer is measured by itself, the best sum is found, and the whole model is made and measured before it is offered,
on samples that nothing was collected from or chosen on. Limits are kept with the worse end of the 95 % interval of what was measured.
No plan is worse than a ready scheme that keeps its limit: those that might be better are made and measured, too.
What was measured is kept: another limit for the same model and data measures no layer again, and a plan that was stopped goes on.

${dataHelp}

Examples:
  featherweight plan model.onnx --data train.npz --max-size 22% -o model.featherweight.json
  featherweight plan model.onnx --data train.npz --max-kl 0.01 --json
  featherweight plan lm.onnx --data valid.npz --metric perplexity --max-damage 0.01 -o lm.featherweight.json
  featherweight plan model.onnx --data train.npz --min-speed 2.3 --dim sequence=128 --threads 1 -o fast.featherweight.json`,
    )
    .action(async (model: string, options: PlanOptions) => {
      const { planCommand } = await import('./plan');
      await planCommand(model, options, signal);
    });
}

/** `5ms`, `5` or `0.005s`. */
function milliseconds(text: string): number {
  const [, digits, unit = 'ms'] = /^(\d*\.?\d+)\s*(ms|s)?$/.exec(text.trim()) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('It takes a time such as 5ms.');
  return Number(digits) * (unit === 's' ? 1000 : 1);
}

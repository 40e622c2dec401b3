import { type Command, Option } from 'commander';
import { type Answers, questionOf, type QuestionName } from '../recipe/advice/questions';

/** Options of `advise`: the five questions. */
export interface AdviseOptions {
  readonly target?: Answers['target'];
  readonly for?: Answers['goal'];
  readonly loss?: Answers['loss'];
  readonly data?: string;
  readonly training?: boolean;
  readonly json?: boolean;
}

/** Adds `featherweight advise` to the program. */
export function addAdvise(root: Command, signal: AbortSignal): void {
  root
    .command('advise')
    .description('propose what to do with a model, with reasons')
    .argument('<MODEL>', 'an .onnx file')
    .addOption(choice('--target <WHERE>', 'target'))
    .addOption(choice('--for <GOAL>', 'goal'))
    .addOption(choice('--loss <HOW MUCH>', 'loss'))
    .option('--data <FILE>', 'there is this data to run it on')
    .option('--training', 'it may be trained again')
    .option('--json', 'print everything as JSON')
    .addHelpText(
      'after',
      `
Nothing is run: sizes come from the layers' own figures, and what was not measured on this model is said to be unknown.
What is left out is taken to be: a processor, both size and speed, a little loss, no data, no training.

Examples:
  featherweight advise model.onnx --target cpu --for latency --data train.npz
  featherweight advise model.onnx --target browser --for size --loss some --json`,
    )
    .action(async (model: string, options: AdviseOptions) => {
      const { adviseCommand } = await import('./advise');
      await adviseCommand(model, options, signal);
    });
}

/** A question as an option: its title is the help, its answers are the choices. */
function choice(flags: string, name: QuestionName): Option {
  const { title, options } = questionOf(name);
  return new Option(flags, title).choices(Object.keys(options));
}

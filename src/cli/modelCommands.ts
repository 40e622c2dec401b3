import type { Command } from 'commander';
import { dataHelp, withData } from './dataOptions';
import {
  dimOption,
  shapeOption,
  wholeNumber,
  type ModelOptions,
  type ProfileOptions,
} from './options';

/** Adds `featherweight inspect` to the program. */
export function addInspect(root: Command, signal: AbortSignal): void {
  modelCommand(root, 'inspect')
    .description(
      'count parameters, bytes, multiply-adds and memory, layer by layer, without running the model',
    )
    .addHelpText(
      'after',
      `
Its external data need not be there.

Examples:
  featherweight inspect model.onnx
  featherweight inspect model.onnx --dim batch=8 --dim sequence=256
  featherweight inspect detector.onnx --shape images=1x3x640x640 --html report.html
  featherweight inspect model.onnx --json | jq .totals`,
    )
    .action(async (model: string, options: ModelOptions) => {
      const { inspectCommand } = await import('./inspect');
      await inspectCommand(model, options, signal);
    });
}

/** Adds `featherweight profile` to the program. */
export function addProfile(root: Command, signal: AbortSignal): void {
  const profile = modelCommand(root, 'profile').description(
    'run the model with ONNX Runtime and measure the time of every layer',
  );
  withData(profile, { use: 'feed it this' })
    .option(
      '--threads <N>',
      'threads inside one operator; 0 lets the runtime choose',
      wholeNumber(0),
      0,
    )
    .option('--runs <N>', 'measured runs', wholeNumber(1), 30)
    .option('--warmup <N>', 'runs before that', wholeNumber(0), 3)
    .option('--provider <NAME>', 'execution provider', 'cpu')
    .addHelpText(
      'after',
      `
Without --data the inputs are made up: token ids inside the vocabulary, masks of ones, states of zeros.

${dataHelp}

Examples:
  featherweight profile model.onnx --threads 1
  featherweight profile model.onnx --data dev.npz --runs 100
  featherweight profile model.onnx --dim sequence=64 --json > profile.json`,
    )
    .action(async (model: string, options: ProfileOptions) => {
      const { profileCommand } = await import('./profile');
      await profileCommand(model, options, signal);
    });
}

/** A command on one model, with the options that all of them take. */
function modelCommand(root: Command, name: string): Command {
  return root
    .command(name)
    .argument('<MODEL>', 'an .onnx file')
    .option(
      '--dim <NAME=N>',
      "size of a dimension: the model's own symbol, or the role batch or sequence; repeatable",
      dimOption,
    )
    .option('--shape <INPUT=1x3x224x224>', 'shape of an input; repeatable', shapeOption)
    .option('--json', 'print everything as JSON')
    .option('--csv', 'print one line per layer')
    .option('--html <FILE>', 'also write a page to read or send')
    .option('--layers <N>', 'how many layers the tables list', wholeNumber(0), 20);
}

import { type Command, InvalidArgumentError } from 'commander';
import { dataHelp, type DataOptions, withData } from './dataOptions';
import type { Limits } from './gates';
import { dimOption, numberFrom, shapeOption, sizeLimit, wholeNumber } from './options';

/** Options of `compare`. */
export interface CompareOptions extends Limits, DataOptions {
  readonly dim?: ReadonlyMap<string, number>;
  readonly shape?: ReadonlyMap<string, number[]>;
  readonly threads: number;
  readonly rounds: number;
  readonly warmup: number;
  readonly json?: boolean;
  readonly html?: string;
  readonly markdown?: string;
  readonly layers: number;
}

/** Adds `featherweight compare` to the program. */
export function addCompare(root: Command, signal: AbortSignal): void {
  const command = root
    .command('compare')
    .description('hold a compressed model against the original: size, latency, answers, kernels')
    .argument('<ORIGINAL>', 'an .onnx file')
    .argument('<CANDIDATE>', 'what was made of it, by this or another tool');
  withData(command, { use: 'compare the answers on this' })
    .option(
      '--dim <NAME=N>',
      "size to measure latency at: the model's own symbol, or the role batch or sequence; repeatable",
      dimOption,
    )
    .option(
      '--shape <INPUT=1x3x224x224>',
      'shape of an input to measure latency at; repeatable',
      shapeOption,
    )
    .option(
      '--threads <N>',
      'threads inside one operator; 0 lets the runtime choose',
      wholeNumber(0),
      0,
    )
    .option('--rounds <N>', 'measured rounds, each model once', wholeNumber(1), 30)
    .option('--warmup <N>', 'rounds before that', wholeNumber(0), 3)
    .option('--json', 'print everything as JSON')
    .option('--html <FILE>', 'also write a page to read or send')
    .option('--markdown <FILE>', 'also write a note for a pull request')
    .option('--layers <N>', 'how many changed layers the table lists', wholeNumber(0), 20)
    .option('--max-kl <X>', 'fail if the mean divergence of the answers is larger', numberFrom(0))
    .option(
      '--min-agreement <X>',
      'fail if fewer first choices are the same, such as 98% or 0.98',
      share,
    )
    .option('--max-bytes <SIZE>', 'fail if the file is larger, such as 25MB or 26%', sizeLimit)
    .option('--min-speedup <X>', 'fail if it is not so many times faster', numberFrom(0))
    .option('--all-kernels', 'fail if a compressed layer does not run its fast kernel')
    .addHelpText(
      'after',
      `
Without --data both run on the same made-up inputs. Limits are for build jobs: exit code 3 says that one was not kept.

${dataHelp}

Examples:
  featherweight compare model.onnx model-int8.onnx --data dev.npz
  featherweight compare model.onnx model-int8.onnx --dim batch=8 --dim sequence=32 --threads 1
  featherweight compare model.onnx model-int8.onnx --data dev.npz --max-kl 0.01 --max-bytes 26% --json`,
    )
    .action(async (original: string, candidate: string, options: CompareOptions) => {
      const { compareCommand } = await import('./compare');
      await compareCommand(original, candidate, options, signal);
    });
}

/** `98%` or `0.98`. */
function share(text: string): number {
  const [, digits, percent] = /^(\d*\.?\d+)\s*(%?)$/.exec(text.trim()) ?? [];
  const value = Number(digits) / (percent ? 100 : 1);
  if (digits === undefined || value > 1) {
    throw new InvalidArgumentError('It takes a share such as 98% or 0.98.');
  }
  return value;
}

import { type Command, InvalidArgumentError } from 'commander';
import { dimOption, shapeOption, wholeNumber } from './options';

/** Options of `sensitivity`. */
export interface SensitivityOptions {
  readonly data?: string;
  readonly probe?: readonly string[];
  readonly metric?: string;
  readonly samples: number;
  readonly dim?: ReadonlyMap<string, number>;
  readonly shape?: ReadonlyMap<string, number[]>;
  readonly shard?: { readonly index: number; readonly of: number };
  readonly threads: number;
  readonly seed: number;
  /** False where nothing may be kept from one call to the next. */
  readonly cache: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly layers: number;
}

export interface MergeOptions {
  readonly csv?: boolean;
  readonly table?: boolean;
  readonly layers: number;
}

/** Adds `featherweight sensitivity`, and `sensitivity merge` under it, to the program. */
export function addSensitivity(root: Command, signal: AbortSignal): void {
  const command = root
    .command('sensitivity')
    .description('compress one layer at a time and measure how much the answers change')
    .argument('<MODEL>', 'an .onnx file')
    .option('--data <FILE>', 'run it on this: .npz, .npy, .jsonl, or a folder of input_N.pb')
    .option('--probe <NAME>', 'a way of compressing: int8, int4, prune50 …; repeatable', collect)
    .option('--metric <NAME>', 'kl, nmse, cosine, disagreement, maxError or accuracy')
    .option('--samples <N>', 'at most so many samples, the first ones', wholeNumber(1), 128)
    .option('--shard <I/N>', 'only every N-th layer, beginning with the I-th from 0', shardOption)
    .option('--dim <NAME=N>', 'size of a dimension of made-up inputs; repeatable', dimOption)
    .option('--shape <INPUT=1x3x224x224>', 'shape of a made-up input; repeatable', shapeOption)
    .option(
      '--threads <N>',
      'threads inside one operator; 0 lets the runtime choose',
      wholeNumber(0),
      0,
    )
    .option('--seed <N>', 'of made-up inputs', wholeNumber(0), 1)
    .option('--no-cache', 'measure again what was measured before')
    .option('--json', 'print everything as JSON')
    .option('--csv', 'print one line for each layer and probe')
    .option('--layers <N>', 'how many layers the table lists', wholeNumber(0), 20)
    .addHelpText(
      'after',
      `
Finished layers are kept: a sweep that was stopped goes on where it was.

Examples:
  featherweight sensitivity model.onnx --data dev.npz
  featherweight sensitivity model.onnx --data dev.npz --probe int4 --probe int8 --samples 64 --json
  featherweight sensitivity model.onnx --data dev.npz --shard 0/4 --json > part-0.json
  featherweight sensitivity merge part-*.json > all.json`,
    )
    .action(async (model: string, options: SensitivityOptions) => {
      const { sensitivityCommand } = await import('./sensitivity');
      await sensitivityCommand(model, options, signal);
    });
  command
    .command('merge')
    .description('put the parts of a sweep that was shared among machines together')
    .argument('<PART...>', 'what --shard --json printed')
    .option('--csv', 'print one line for each layer and probe')
    .option('--table', 'print a table for people')
    .option('--layers <N>', 'how many layers the table lists', wholeNumber(0), 20)
    .action(async (parts: string[], options: MergeOptions) => {
      const { mergeCommand } = await import('./sensitivityMerge');
      mergeCommand(parts, options);
    });
}

function collect(name: string, before: readonly string[] = []): string[] {
  return [...before, name];
}

/** `0/4`: the first of four parts. */
function shardOption(text: string): { index: number; of: number } {
  const [, index = '', of = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (of === '' || shard.of < 1 || shard.index >= shard.of) {
    throw new InvalidArgumentError('It takes I/N with I from 0 to N − 1, such as 0/4.');
  }
  return shard;
}

import { type Command, InvalidArgumentError, Option } from 'commander';
import { metricsPhrase } from '../base/terms';
import { type Tier, tiers } from '../protocol/sensitivity';
import { dataHelp, type DataOptions, withData } from './dataOptions';
import { dimOption, numberFrom, shapeOption, wholeNumber } from './options';

/** Options of `sensitivity`. */
export interface SensitivityOptions extends DataOptions {
  readonly probe?: readonly string[];
  readonly metric?: string;
  readonly samples: number;
  readonly tier?: Tier;
  readonly exact?: boolean;
  readonly adaptive?: boolean;
  readonly hints?: boolean;
  readonly limit?: number;
  readonly only?: readonly string[];
  /** True where no probe is named. */
  readonly propagation?: string | true;
  readonly excludeAbove?: number;
  readonly dim?: ReadonlyMap<string, number>;
  readonly shape?: ReadonlyMap<string, number[]>;
  readonly shard?: { readonly index: number; readonly of: number };
  readonly threads: number;
  /** False where nothing may be kept from one call to the next. */
  readonly cache: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly layers: number;
}

export interface MergeOptions {
  readonly partial?: boolean;
  readonly excludeAbove?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly table?: boolean;
  readonly layers: number;
}

/** Adds `featherweight sensitivity`, and `sensitivity merge` under it, to the program. */
export function addSensitivity(root: Command, signal: AbortSignal): void {
  const command = root
    .command('sensitivity')
    .description('compress one layer at a time and measure how much the answers change')
    .argument('<MODEL>', 'an .onnx file');
  withData(command, { use: 'run it on this', samples: 128 });
  addQuestion(command);
  addTiers(command);
  addRunning(command);
  addPrinting(command)
    .addHelpText('after', examples)
    .action(async (model: string, options: SensitivityOptions) => {
      const { sensitivityCommand } = await import('./sensitivity');
      await sensitivityCommand(model, options, signal);
    });
  const merge = command
    .command('merge')
    .description('put the parts of a sweep that was shared among machines together')
    .argument('<PART...>', 'what --shard --json printed')
    .option('--partial', 'also where parts are missing, which the result then says')
    .option('--table', 'print a table for people rather than JSON');
  addPrinting(merge).action(async (parts: string[], options: MergeOptions) => {
    const { mergeCommand } = await import('./sensitivityMerge');
    mergeCommand(parts, options);
  });
}

function addQuestion(command: Command): void {
  command
    .option('--probe <NAME>', 'a way of compressing: int8, int4, prune50 …; repeatable', collect)
    .option('--metric <NAME>', metricsPhrase)
    .option('--only <LAYER>', 'only the layers of this id, * for any stretch; repeatable', collect)
    .option(
      '--propagation [PROBE]',
      'also follow the error of this probe (int4) through the model, block by block',
    );
}

function addTiers(command: Command): void {
  command
    .addOption(new Option('--tier <NAME>', 'how sure to be, one of the next three').choices(tiers))
    .option('--exact', 'every sample for every layer: the default')
    .option('--adaptive', 'samples only where the ranking is still open')
    .option('--hints', 'from the weights alone, nothing is run')
    .option('--limit <DAMAGE>', 'with --adaptive: tell only on which side of it', numberFrom(0));
}

function addRunning(command: Command): void {
  command
    .option('--shard <I/N>', 'only every N-th layer, beginning with the I-th from 0', shardOption)
    .option('--dim <NAME=N>', 'size of a dimension of made-up inputs; repeatable', dimOption)
    .option('--shape <INPUT=1x3x224x224>', 'shape of a made-up input; repeatable', shapeOption)
    .option(
      '--threads <N>',
      'threads inside one operator; 0 lets the runtime choose',
      wholeNumber(0),
      0,
    )
    .option('--no-cache', 'measure again what was measured before');
}

function addPrinting(command: Command): Command {
  return command
    .option('--json', 'print everything as JSON')
    .option('--csv', 'print one line for each layer and probe')
    .option(
      '--exclude-above <DAMAGE>',
      'print the layers that suffer more, an id a line; with --json for a recipe',
      numberFrom(0),
    )
    .option('--layers <N>', 'how many layers the table lists', wholeNumber(0), 20);
}

const examples = `
Finished layers are kept: a sweep that was stopped goes on where it was.

${dataHelp}

Examples:
  featherweight sensitivity model.onnx --data dev.npz
  featherweight sensitivity model.onnx --data dev.npz --probe int4 --probe int8 --samples 64 --json
  featherweight sensitivity model.onnx --data dev.npz --probe int4 --exclude-above 0.001 --json
  featherweight sensitivity model.onnx --hints
  featherweight sensitivity model.onnx --data dev.npz --shard 0/4 --json > part-0.json
  featherweight sensitivity merge part-*.json > all.json`;

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

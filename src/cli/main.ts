import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { cancelled, isCancelled, isUserError, messageOf } from '../base/errors';
import { printable } from '../base/text';
import { addAdvise } from './adviseOptions';
import { addBuild } from './buildOptions';
import { dataHelp, withData } from './dataOptions';
import { addCompare } from './compareOptions';
import { addPlan } from './planOptions';
import { addSensitivity } from './sensitivityOptions';
import { exitCodeOf, exitCodes, type ExitCode } from './exitCodes';
import {
  dimOption,
  shapeOption,
  wholeNumber,
  type ModelOptions,
  type ProfileOptions,
} from './options';

const exitHelp = `
Exit codes:
  0    done
  1    the model, the data or an option cannot be used: one line on standard error says why
  2    the engine failed
  3    compare: a limit that was asked for is not kept
  130  stopped with Ctrl+C`;

/** Runs the command line. Never throws: the result is what the process should end with. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  const stop = new AbortController();
  const interrupt = () => {
    // Whoever presses it twice does not want to wait.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  // A reader such as `head` that has seen enough closes the pipe: that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.done);
    throw error;
  });
  try {
    await program(stop.signal).parseAsync([...args], { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    // Ctrl+C reaches the engine's process too: however the work then ends, it was stopped on request.
    return report(stop.signal.aborted ? cancelled() : error);
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function program(signal: AbortSignal): Command {
  const root = new Command('featherweight')
    .description('See what every layer of an ONNX model costs.')
    .version(version)
    // A command under a command may have options of the same names: what follows its name is its own.
    .enablePositionalOptions()
    .addHelpText('after', exitHelp)
    .showHelpAfterError(false);
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
  const profile = modelCommand(root, 'profile').description(
    'run the model with ONNX Runtime and measure the time of every layer',
  );
  withData(profile, 'feed it this')
    .option(
      '--threads <N>',
      'threads inside one operator; 0 lets the runtime choose',
      wholeNumber(0),
      0,
    )
    .option('--runs <N>', 'measured runs', wholeNumber(1), 30)
    .option('--warmup <N>', 'runs before that', wholeNumber(0), 3)
    .option('--provider <NAME>', 'execution provider', 'cpu')
    .option('--seed <N>', 'of the synthetic inputs', wholeNumber(0), 1)
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
  addBuild(root, signal);
  addCompare(root, signal);
  addSensitivity(root, signal);
  addPlan(root, signal);
  addAdvise(root, signal);
  for (const command of [root, ...root.commands, ...root.commands.flatMap((it) => it.commands)]) {
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  return root;
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

/** One line on standard error for what went wrong, in the user's words. */
function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.done;
    // Help that stands in for a missing command has been printed in full.
    if (error.code !== 'commander.help') complain(error.message.replace(/^error: /, ''));
    return exitCodes.badInput;
  }
  if (isCancelled(error)) complain('stopped.');
  else if (isUserError(error)) complain([error.message, error.hint ?? ''].join(' '));
  else complain(`failed: ${messageOf(error)} This is a mistake in Featherweight.`);
  return exitCodeOf(error);
}

function complain(message: string): void {
  const line = message.trim().replace(/\s*\n\s*/g, ' ');
  process.stderr.write(`featherweight: ${printable(line, 2000)}\n`);
}

import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { cancelled, isCancelled, isUserError, messageOf } from '../base/errors';
import { printable } from '../base/text';
import { addAdvise } from './adviseOptions';
import { addBuild } from './buildOptions';
import { addCompare } from './compareOptions';
import { addInspect, addProfile } from './modelCommands';
import { addPlan } from './planOptions';
import { addSensitivity } from './sensitivityOptions';
import { exitCodeOf, exitCodes, type ExitCode } from './exitCodes';

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
  addInspect(root, signal);
  addProfile(root, signal);
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

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type DataFacts, dataKinds, dataKindsPhrase } from '../base/dataKinds';
import { UserError } from '../base/errors';
import type { DataRequest } from '../protocol/engineApi';
import { assumptionLines, dataLine } from '../base/dataLine';
import { wholeNumber } from './options';

/** Options of every command that runs a model on data. */
export interface DataOptions {
  readonly data?: string;
  readonly label?: string;
  readonly samples?: number;
  readonly shuffle?: boolean;
  readonly seed: number;
}

/** What differs between the commands. */
export interface DataUse {
  /** What the data is for, up to a colon. */
  readonly use: string;
  /** Whether there is nothing to be done without data. */
  readonly required?: boolean;
  /** How many samples are used where nobody says; all of them where it is left out. */
  readonly samples?: number;
  /** What they are divided among. */
  readonly shares?: string;
  /** Whether samples are drawn where nobody says. */
  readonly drawn?: boolean;
}

type AddOption = (command: Command, use: DataUse) => Command;

/** The options in the order of the help. */
const table = {
  data: (command, { use, required }) => {
    const about = `${use}: ${dataKindsPhrase}`;
    return required
      ? command.requiredOption('--data <FILE>', about)
      : command.option('--data <FILE>', about);
  },
  label: (command) =>
    command.option(
      '--label <NAME>',
      'what holds the labels, by name or as column by place from 1, where it is not called label, labels, target, targets or y',
    ),
  samples: (command, { samples, shares, drawn }) => {
    const words = `at most so many samples of the data, ${drawn ? 'drawn by --seed' : 'the first ones'}`;
    const about = shares === undefined ? words : `${words}: ${shares}`;
    return samples === undefined
      ? command.option('--samples <N>', `${about} (default: all)`, wholeNumber(1))
      : command.option('--samples <N>', about, wholeNumber(1), samples);
  },
  shuffle: (command, { drawn }) =>
    drawn
      ? command.option('--no-shuffle', 'take the first samples instead of drawing them')
      : command.option('--shuffle', 'draw the samples by --seed instead'),
  seed: (command, { required, drawn }) => {
    const draws = drawn ? 'draws the samples' : 'of --shuffle';
    const about = required ? draws : `${draws}, and of made-up inputs`;
    return command.option('--seed <N>', about, wholeNumber(0), 1);
  },
} as const satisfies Record<keyof DataOptions, AddOption>;

/** Adds what every command says about its data in the same way. */
export function withData(command: Command, use: DataUse): Command {
  const added = Object.values<AddOption>(table).reduce((done, add) => add(done, use), command);
  return added.hook('preAction', (_, called) => {
    const given = called.opts<DataOptions>();
    const isTyped = (name: keyof DataOptions) => called.getOptionValueSource(name) === 'cli';
    const idle = (['label', 'samples', 'shuffle'] as const).find(isTyped);
    if (given.data !== undefined || idle === undefined) return;
    throw new UserError('badInput', `--${idle} is about --data, which is missing.`);
  });
}

/** The table of data for a command's help: a line for each kind. */
export const dataHelp = [
  'Data:',
  ...Object.values(dataKinds).map(({ files, holds }) => `  ${files.padEnd(28)}${holds}`),
].join('\n');

/** What of it a request to the engine holds. */
export function dataRequest({ data, label, samples, shuffle, seed }: DataOptions) {
  return {
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(label === undefined ? {} : { label }),
    ...(samples === undefined ? {} : { samples }),
    ...(shuffle ? { shuffle } : {}),
    seed,
  } satisfies DataRequest;
}

/** What of it a recipe holds besides its data's path. */
export function recipeData({ label, samples, shuffle, seed }: DataOptions) {
  return {
    ...(label === undefined ? {} : { label }),
    ...(samples === undefined ? {} : { samples }),
    ...(shuffle ? { seed } : {}),
  };
}

/**
 * Tells on standard error what data figures stand on, and all that was assumed: standard output may be for programs. Of inputs that were
 * made up only what was assumed, as every table says the rest itself; nothing beside JSON, which holds the same.
 */
export function tellData(
  facts: DataFacts | undefined,
  { json }: { readonly json?: boolean },
): void {
  if (!facts || json) return;
  const lines = [...(facts.kind === null ? [] : [dataLine(facts)]), ...assumptionLines(facts)];
  process.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

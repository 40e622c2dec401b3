import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type DataFacts, dataKinds, dataKindsPhrase } from '../base/dataKinds';
import { assumptionLines, dataLine } from '../report/dataLine';

/** Options of every command that runs a model on data. */
export interface DataOptions {
  readonly data?: string;
  readonly label?: string;
}

/** Adds `--data` and `--label` to a command; `use` says what the data is for, up to a colon. */
export function withData(command: Command, use: string, { required = false } = {}): Command {
  const words = `${use}: ${dataKindsPhrase}`;
  const added = required
    ? command.requiredOption('--data <FILE>', words)
    : command.option('--data <FILE>', words);
  return added.option(
    '--label <COLUMN>',
    'column of the classes, by name or by place from 1, where it is not called label, labels, target or y',
  );
}

/** The table of data for a command's help: a line for each kind. */
export const dataHelp = [
  'Data:',
  ...Object.values(dataKinds).map(({ files, holds }) => `  ${files.padEnd(28)}${holds}`),
].join('\n');

/** What of it a request to the engine holds. */
export function dataRequest({ data, label }: DataOptions): { data?: string; label?: string } {
  return {
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(label === undefined ? {} : { label }),
  };
}

/**
 * Tells on standard error what data figures stand on, and all that was assumed about it: standard output may be for programs. Nothing for
 * inputs that were made up, which every table says itself, nor beside JSON, which holds the same.
 */
export function tellData(
  facts: DataFacts | undefined,
  { json }: { readonly json?: boolean },
): void {
  if (!facts || facts.kind === null || json) return;
  const lines = [dataLine(facts), ...assumptionLines(facts)];
  process.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

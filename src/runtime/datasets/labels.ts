import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import type { Label } from '../labels';
import type { RunTensor } from '../runner';
import { wholeFile } from './files';
import { numberAt } from './slices';

/** Names under which data carries the samples' classes; the first that is there counts. */
export const labelNames = ['label', 'labels', 'target', 'targets', 'y'];

/** Names under which lists of classes come besides, one for each word or token. */
export const listNames = ['ner_tags', 'tags'];

/** A class's name → its number. */
export type ClassNumbers = ReadonlyMap<string, number>;

const longestConfig = 16e6;
/** More names than that are texts, not classes. */
const mostClasses = 100_000;

/** The classes that a `config.json` of Hugging Face's form numbers, from the first of these folders that has one. */
export function classNumbers(folders: readonly string[]): ClassNumbers | undefined {
  for (const folder of folders) {
    const file = join(folder, 'config.json');
    if (!existsSync(file)) continue;
    const found = numbersIn(
      new TextDecoder().decode(wholeFile(file, 'config.json', longestConfig)),
    );
    if (found) return found;
  }
  return undefined;
}

function numbersIn(json: string): ClassNumbers | undefined {
  try {
    const { label2id } = JSON.parse(json) as { label2id?: Record<string, unknown> };
    const pairs = Object.entries(label2id ?? {}).map(([name, id]) => [name, Number(id)] as const);
    return pairs.length > 0 && pairs.every(([, id]) => Number.isSafeInteger(id))
      ? new Map(pairs)
      : undefined;
  } catch {
    // Of a config.json that is none, the labels are simply not known.
    return undefined;
  }
}

/** How a file's labels are read. */
export interface Labelling {
  /** A sample's class; undefined in data without labels. `where` names the sample for messages. Throws `badInput` where one has none. */
  readonly of: (label: unknown, where: string) => number | undefined;
  readonly assumed: readonly string[];
}

/**
 * How the labels of a file are read, told by its first sample's: numbers as they are; names by `known`, else numbered in alphabetical order,
 * for which `all` gives every label there is. Without one, no other sample may have one either.
 */
export function labelling(
  first: unknown,
  all: () => Iterable<unknown>,
  known: ClassNumbers | undefined,
  name: string,
): Labelling {
  if (isMissing(first)) return { of: unlabelled, assumed: [] };
  if (numberOf(first) !== undefined) return { of: numbered, assumed: [] };
  if (known?.has(String(first)))
    return { of: named(known, 'label2id of config.json'), assumed: [] };
  if (typeof first === 'object') {
    throw new UserError(
      'badInput',
      `The labels of ${name} are objects; numbers or names are expected.`,
    );
  }
  const names = distinct(all(), name);
  const order = new Map(names.map((each, at) => [each, at]));
  const shown = names.slice(0, 3).map((each, at) => `${each} = ${at}`);
  const assumed = `labels are numbered in alphabetical order: ${shown.join(', ')}${names.length > 3 ? ', …' : ''}`;
  return { of: named(order, 'the file'), assumed: [assumed] };
}

/** As `labelling`, for labels that may be lists of classes, one for each word or token of a sample: then all samples' must be. */
export function listLabelling(
  first: unknown,
  all: () => Iterable<unknown>,
  known: ClassNumbers | undefined,
  name: string,
): Omit<Labelling, 'of'> & { readonly of: (label: unknown, where: string) => Label | undefined } {
  if (!Array.isArray(first)) return labelling(first, all, known, name);
  function* flat() {
    for (const label of all()) if (Array.isArray(label)) yield* label as unknown[];
  }
  const { of, assumed } = labelling((first as unknown[])[0], flat, known, name);
  const lists = (label: unknown, where: string) => {
    if (Array.isArray(label)) return label.map((each) => of(each, where) ?? NaN);
    throw new UserError(
      'badInput',
      `${where} has no list of labels; the first sample’s is a list of ${first.length}.`,
    );
  };
  return { of: lists, assumed };
}

function distinct(labels: Iterable<unknown>, name: string): string[] {
  const seen = new Set<string>();
  for (const label of labels) if (!isMissing(label)) seen.add(String(label));
  if (seen.size <= mostClasses) return [...seen].sort();
  throw new UserError('badInput', `${name} has more than ${mostClasses} different labels.`);
}

const isMissing = (label: unknown) => label === undefined || label === null || label === '';

function numberOf(label: unknown): number | undefined {
  if (typeof label === 'boolean') return Number(label);
  const isText = typeof label === 'string' && label.trim() !== '';
  const value = typeof label === 'number' ? label : isText ? Number(label) : NaN;
  return Number.isNaN(value) ? undefined : value;
}

function unlabelled(label: unknown, where: string): undefined {
  if (isMissing(label)) return undefined;
  throw new UserError(
    'badInput',
    `${where} has a label, but the first sample has none; all or none must have one.`,
  );
}

function numbered(label: unknown, where: string): number {
  const value = numberOf(label);
  if (value !== undefined) return value;
  if (isMissing(label)) throw missing(where);
  throw new UserError(
    'badInput',
    `${where} has the label ${quoted(String(label))}; the first sample’s is a number.`,
  );
}

function named(numbers: ClassNumbers, source: string) {
  return (label: unknown, where: string): number => {
    if (isMissing(label)) throw missing(where);
    const value = numbers.get(String(label));
    if (value !== undefined) return value;
    const has = [...numbers.keys()].slice(0, 5).join(', ');
    throw new UserError(
      'badInput',
      `${where} has the label ${quoted(String(label))}, which is not in ${source}: ${has}${numbers.size > 5 ? ', …' : ''}.`,
    );
  };
}

const missing = (where: string) =>
  new UserError('badInput', `${where} has no label; all samples or none must have one.`);

/** Labels of [samples], or of [samples, positions]. */
export function labelsFrom(rows: RunTensor): readonly Label[] {
  const [count = 0, positions = 1] = rows.shape;
  const at = (row: number, place: number) => numberAt(rows, row * positions + place);
  return Array.from({ length: count }, (_, row) =>
    positions === 1 ? at(row, 0) : Array.from({ length: positions }, (_, place) => at(row, place)),
  );
}

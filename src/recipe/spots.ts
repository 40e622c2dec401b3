import type { Node } from 'jsonc-parser';
import { quoted } from '../base/quote';

/** A stretch of the recipe's text, in UTF-16 units. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** Something wrong with a recipe, and where. `error`: it is not applied. `warning`: it is, but hardly as meant. */
export interface RecipeProblem extends Place {
  readonly message: string;
  readonly severity: 'error' | 'warning';
  readonly path: readonly (string | number)[];
}

/** A value in the document, which can be complained of. */
export interface Spot {
  readonly node: Node;
  readonly path: readonly (string | number)[];
  /** The same list for the whole document. */
  readonly problems: RecipeProblem[];
}

export function complain(
  { node, path, problems }: Spot,
  message: string,
  severity: RecipeProblem['severity'] = 'error',
): void {
  problems.push({ message, severity, path, ...placeOf(node) });
}

export function placeOf({ offset, length }: Node): Place {
  return { offset, length };
}

/** A property's name, for complaining of it, and its value. */
export interface Field {
  readonly key: Spot;
  readonly value: Spot;
}

/** The fields of an object by name; undefined, with a complaint, for anything else. A field named twice counts once. */
export function fieldsOf(spot: Spot, what: string): ReadonlyMap<string, Field> | undefined {
  if (spot.node.type !== 'object') {
    complain(spot, `${what} must be an object: { … }.`);
    return undefined;
  }
  const fields = new Map<string, Field>();
  for (const { children = [] } of spot.node.children ?? []) {
    const [key, value] = children;
    // Half-typed, and complained of by the parser.
    if (!key || !value) continue;
    const name = String(key.value);
    const path = [...spot.path, name];
    const field = { key: { ...spot, node: key, path }, value: { ...spot, node: value, path } };
    if (fields.has(name)) complain(field.key, `${quoted(name)} stands here twice.`);
    fields.set(name, field);
  }
  return fields;
}

/** Complains of fields that nobody reads: a misspelt one would change nothing without a word. */
export function onlyKnown(
  fields: ReadonlyMap<string, Field>,
  known: readonly string[],
  what: string,
): void {
  for (const [name, { key }] of fields) {
    if (known.includes(name)) continue;
    complain(key, `${what} has no ${quoted(name)}. It may have: ${known.join(', ')}.`);
  }
}

/** Text that is not empty; undefined, with a complaint, for anything else. */
export function textOf(spot: Spot, what: string): string | undefined {
  const { type, value } = spot.node as { type: string; value?: unknown };
  if (type === 'string' && value !== '') return String(value);
  complain(spot, `${what} must be a text that is not empty.`);
  return undefined;
}

/** A whole number from `least` on; undefined, with a complaint, for anything else. */
export function wholeOf(spot: Spot, what: string, least: number): number | undefined {
  const value: unknown = spot.node.value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  complain(spot, `${what} must be a whole number from ${least} on.`);
  return undefined;
}

/** One of some words; undefined, with a complaint that lists them, for anything else. */
export function oneOf<T extends string>(
  spot: Spot,
  what: string,
  words: readonly T[],
): T | undefined {
  const found = words.find((word) => word === spot.node.value);
  if (found === undefined) complain(spot, `${what} must be one of ${words.join(', ')}.`);
  return found;
}

/** The items of a list that `read` takes; undefined, with a complaint, for anything but a list. */
export function listOf<T>(
  spot: Spot,
  what: string,
  read: (item: Spot) => T | undefined,
): readonly T[] | undefined {
  if (spot.node.type !== 'array') {
    complain(spot, `${what} must be a list: [ … ].`);
    return undefined;
  }
  return (spot.node.children ?? []).flatMap((node, i) => {
    const item = read({ ...spot, node, path: [...spot.path, i] });
    return item === undefined ? [] : [item];
  });
}

/** The fields that there are: a type of optional fields does not take undefined ones. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

import { UserError } from '../../../base/errors';
import { quoted } from '../../../base/quote';

/** A value that JSON can hold. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Edges are no longer: what is allocated by them comes from a file that nobody vouches for. */
const longestEdge = 16384;

/** Fields of a JSON file, each checked as it is asked for. Every method gives undefined for a field that is missing or null, and throws `badInput` naming file and field for one of another kind. */
export class JsonFields {
  constructor(
    private readonly file: string,
    private readonly values: Readonly<Record<string, Json>>,
  ) {}

  get keys(): readonly string[] {
    return Object.keys(this.values);
  }

  value(key: string): Json | undefined {
    return Object.hasOwn(this.values, key) ? (this.values[key] ?? undefined) : undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.wrong(key, 'true or false');
  }

  number(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw this.wrong(key, 'a number');
  }

  edge(key: string): number | undefined {
    const value = this.number(key);
    if (value === undefined || isEdge(value)) return value;
    throw this.wrong(key, `a whole number from 1 to ${longestEdge}`);
  }

  /** One or three numbers. */
  perChannel(key: string): readonly number[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const list = Array.isArray(value) ? (value as readonly Json[]) : [value];
    const isNumbers = list.every((each) => typeof each === 'number' && Number.isFinite(each));
    if (isNumbers && (list.length === 1 || list.length === 3)) return list as readonly number[];
    throw this.wrong(key, 'a number, or one for each of three channels');
  }

  word<T extends string>(key: string, words: readonly T[]): T | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const found = words.find((word) => word.toLowerCase() === String(value).toLowerCase());
    if (found !== undefined) return found;
    throw this.wrong(key, `one of ${words.join(', ')}`);
  }

  /** Fields of a field that is an object; undefined where it is something else. */
  inside(key: string): JsonFields | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value !== 'object' || Array.isArray(value)) return undefined;
    return new JsonFields(this.file, value as Readonly<Record<string, Json>>);
  }

  /** The error for a field that is not what is expected. */
  wrong(key: string, expected: string): UserError {
    const found = quoted(JSON.stringify(this.value(key)));
    return new UserError(
      'badInput',
      `${key} in ${this.file} is ${found}; ${expected} is expected.`,
    );
  }

  /** The error for a field that is none of those there are. */
  unknown(key: string, known: readonly string[]): UserError {
    return new UserError(
      'badInput',
      `${this.file} has the field ${quoted(key)}; there are ${known.join(', ')}.`,
    );
  }
}

/** Whether a picture may be so many pixels long. */
export const isEdge = (value: Json | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= longestEdge;

import { InvalidArgumentError } from 'commander';
import type { Sizes } from '../protocol/engineApi';
import type { DataOptions } from './dataOptions';
import type { SizeLimit } from './gates';

/** Options that every command on a model takes. */
export interface ModelOptions {
  readonly dim?: ReadonlyMap<string, number>;
  readonly shape?: ReadonlyMap<string, number[]>;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly html?: string;
  readonly layers: number;
}

/** Options of `profile` besides. */
export interface ProfileOptions extends ModelOptions, DataOptions {
  readonly threads: number;
  readonly runs: number;
  readonly warmup: number;
  readonly provider: string;
}

/** A parser of whole numbers from `least` on. Throws for anything else. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It takes a whole number from ${least} on.`);
    }
    return value;
  };
}

/** A parser of numbers from `least` on. Throws for anything else. */
export function numberFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least) {
      throw new InvalidArgumentError(`It takes a number from ${least} on.`);
    }
    return value;
  };
}

/** `NAME=N`, added to those given before. Names may hold an `=` themselves. */
export function dimOption(
  text: string,
  before: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const [name, size] = splitAtLast(text);
  if (name === '' || !/^\d+$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new InvalidArgumentError('It takes NAME=N, such as sequence=64.');
  }
  return new Map(before).set(name, Number(size));
}

/** `INPUT=1x3x224x224`, added to those given before. */
export function shapeOption(
  text: string,
  before: ReadonlyMap<string, number[]> = new Map(),
): Map<string, number[]> {
  const [name, shape] = splitAtLast(text);
  const sizes = shape.split(/[x,×]/i).map((size) => size.trim());
  const good = sizes.every((size) => /^\d+$/.test(size) && Number.isSafeInteger(Number(size)));
  if (name === '' || !good) {
    throw new InvalidArgumentError('It takes INPUT=1x3x224x224.');
  }
  return new Map(before).set(name, sizes.map(Number));
}

const units: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };

/** `25MB`, `23000000`, or `26%` of the original. */
export function sizeLimit(text: string): SizeLimit {
  const [, digits, unit = ''] = /^(\d*\.?\d+)\s*(%|[KMG]?B)?$/i.exec(text.trim()) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('It takes a size such as 25MB or 26%.');
  return unit === '%'
    ? { share: Number(digits) / 100 }
    : { bytes: Number(digits) * (units[unit.toUpperCase()] ?? 1) };
}

function splitAtLast(text: string): [name: string, value: string] {
  const at = text.lastIndexOf('=');
  return at < 0 ? ['', text] : [text.slice(0, at), text.slice(at + 1)];
}

/** The sizes that the options ask for, as the engine takes them. */
export function sizesOf({ dim, shape }: ModelOptions): Sizes {
  return {
    ...(dim ? { dims: Object.fromEntries(dim) } : {}),
    ...(shape ? { shapes: Object.fromEntries(shape) } : {}),
  };
}

import { UserError } from '../../base/errors';
import type { Model } from '../model';
import { isNumeric } from './dims';
import { namesInSymbol, sizeOfSymbol } from './expression';
import { workableLength } from './lengths';
import {
  dimensionKinds,
  fedInputs,
  kindsOf,
  type DimensionKind,
  type DimensionRole,
  type DynamicInput,
} from './roles';
import type { DimensionSizes } from './shapes';

/** A dimension of a model's inputs that has no size of its own. */
export interface Dimension {
  /** The model's own symbol, or `INPUT.AXIS` where it gives none. */
  readonly symbol: string;
  readonly role: DimensionRole;
  /** Taken unless another is asked for. */
  readonly size: number;
}

/** What a user asks for: sizes by symbol or role (`batch`, `sequence`), and whole shapes by input. */
export interface SizeRequest {
  readonly dims?: Readonly<Record<string, number>> | undefined;
  readonly shapes?: Readonly<Record<string, readonly number[]>> | undefined;
}

/** Sizes for all dimensions of the inputs. */
export interface ResolvedSizes {
  /** Every symbol of the inputs with its size. */
  readonly sizes: DimensionSizes;
  /** The shape of every input that is fed, where all of it is known. */
  readonly inputShapes: ReadonlyMap<string, readonly number[]>;
  /** The sizes as a person names them: by role where all symbols of the role agree, else by symbol. */
  readonly named: Readonly<Record<string, number>>;
}

/** The dimensions one may choose sizes for, in order of appearance, with the sizes they have by default. */
export function dimensionsOf(model: Model): readonly Dimension[] {
  const free = freeKinds(fedInputs(model));
  const sizes = workableSizes(model, free, new Map());
  return [...free].map(([symbol, kind]) => ({
    symbol,
    role: dimensionKinds[kind].role,
    size: sizes.get(symbol) ?? dimensionKinds[kind].size,
  }));
}

/**
 * Sizes for every dimension of the inputs. Throws `badInput` for a name the model does not have, a size that is none, a shape of
 * another rank, and a shape against a fixed dimension.
 */
export function resolveSizes(model: Model, request: SizeRequest = {}): ResolvedSizes {
  const inputs = fedInputs(model);
  const free = freeKinds(inputs);
  const asked = new Map(askedByShape(inputs, request.shapes ?? {}));
  for (const [symbol, size] of askedByName(free, request.dims ?? {})) {
    if ((asked.get(symbol) ?? size) !== size) {
      throw new UserError(
        'badInput',
        `${symbol} is asked to be ${size} and, by a shape, ${asked.get(symbol)}.`,
      );
    }
    asked.set(symbol, size);
  }
  const sizes = workableSizes(model, free, asked);
  return {
    sizes,
    inputShapes: shapesOf(inputs, sizes, request.shapes ?? {}),
    named: namedSizes(free, sizes),
  };
}

/** Symbols that follow from others by a formula (`past + sequence`) are not free. */
function freeKinds(inputs: readonly DynamicInput[]): ReadonlyMap<string, DimensionKind> {
  const all = kindsOf(inputs);
  const free = [...all].filter(([symbol]) => {
    const names = namesInSymbol(symbol);
    // "past + 1" is written for decoding one token at a time, but holds for as many as there are.
    const isShort =
      all.get(symbol) === 'total' && !names.some((name) => all.get(name) === 'sequence');
    return names.includes(symbol) || isShort || !names.every((name) => all.has(name));
  });
  return new Map(free);
}

/** Lengths that are not asked for are such that the model can take them. */
function workableSizes(
  model: Model,
  free: ReadonlyMap<string, DimensionKind>,
  asked: ReadonlyMap<string, number>,
): DimensionSizes {
  let chosen = asked;
  for (const kind of new Set(free.values())) {
    const open = [...free].filter(([symbol, its]) => its === kind && !asked.has(symbol));
    if (open.length === 0) continue;
    const before = chosen;
    const withLength = (length: number) =>
      new Map([...before, ...open.map(([symbol]) => [symbol, length] as const)]);
    const length = workableLength(model, kind, (size) => chosenSizes(free, withLength(size)));
    if (length !== undefined) chosen = withLength(length);
  }
  return chosenSizes(free, chosen);
}

function chosenSizes(
  free: ReadonlyMap<string, DimensionKind>,
  asked: ReadonlyMap<string, number>,
): DimensionSizes {
  const sizes = new Map<string, number>();
  for (const [symbol, kind] of free)
    sizes.set(symbol, asked.get(symbol) ?? dimensionKinds[kind].size);
  const first = (wanted: DimensionKind) =>
    [...free].flatMap(([symbol, kind]) => (kind === wanted ? [sizes.get(symbol) ?? 0] : []))[0] ??
    0;
  for (const [symbol, kind] of free) {
    if (kind === 'total' && !asked.has(symbol))
      sizes.set(symbol, first('past') + first('sequence'));
  }
  // What a shape fixed besides, such as a formula's value.
  for (const [symbol, size] of asked) if (!sizes.has(symbol)) sizes.set(symbol, size);
  return sizes;
}

/** A symbol's own name goes before its role's. */
function askedByName(
  free: ReadonlyMap<string, DimensionKind>,
  dims: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> {
  const asked = new Map<string, number>();
  for (const [name, size] of Object.entries(dims)) {
    const meant = [...free].filter(([symbol, kind]) => symbol === name || isRole(kind, name));
    if (meant.length === 0) throw unknownDimension(name, free);
    for (const [symbol, kind] of meant) {
      checkSize(name, size, kind === 'past' || kind === 'total' ? 0 : 1);
      if (symbol === name || !Object.hasOwn(dims, symbol)) asked.set(symbol, size);
    }
  }
  return asked;
}

function isRole(kind: DimensionKind, name: string): boolean {
  return kind === name || (dimensionKinds[kind].role === name && name !== 'other');
}

function checkSize(name: string, size: number, least: number): void {
  if (Number.isSafeInteger(size) && size >= least) return;
  throw new UserError(
    'badInput',
    `${name} cannot be ${size}: a size is a whole number, at least ${least}.`,
  );
}

function unknownDimension(name: string, free: ReadonlyMap<string, DimensionKind>): UserError {
  const list = [...free].map(([symbol, kind]) =>
    kind === symbol || kind === 'other' ? symbol : `${symbol} (${kind})`,
  );
  const has = list.length > 0 ? `it has ${list.join(', ')}` : 'all its sizes are fixed';
  return new UserError('badInput', `The model has no dimension "${name}": ${has}.`);
}

/** Sizes that whole shapes give to symbols. */
function* askedByShape(
  inputs: readonly DynamicInput[],
  shapes: Readonly<Record<string, readonly number[]>>,
): Generator<readonly [string, number]> {
  const seen = new Map<string, number>();
  for (const [name, shape] of Object.entries(shapes)) {
    const declared = declaredShape(inputs, name, shape);
    for (const [axis, dim] of declared.entries()) {
      const size = shape[axis] ?? 0;
      checkSize(`Dimension ${axis} of ${name}`, size, 0);
      const before = typeof dim === 'number' ? dim : seen.get(String(dim));
      if (before !== undefined && before !== size)
        throw contradiction(name, axis, size, dim, before);
      if (typeof dim !== 'string') continue;
      seen.set(dim, size);
      yield [dim, size];
    }
  }
}

function contradiction(
  name: string,
  axis: number,
  size: number,
  dim: unknown,
  before: number,
): UserError {
  const why =
    typeof dim === 'number'
      ? `the model fixes it to ${before}`
      : `${String(dim)} is ${before} elsewhere`;
  return new UserError('badInput', `Dimension ${axis} of ${name} cannot be ${size}: ${why}.`);
}

function declaredShape(inputs: readonly DynamicInput[], name: string, shape: readonly number[]) {
  const input = inputs.find((each) => each.name === name);
  if (!input) {
    const list = inputs.map((each) => each.name).join(', ') || 'none';
    throw new UserError('badInput', `The model has no input "${name}": it has ${list}.`);
  }
  const declared = input.shape ?? shape.map(() => null);
  if (declared.length === shape.length) return declared;
  const wanted = `[${declared.join(', ')}]`;
  throw new UserError(
    'badInput',
    `${name} takes ${declared.length} dimensions ${wanted}, not the ${shape.length} of ${shape.join('x')}.`,
  );
}

function shapesOf(
  inputs: readonly DynamicInput[],
  sizes: DimensionSizes,
  given: Readonly<Record<string, readonly number[]>>,
): ReadonlyMap<string, readonly number[]> {
  const known = new Map<string, readonly number[]>();
  for (const { name, shape } of inputs) {
    const sized = shape?.map((dim) =>
      typeof dim === 'string' ? (sizeOfSymbol(dim, sizes) ?? null) : dim,
    );
    const whole = sized ?? (Object.hasOwn(given, name) ? given[name] : undefined);
    if (isNumeric(whole)) known.set(name, whole);
  }
  return known;
}

function namedSizes(
  free: ReadonlyMap<string, DimensionKind>,
  sizes: DimensionSizes,
): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [symbol, kind] of free) {
    const role = dimensionKinds[kind].role;
    const alike = [...free].filter(([, other]) => dimensionKinds[other].role === role);
    const agree = role !== 'other' && new Set(alike.map(([other]) => sizes.get(other))).size === 1;
    named[agree ? role : symbol] = sizes.get(symbol) ?? 0;
  }
  return named;
}

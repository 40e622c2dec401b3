import type { DimensionSizes } from './shapes';

/**
 * The size of a symbolic dimension: given under its own name, or computed where exporters write a formula (`s0 + s1`,
 * `2*sequence`, `floor(width/2)`). Undefined where a name in it has no size or the text is no formula.
 */
export function sizeOfSymbol(symbol: string, sizes: DimensionSizes): number | undefined {
  const given = sizes.get(symbol);
  if (given !== undefined) return given;
  const tokens = tokenize(symbol);
  if (!tokens || tokens.length < 2) return undefined;
  const value = evaluate(tokens, sizes);
  return value !== undefined && Number.isInteger(value) && value >= 0 ? value : undefined;
}

/** Names that a formula is made of; the symbol itself where it is none. */
export function namesInSymbol(symbol: string): readonly string[] {
  const tokens = tokenize(symbol) ?? [];
  const names = tokens.filter((token, i) => /^[A-Za-z_]/.test(token) && tokens[i + 1] !== '(');
  const isFormula =
    tokens.length > 1 && evaluate(tokens, new Map(names.map((name) => [name, 1]))) !== undefined;
  return isFormula ? names : [symbol];
}

interface Cursor {
  readonly tokens: readonly string[];
  readonly sizes: DimensionSizes;
  at: number;
}

/** Names are short; this also bounds how deep brackets nest. */
const longest = 200;

function tokenize(text: string): string[] | undefined {
  if (text.length > longest) return undefined;
  const tokens = text.match(/\s+|[A-Za-z_][\w.]*|\d+|\/\/|[-+*/%(),]|./g) ?? [];
  const words = tokens.filter((token) => !/^\s+$/.test(token));
  return words.every((word) => /^([A-Za-z_][\w.]*|\d+|\/\/|[-+*/%(),])$/.test(word))
    ? words
    : undefined;
}

/** The whole text must be read: what follows a complete formula makes it none. */
function evaluate(tokens: readonly string[], sizes: DimensionSizes): number | undefined {
  const cursor: Cursor = { tokens, sizes, at: 0 };
  const value = sum(cursor);
  return cursor.at === tokens.length ? value : undefined;
}

function sum(cursor: Cursor): number | undefined {
  let value = term(cursor);
  for (;;) {
    const sign = cursor.tokens[cursor.at];
    if (sign !== '+' && sign !== '-') return value;
    cursor.at++;
    value = apply(sign, value, term(cursor));
  }
}

function term(cursor: Cursor): number | undefined {
  let value = factor(cursor);
  for (;;) {
    const sign = cursor.tokens[cursor.at];
    if (sign !== '*' && sign !== '/' && sign !== '//' && sign !== '%') return value;
    cursor.at++;
    value = apply(sign, value, factor(cursor));
  }
}

function apply(sign: string, a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (sign === '+') return a + b;
  if (sign === '-') return a - b;
  if (sign === '*') return a * b;
  if (b === 0) return undefined;
  return sign === '/' ? a / b : sign === '//' ? Math.floor(a / b) : a - b * Math.floor(a / b);
}

const functions: Readonly<Record<string, (...values: number[]) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  ceiling: Math.ceil,
  max: Math.max,
  min: Math.min,
  mod: (a = 0, b = 1) => a - b * Math.floor(a / b),
};

function factor(cursor: Cursor): number | undefined {
  const token = cursor.tokens[cursor.at++];
  if (token === undefined) return undefined;
  if (token === '-') return apply('-', 0, factor(cursor));
  if (token === '(') return list(cursor)?.[0];
  if (/^\d/.test(token)) return Number(token);
  if (cursor.tokens[cursor.at] !== '(') return cursor.sizes.get(token);
  cursor.at++;
  const values = list(cursor);
  const name = token.toLowerCase();
  return values && Object.hasOwn(functions, name) ? functions[name]?.(...values) : undefined;
}

/** Values up to the closing bracket. */
function list(cursor: Cursor): number[] | undefined {
  const values: number[] = [];
  for (;;) {
    const value = sum(cursor);
    const next = cursor.tokens[cursor.at++];
    if (value === undefined || (next !== ',' && next !== ')')) return undefined;
    values.push(value);
    if (next === ')') return values;
  }
}

import { parts, roles, type Part } from '../base/terms';
import type { Entry, LayerTable, RowFigures } from './table';

type Test = (entry: Entry) => boolean;

/** A filter's text, understood. All tests must hold; `problem` says what was not understood and is left out. */
export interface Filter {
  readonly tests: readonly Test[];
  readonly problem: string | undefined;
}

/** A term that makes no sense; its message is shown beside the filter. */
class Misunderstood extends Error {}

type Field = keyof RowFigures;

/** What may stand before a comparison, or after its number. */
const fieldNames: Readonly<Record<string, Field>> = {
  share: 'share',
  time: 'timeMs',
  bytes: 'weightBytes',
  weights: 'weightBytes',
  params: 'parameters',
  parameters: 'parameters',
  macs: 'macs',
  activations: 'activationBytes',
  memory: 'activationBytes',
};

/** Units of a comparison: their factor, and the field that they speak of when none is named. */
const units: Readonly<Record<string, { factor: number; field: Field | undefined }>> = {
  '': { factor: 1, field: undefined },
  '%': { factor: 0.01, field: 'share' },
  ns: { factor: 1e-6, field: 'timeMs' },
  us: { factor: 1e-3, field: 'timeMs' },
  µs: { factor: 1e-3, field: 'timeMs' },
  ms: { factor: 1, field: 'timeMs' },
  s: { factor: 1e3, field: 'timeMs' },
  b: { factor: 1, field: 'weightBytes' },
  kb: { factor: 1e3, field: 'weightBytes' },
  mb: { factor: 1e6, field: 'weightBytes' },
  gb: { factor: 1e9, field: 'weightBytes' },
  k: { factor: 1e3, field: 'parameters' },
  m: { factor: 1e6, field: 'parameters' },
  g: { factor: 1e9, field: 'parameters' },
  t: { factor: 1e12, field: 'parameters' },
};

const comparisons: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
  '=': (value, limit) => value === limit,
};

/** `key:value` terms: a value that may stand after the key makes a test. */
const keys: Readonly<Record<string, (value: string, table: LayerTable) => Test>> = {
  name: (value) => nameTest(value),
  id: (value) => (entry) => entry.layer.id.toLowerCase() === value,
  part: partTest,
  role: (value) => {
    const wanted = value.replace(/[^a-z]/g, '');
    const role = roles.find((name) => name.toLowerCase() === wanted);
    if (!role) throw new Misunderstood(`No role "${value}": there are ${roles.join(', ')}.`);
    return (entry) => entry.layer.role === role;
  },
  op: (value) => (entry) => entry.layer.op.toLowerCase() === value,
  block: blockTest,
  type: (value) => (entry) => entry.layer.weights.some((weight) => weight.dtype === value),
  ran:
    (value) =>
    ({ ran }) =>
      ran !== null && (ran.how === value || ran.ops.some((op) => op.toLowerCase() === value)),
  step: stepTest,
};

const partAliases: Readonly<Record<string, Part>> = {
  ffn: 'feedForward',
  mlp: 'feedForward',
  mha: 'attention',
  conv: 'convolution',
  rnn: 'recurrent',
};

function nameTest(value: string): Test {
  return (entry) => entry.lowerName.includes(value);
}

function partTest(value: string): Test {
  const wanted = value.replace(/[^a-z]/g, '');
  const part =
    (Object.keys(parts) as Part[]).find((name) => name.toLowerCase() === wanted) ??
    partAliases[wanted];
  if (!part) {
    throw new Misunderstood(`No part "${value}": there are ${Object.keys(parts).join(', ')}.`);
  }
  return (entry) => entry.layer.part === part;
}

/** `3`, `3-5`, or `none` for layers outside blocks. */
function blockTest(value: string): Test {
  if (value === 'none') return (entry) => entry.layer.block === null;
  const range = /^(\d+)(?:-(\d+))?$/.exec(value);
  if (!range) throw new Misunderstood(`block: takes a number, a range such as 2-4, or none.`);
  const from = Number(range[1]);
  const to = Number(range[2] ?? range[1]);
  return ({ layer }) => layer.block !== null && layer.block >= from && layer.block <= to;
}

/** `2` for the recipe's second step, or `none` for layers that it leaves as they are. */
function stepTest(value: string): Test {
  if (value === 'none') return ({ chosen }) => chosen === null;
  const step = Number(value);
  if (!Number.isInteger(step) || step < 1) {
    throw new Misunderstood(`step: takes the number of a step of the recipe, or none.`);
  }
  return ({ chosen }) => chosen?.steps.includes(step - 1) ?? false;
}

/**
 * Understands a filter: words match the name; `part:`, `role:`, `op:`, `block:`, `type:`, `ran:`, `step:`, `name:`, `id:` take values
 * parted by commas; `>1%`, `>1ms`, `>1MB`, `>1M params`, `macs>=1G`, `int4>0.001` compare; quotes keep spaces; a minus in front excludes.
 */
export function parseFilter(text: string, table: LayerTable): Filter {
  const tests: Test[] = [];
  const problems: string[] = [];
  const terms = splitTerms(text);
  for (let at = 0; at < terms.length; at++) {
    const term = terms[at];
    if (!term) continue;
    try {
      const next = terms[at + 1];
      const { test, usedNext } = termTest(term, next?.quoted === true ? undefined : next, table);
      tests.push(term.negated ? (entry) => !test(entry) : test);
      if (usedNext) at++;
    } catch (error) {
      if (!(error instanceof Misunderstood)) throw error;
      problems.push(error.message);
    }
  }
  return { tests, problem: problems.length > 0 ? problems.join(' ') : undefined };
}

interface Term {
  readonly text: string;
  readonly negated: boolean;
  /** The whole of it: it is a name, whatever stands in it. */
  readonly quoted: boolean;
}

function splitTerms(text: string): Term[] {
  const pattern = /(-?)((?:[^\s"]*"[^"]*"?)+[^\s"]*|[^\s"]+)/g;
  return [...text.matchAll(pattern)]
    .map(([, minus = '', body = '']) => ({
      text: body.replaceAll('"', ''),
      negated: minus === '-',
      quoted: body.startsWith('"'),
    }))
    .filter((term) => term.text !== '');
}

function termTest(
  term: Term,
  next: Term | undefined,
  table: LayerTable,
): { test: Test; usedNext: boolean } {
  const plain = (test: Test) => ({ test, usedNext: false });
  if (term.quoted) return plain(nameTest(term.text.toLowerCase()));
  const damage = damageTest(term.text, table);
  if (damage) return plain(damage);
  const comparison = /^([a-z]*)([<>]=?|=)(.*)$/i.exec(term.text);
  if (comparison) return comparisonTest(comparison, next, table);
  const [, key, value] = /^([a-z]+):(?!:)(.*)$/i.exec(term.text) ?? [];
  if (key === undefined || value === undefined) return plain(nameTest(term.text.toLowerCase()));
  const make = keys[key.toLowerCase()];
  if (!make) {
    const known = Object.keys(keys).join(':, ');
    throw new Misunderstood(`"${key}:" is not known: there are ${known}:. Quotes search a name.`);
  }
  const tests = value
    .toLowerCase()
    .split(',')
    .filter((one) => one !== '')
    .map((one) => make(one, table));
  if (tests.length === 0) throw new Misunderstood(`${key}: needs a value.`);
  return plain((entry) => tests.some((test) => test(entry)));
}

/** `int4>0.001`: what a probe does to a layer. Undefined where no probe of that name is meant. */
function damageTest(text: string, { probes }: LayerTable): Test | undefined {
  const [, name = '', sign = '', digits = ''] = /^([^<>=:]+)([<>]=?|=)(.*)$/.exec(text) ?? [];
  const probe = probes.find((known) => known.toLowerCase() === name.toLowerCase());
  if (probe === undefined) {
    // A digit in the name: no other figure has one, and no name of a layer is compared.
    if (!/^[a-z]+\d+$/i.test(name) || !/[<>]/.test(sign)) return undefined;
    const known =
      probes.length > 0 ? `there are ${probes.join(', ')}` : 'measure sensitivity first';
    throw new Misunderstood(`No layer is measured under "${name}": ${known}.`);
  }
  const limit = Number(digits);
  const compare = comparisons[sign];
  if (digits.trim() === '' || Number.isNaN(limit) || !compare) {
    throw new Misunderstood(`${probe}${sign} needs a number, as in ${probe}>0.001.`);
  }
  return ({ damage }) => {
    const cell = damage.get(probe);
    return cell !== undefined && compare(cell.damage, limit);
  };
}

function comparisonTest(
  [term, name = '', sign = '', rest = '']: RegExpExecArray,
  next: Term | undefined,
  table: LayerTable,
): { test: Test; usedNext: boolean } {
  const [, digits, unitText = ''] = /^(\d+\.?\d*|\.\d+)\s*(.*)$/.exec(rest) ?? [];
  const [unitName = '', fieldAfter] = splitUnit(unitText.toLowerCase());
  const unit = units[unitName];
  if (digits === undefined || !unit) {
    throw new Misunderstood(`"${term}" is not a comparison: write >1%, >1ms, >1MB or >1M params.`);
  }
  const wordAfter = next && !next.negated ? fieldNames[next.text.toLowerCase()] : undefined;
  const usedNext = name === '' && fieldAfter === undefined && wordAfter !== undefined;
  const named = name === '' ? (fieldAfter ?? wordAfter) : fieldNames[name.toLowerCase()];
  const field = named ?? (name === '' ? unit.field : undefined);
  if (!field) {
    throw new Misunderstood(
      name === ''
        ? `"${term}" has no unit: write >1%, >1ms, >1MB or >1M params.`
        : `"${name}" cannot be compared: there are ${Object.keys(fieldNames).join(', ')}.`,
    );
  }
  if (field === 'timeMs' && !table.measured) {
    throw new Misunderstood('No layer is measured yet: profile the model to filter by time.');
  }
  const limit = Number(digits) * unit.factor;
  const compare = comparisons[sign];
  return {
    // An unknown figure is neither above nor below anything.
    test: ({ figures }) => {
      const value = figures[field];
      return value !== null && compare !== undefined && compare(value, limit);
    },
    usedNext,
  };
}

/** "mparams" → M of parameters. */
function splitUnit(text: string): [unit: string, field: Field | undefined] {
  for (const [name, field] of Object.entries(fieldNames)) {
    if (text.endsWith(name)) return [text.slice(0, -name.length).trim(), field];
  }
  return [text, undefined];
}

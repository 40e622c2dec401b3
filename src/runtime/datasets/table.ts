import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import { isArrayType, tensorOf } from '../arrays';
import { describeSpec, type InputSpec } from '../inputs';
import type { Dim } from '../../onnx/model';
import type { RunTensor } from '../runner';
import { columnName, type CsvFile, type Row } from './csv';
import { type Dataset, datasetOf, range } from './dataset';
import { type ClassNumbers, labelling, labelNames } from './labels';
import { checkValues, isOptional, type ModelInputs } from './model';

export interface TableOptions {
  /** Name of the labels' column, or its place counted from 1; one of the usual names where it is left out. */
  readonly label: string | undefined;
  readonly classes: ClassNumbers | undefined;
}

/** An input and the columns that hold a sample of it. */
interface Column {
  readonly spec: InputSpec;
  readonly columns: readonly number[];
  /** Of one sample. */
  readonly shape: readonly number[];
  /** Samples at once where the input insists; 0 for an input without an axis for them. */
  readonly atOnce: number | undefined;
}

/** A table of features as samples, a line each. Throws `badInput` where columns and inputs do not fit, and for fields that are no numbers. */
export function tableDataset(file: CsvFile, model: ModelInputs, options: TableOptions): Dataset {
  const { name, count } = file;
  const label = labelColumn(file, model, options.label);
  const inputs = columnsFor(file, model, label);
  const atOnce = inputs.map((input) => input.atOnce).find((size) => size !== undefined);
  const labels = labelsOf(file, label, options.classes);
  const feeds = (places: readonly number[]) => {
    const rows = file.at(places);
    const made = Object.fromEntries(
      inputs.map((input) => [input.spec.name, tensorFor(input, rows, file)]),
    );
    checkValues(model, made, name);
    return made;
  };
  // What is wrong with all of them is wrong with the first.
  feeds([0]);
  return datasetOf({
    ...{ name, count, feeds, kind: 'table', assumed: labels.assumed },
    atOnce: atOnce === 0 ? 1 : atOnce,
    maskInput: undefined,
    lengthInput: undefined,
    lengths: () => undefined,
    labels: labels.of,
  });
}

function labelColumn(
  file: CsvFile,
  { specs }: ModelInputs,
  wanted: string | undefined,
): number | undefined {
  const { header, width, name } = file;
  if (wanted === undefined) {
    const inputs = new Set(specs.map((spec) => spec.name));
    const isLabel = (column: string) =>
      !inputs.has(column) && labelNames.includes(column.toLowerCase());
    const at = header?.findIndex(isLabel) ?? -1;
    return at < 0 ? undefined : at;
  }
  const byName = header?.indexOf(wanted) ?? -1;
  const at = byName >= 0 ? byName : Number(wanted) - 1;
  if (Number.isInteger(at) && at >= 0 && at < width) return at;
  const has = header ? header.join(', ') : `${width} columns without names`;
  throw new UserError('badInput', `${name} has no column ${quoted(wanted)}: it has ${has}.`);
}

function labelsOf(file: CsvFile, column: number | undefined, classes: ClassNumbers | undefined) {
  if (column === undefined) return { of: () => undefined, assumed: [] };
  const valuesAt = (places: readonly number[]) =>
    file.at(places).map(({ fields, line }) => ({ value: fields[column]?.trim(), line }));
  function* all() {
    const step = 4096;
    for (let from = 0; from < file.count; from += step) {
      const places = range(from, Math.min(file.count, from + step));
      for (const { value } of valuesAt(places)) yield value;
    }
  }
  const { of, assumed } = labelling(valuesAt([0])[0]?.value, all, classes, file.name);
  const labels = (places: readonly number[]) => {
    const found = valuesAt(places).map(({ value, line }) =>
      of(value, `Line ${line} of ${file.name}`),
    );
    return found.every((label) => label !== undefined) ? found : undefined;
  };
  return { of: labels, assumed };
}

function columnsFor(file: CsvFile, model: ModelInputs, label: number | undefined): Column[] {
  const needed = model.specs.filter((spec) => !isOptional(model, spec));
  const named = needed.map((spec) => ({ spec, columns: columnsNamed(file, spec.name, label) }));
  const [only] = needed;
  if (named.every(({ columns }) => columns.length > 0)) {
    return named.map(({ spec, columns }) => shaped(file, spec, columns));
  }
  if (needed.length === 1 && only) {
    return [
      shaped(
        file,
        only,
        range(0, file.width).filter((column) => column !== label),
      ),
    ];
  }
  return byPlace(file, needed, named, label);
}

/** The column of an input's own name, or those named `input.column`. */
function columnsNamed({ header }: CsvFile, input: string, label: number | undefined): number[] {
  if (!header) return [];
  const own = header.indexOf(input);
  if (own >= 0 && own !== label) return [own];
  return [...header.keys()].filter((at) => at !== label && header[at]?.startsWith(`${input}.`));
}

/** Several inputs without names in the file: a column each, in the model's order. */
function byPlace(
  file: CsvFile,
  needed: readonly InputSpec[],
  named: readonly { spec: InputSpec; columns: readonly number[] }[],
  label: number | undefined,
): Column[] {
  const columns = range(0, file.width).filter((column) => column !== label);
  const isNamed = named.some((each) => each.columns.length > 0);
  if (!isNamed && columns.length === needed.length) {
    return needed.map((spec, at) => shaped(file, spec, columns.slice(at, at + 1)));
  }
  const missing = named.find((each) => each.columns.length === 0)?.spec;
  throw new UserError(
    'badInput',
    `${file.name} has no column for the input ${quoted(missing?.name ?? '')}${missing ? ` (${describeSpec(missing)})` : ''}; it has ${file.header?.join(', ') ?? `${file.width} columns without names`}.`,
    `Name its columns as the input, or ${missing?.name ?? 'input'}.NAME where it takes several.`,
  );
}

function shaped(file: CsvFile, spec: InputSpec, columns: readonly number[]): Column {
  const dims = spec.shape ?? ['batch', columns.length];
  const [batch, ...rest] = dims;
  const sample = sampleShape(dims.length === 0 ? undefined : rest, columns.length);
  if (sample) {
    const atOnce = typeof batch === 'number' ? batch : undefined;
    return { spec, columns, shape: sample, atOnce };
  }
  const own = sampleShape(dims, columns.length);
  if (own) return { spec, columns, shape: own, atOnce: 0 };
  throw new UserError(
    'badInput',
    `${file.name} has ${columns.length} columns for ${spec.name}; the model takes ${describeSpec(spec)}.`,
    'A column of labels is called label, labels, target or y, or named by --label.',
  );
}

/** Sizes whose product is `count`, at most one of them left open by the model. */
function sampleShape(dims: readonly Dim[] | undefined, count: number): number[] | undefined {
  if (!dims) return undefined;
  const fixed = dims.reduce<number>((all, dim) => (typeof dim === 'number' ? all * dim : all), 1);
  const open = dims.filter((dim) => typeof dim !== 'number').length;
  if (open > 1 || (open === 0 ? fixed !== count : fixed === 0 || count % fixed !== 0)) {
    return undefined;
  }
  return dims.map((dim) => (typeof dim === 'number' ? dim : count / fixed));
}

function tensorFor(input: Column, rows: readonly Row[], file: CsvFile): RunTensor {
  const { spec, columns, atOnce } = input;
  const shape = atOnce === 0 ? input.shape : [rows.length, ...input.shape];
  if (spec.dtype === 'string') {
    const data = rows.flatMap(({ fields }) => columns.map((column) => fields[column] ?? ''));
    return { dtype: 'string', shape, data };
  }
  if (!isArrayType(spec.dtype)) {
    throw new UserError(
      'unsupported',
      `The input ${quoted(spec.name)} is ${spec.dtype}, which ONNX Runtime’s Node interface cannot carry.`,
    );
  }
  const isWhole = /int|bool/.test(spec.dtype);
  const values = rows.flatMap((row) =>
    columns.map((column) => numberIn(row, column, isWhole, file)),
  );
  return tensorOf(spec.dtype, shape, values);
}

const truths: Readonly<Record<string, number>> = { true: 1, false: 0, nan: NaN };

function numberIn(row: Row, column: number, isWhole: boolean, file: CsvFile): number {
  const text = (row.fields[column] ?? '').trim();
  const lower = text.toLowerCase();
  const value = Object.hasOwn(truths, lower) ? (truths[lower] ?? NaN) : Number(text);
  const isNumber = text !== '' && (lower === 'nan' || !Number.isNaN(value));
  if (isNumber && (!isWhole || Number.isInteger(value))) return value;
  const found = text === '' ? 'is empty' : `holds ${quoted(text)}`;
  throw new UserError(
    'badInput',
    `Line ${row.line} of ${file.name}: ${columnName(file, column)} ${found}; a ${isWhole ? 'whole ' : ''}number is expected.`,
  );
}

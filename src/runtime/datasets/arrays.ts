import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import type { Dim } from '../../onnx/model';
import { describeSpec, type InputSpec } from '../inputs';
import { inputFor } from '../purpose';
import type { Label } from '../labels';
import type { Feeds, RunTensor } from '../runner';
import { checkType, convertTo, describeTensor } from './convert';
import { type Dataset, datasetOf } from './dataset';
import { type ClassNumbers, labelling, labelNames, labelsFrom } from './labels';
import { checkNames, checkValues, isOptional, type ModelInputs, unfit } from './model';
import { sidesOf } from './sides';
import type { StoredArray } from './npy';
import { cutToLongest, type LengthSource, lengthSource, rowLengths } from './padding';

/** Along which axis an input's samples lie; `alone` is the same for every sample, `stacked` has an axis more than the model's input. */
type Place =
  { readonly kind: 'axis'; readonly axis: number } | { readonly kind: 'stacked' | 'alone' };

interface Column {
  readonly spec: InputSpec;
  readonly array: StoredArray;
  readonly place: Place;
  /** For messages. */
  readonly what: string;
}

export interface ArrayOptions {
  /** The file's, for messages. */
  readonly name: string;
  /** The array of labels, where it has not one of the usual names. */
  readonly label?: string | undefined;
  readonly classes?: ClassNumbers | undefined;
}

/**
 * Arrays by input name as samples; one that is not asked for is not opened. Throws `badInput` that says what the model takes when an array
 * is missing or does not fit.
 */
export function arrayDataset(
  arrays: ReadonlyMap<string, () => StoredArray>,
  model: ModelInputs,
  { name, ...labelled }: ArrayOptions,
): Dataset {
  const { specs } = model;
  const columns = placeColumns(matchNames(arrays, model, name), model, name);
  const count = countOf(columns);
  const atOnce = atOnceOf(columns);
  const { text, target } = sidesOf(model);
  const read = columnReader(columns);
  const source = lengthSource({ ...model, specs: text }, read);
  const decoded = lengthSource({ ...model, specs: target }, read);
  const labels = labelsIn(arrays, specs, { count, name, ...labelled });
  const lengthsOf = (of: LengthSource | undefined) => {
    const column = columns.find(({ spec }) => spec.name === of?.name);
    return (samples: readonly number[]) => of && column && lengthsIn(column, samples, of.padding);
  };
  return datasetOf({
    ...{ name, count, atOnce, kind: 'arrays' },
    maskInput: inputFor('mask', text, model.purposes)?.name,
    lengthInput: source?.name,
    lengths: lengthsOf(source),
    decoder: { input: decoded?.name, lengths: (samples) => lengthsOf(decoded)(samples) ?? [] },
    assumed: labels?.assumed ?? [],
    labels: (samples) => labels?.of(samples),
    feeds: (samples) => {
      const feeds = feedsOf(columns, samples);
      checkNames(specs, feeds, name);
      const written = decoded ? cutToLongest(target, feeds, decoded) : {};
      const unlike = written[decoded?.name ?? '']?.shape[1];
      const cut = { ...feeds, ...cutToLongest(text, feeds, source, unlike), ...written };
      checkValues(model, cut, name);
      return cut;
    },
  });
}

/** Rows that are read at once to tell their lengths. */
const rowsAtOnce = 8192;

function lengthsIn(column: Column, samples: readonly number[], padding: number): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < samples.length; at += rowsAtOnce) {
    const rows = takeFrom(column, samples.slice(at, at + rowsAtOnce));
    for (const length of rowLengths(rows, padding)) lengths.push(length);
  }
  return lengths;
}

type Named = Omit<Column, 'place'>;

function matchNames(
  arrays: ReadonlyMap<string, () => StoredArray>,
  model: ModelInputs,
  name: string,
): Named[] {
  const { specs } = model;
  const [onlyInput] = specs;
  const [onlyArray] = arrays.values();
  if (specs.length === 1 && arrays.size === 1 && onlyInput && onlyArray) {
    return [checked({ spec: onlyInput, array: onlyArray(), what: name })];
  }
  return specs.flatMap((spec) => {
    const open = arrays.get(spec.name);
    if (open) return [checked({ spec, array: open(), what: `${spec.name} in ${name}` })];
    if (isOptional(model, spec)) return [];
    throw new UserError(
      'badInput',
      `${name} has nothing for the input ${quoted(spec.name)} (${describeSpec(spec)}); it has ${[...arrays.keys()].join(', ') || 'no arrays'}.`,
    );
  });
}

function checked(named: Named): Named {
  checkType(named.spec, named.array, named.what);
  return named;
}

function placeColumns(named: readonly Named[], model: ModelInputs, name: string): Column[] {
  const first = named.find(({ array }) => array.shape.length > 0);
  const count = first?.array.shape[0] ?? 1;
  const symbol =
    first?.spec.shape?.length === first?.array.shape.length ? first?.spec.shape?.[0] : undefined;
  return named.map((each) => {
    const place = placeOf(each.spec, each.array.shape, count, symbol);
    if (!place || isEmpty(each, model) || (place.kind === 'stacked' && isPlain(each, named))) {
      throw unfit(each.spec, each.array, each.what);
    }
    const other = each.array.shape[0];
    if (place.kind === 'alone' && isNamed(symbol) && each.spec.shape?.[0] === symbol) {
      throw new UserError(
        'badInput',
        `${first?.spec.name} has ${count} samples in ${name}, and ${each.spec.name} has ${other}; the model takes as many of both (${symbol}).`,
      );
    }
    return { ...each, place };
  });
}

/** Whether another array has the samples along the axis that both inputs have for them: then this one has an axis too many. */
const isPlain = ({ spec: { shape } }: Named, named: readonly Named[]) =>
  isNamed(shape?.[0]) &&
  named.some(
    ({ spec, array }) =>
      spec.shape?.[0] === shape?.[0] && array.shape.length === spec.shape?.length,
  );

const isNamed = (symbol: Dim | undefined) => typeof symbol === 'string';

/** Only a state may begin empty. Files without samples are told as such. */
const isEmpty = ({ spec, array: { shape } }: Named, { purposes }: ModelInputs) =>
  shape.slice(1).includes(0) && purposes.get(spec.name)?.kind !== 'state';

function placeOf(
  spec: InputSpec,
  sizes: readonly number[],
  count: number,
  symbol: Dim | undefined,
): Place | undefined {
  const { shape } = spec;
  if (!shape) return sizes[0] === count ? { kind: 'axis', axis: 0 } : { kind: 'alone' };
  const fits = (these: readonly number[], except: number) =>
    these.length === shape.length &&
    these.every(
      (size, axis) => axis === except || typeof shape[axis] !== 'number' || shape[axis] === size,
    );
  if (sizes.length === shape.length + 1) {
    return sizes[0] === count && fits(sizes.slice(1), -1) ? { kind: 'stacked' } : undefined;
  }
  const axes = sizes.flatMap((size, axis) =>
    size === count && fits(sizes, axis) && (axis === 0 || typeof shape[axis] !== 'number')
      ? [axis]
      : [],
  );
  // The model's own name for the batch decides; a size may agree by chance.
  const axis = axes.find((at) => symbol && shape[at] === symbol) ?? axes[0];
  if (axis !== undefined) return { kind: 'axis', axis };
  return fits(sizes, -1) ? { kind: 'alone' } : undefined;
}

function countOf(columns: readonly Column[]): number {
  for (const { place, array } of columns) {
    if (place.kind === 'axis') return array.shape[place.axis] ?? 1;
    if (place.kind === 'stacked') return array.shape[0] ?? 1;
  }
  return 1;
}

/** The batch size that the model's file insists on. */
function atOnceOf(columns: readonly Column[]): number | undefined {
  if (columns.some(({ place }) => place.kind === 'stacked')) return 1;
  return columns.flatMap(({ place, spec }) => {
    const size = place.kind === 'axis' ? spec.shape?.[place.axis] : undefined;
    return typeof size === 'number' ? [size] : [];
  })[0];
}

/** An input's tensor for the samples at these places, in the input's own type. */
function takeFrom({ spec, array, place, what }: Column, samples: readonly number[]): RunTensor {
  if (place.kind === 'axis') return convertTo(spec, array.take(place.axis, samples), what);
  if (place.kind === 'alone') return convertTo(spec, array.all(), what);
  const one = array.take(0, [samples[0] ?? 0]);
  return convertTo(spec, { ...one, shape: one.shape.slice(1) }, what);
}

const feedsOf = (columns: readonly Column[], samples: readonly number[]): Feeds =>
  Object.fromEntries(columns.map((column) => [column.spec.name, takeFrom(column, samples)]));

/** Rows of the arrays of [samples, …], by the input's name. */
function columnReader(columns: readonly Column[]) {
  return (name: string, most: number): RunTensor | undefined => {
    const column = columns.find(({ spec }) => spec.name === name);
    if (column?.place.kind !== 'axis' || column.place.axis !== 0) return undefined;
    const count = Math.min(most, column.array.shape[0] ?? 0);
    return takeFrom(
      column,
      Array.from({ length: count }, (_, at) => at),
    );
  };
}

interface Labels {
  readonly of: (samples: readonly number[]) => readonly Label[];
  readonly assumed: readonly string[];
}

/**
 * Reads labels of [samples]: whole numbers or names; or whole numbers of [samples, positions]. Throws `badInput` where an array of labels
 * does not fit, or one that was named is missing.
 */
function labelsIn(
  arrays: ReadonlyMap<string, () => StoredArray>,
  specs: readonly InputSpec[],
  { name, label, classes, count }: ArrayOptions & { readonly count: number },
): Labels | undefined {
  const inputs = new Set(specs.map((spec) => spec.name));
  const names = label === undefined ? labelNames.filter((each) => !inputs.has(each)) : [label];
  for (const key of names) {
    const array = arrays.get(key)?.();
    if (!array || (label === undefined && !isOfLabels(array))) continue;
    if (isOfLabels(array) && array.shape[0] === count) return labelsOf(array, classes, name);
    throw new UserError(
      'badInput',
      `${key} in ${name} is ${describeTensor(array)}; labels are [${count}], or whole numbers [${count}, positions].`,
    );
  }
  if (label === undefined) return undefined;
  throw new UserError(
    'badInput',
    `${name} has no array ${quoted(label)}: it has ${[...arrays.keys()].join(', ')}.`,
  );
}

function labelsOf(
  array: StoredArray,
  classes: ClassNumbers | undefined,
  name: string,
): Labels | undefined {
  const read = (samples: readonly number[]) => array.take(0, samples);
  if (array.dtype === 'string') {
    const all = array.all().data as readonly string[];
    const { of, assumed } = labelling(all[0], () => all, classes, name);
    const where = (sample: number) => `Sample ${sample + 1} of ${name}`;
    return { of: (samples) => samples.map((at) => of(all[at], where(at)) ?? NaN), assumed };
  }
  // Targets of a regression are no classes.
  const isWhole = /int|bool/.test(array.dtype) || labelsFrom(array.all()).every(isClass);
  return isWhole ? { of: (samples) => labelsFrom(read(samples)), assumed: [] } : undefined;
}

const isClass = (label: Label) => Number.isNaN(label) || Number.isInteger(label);

const isOfLabels = ({ shape, dtype }: StoredArray) =>
  shape.length === 1 || (shape.length === 2 && (shape[1] === 1 || /int|bool/.test(dtype)));

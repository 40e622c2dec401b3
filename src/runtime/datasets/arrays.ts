import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import type { Dim } from '../../onnx/model';
import { describeSpec, type InputSpec } from '../inputs';
import type { Feeds, RunTensor } from '../runner';
import { convertTo, describeTensor } from './convert';
import { type Dataset, datasetOf } from './dataset';
import { cutToLongest, lengthSource, rowLengths } from './padding';
import { numberAt, takeAxis } from './slices';

/** Along which axis an input's samples lie; `alone` is the same for every sample, `stacked` has an axis more than the model's input. */
type Place =
  { readonly kind: 'axis'; readonly axis: number } | { readonly kind: 'stacked' | 'alone' };

interface Column {
  readonly spec: InputSpec;
  readonly tensor: RunTensor;
  readonly place: Place;
}

/** Names under which archives carry the samples' classes. */
const labelNames = ['label', 'labels', 'target', 'targets', 'y'];

/**
 * Arrays by input name as samples. `optional` names inputs that may be left out. Throws `badInput` that says what the model takes when an
 * array is missing or does not fit.
 */
export function arrayDataset(
  arrays: ReadonlyMap<string, RunTensor>,
  specs: readonly InputSpec[],
  optional: ReadonlySet<string>,
  name: string,
): Dataset {
  const columns = placeColumns(matchNames(arrays, specs, optional, name), name);
  const count = countOf(columns);
  const fixed = fixedBatch(columns);
  if (fixed !== undefined && count < fixed) {
    throw new UserError(
      'badInput',
      `${name} has ${count} samples; the model takes ${fixed} at once.`,
    );
  }
  const stacked = columns.some(({ place }) => place.kind === 'stacked');
  const source = lengthSource(specs, feedsOf(columns));
  const labels = labelsOf(arrays, specs, count);
  const lengths = source && rowLengths(feedsOf(columns), source);
  return datasetOf({
    name,
    count,
    atOnce: stacked ? 1 : fixed,
    lengths: () => lengths,
    select: (samples) => ({
      feeds: cutToLongest(specs, feedsOf(columns, samples), source),
      labels: labels && samples.map((sample) => labels[sample] ?? NaN),
    }),
  });
}

function matchNames(
  arrays: ReadonlyMap<string, RunTensor>,
  specs: readonly InputSpec[],
  optional: ReadonlySet<string>,
  name: string,
): { spec: InputSpec; tensor: RunTensor }[] {
  const [onlyInput] = specs;
  const [onlyArray] = arrays.values();
  if (specs.length === 1 && arrays.size === 1 && onlyInput && onlyArray) {
    return [{ spec: onlyInput, tensor: convertTo(onlyInput, onlyArray, name) }];
  }
  return specs.flatMap((spec) => {
    const tensor = arrays.get(spec.name);
    if (tensor) return [{ spec, tensor: convertTo(spec, tensor, `${spec.name} in ${name}`) }];
    if (optional.has(spec.name)) return [];
    throw new UserError(
      'badInput',
      `${name} has nothing for the input ${quoted(spec.name)} (${describeSpec(spec)}); it has ${[...arrays.keys()].join(', ') || 'no arrays'}.`,
    );
  });
}

function placeColumns(
  pairs: readonly { spec: InputSpec; tensor: RunTensor }[],
  name: string,
): Column[] {
  const first = pairs.find(({ tensor }) => tensor.shape.length > 0);
  const count = first?.tensor.shape[0] ?? 1;
  const symbol =
    first?.spec.shape?.length === first?.tensor.shape.length ? first?.spec.shape?.[0] : undefined;
  return pairs.map(({ spec, tensor }) => {
    const place = placeOf(spec, tensor, count, symbol);
    if (!place) {
      throw new UserError(
        'badInput',
        `${spec.name} in ${name} is ${describeTensor(tensor)}; the model takes ${describeSpec(spec)}.`,
      );
    }
    return { spec, tensor, place };
  });
}

function placeOf(
  spec: InputSpec,
  tensor: RunTensor,
  count: number,
  symbol: Dim | undefined,
): Place | undefined {
  const { shape } = spec;
  if (!shape) return tensor.shape[0] === count ? { kind: 'axis', axis: 0 } : { kind: 'alone' };
  const fits = (sizes: readonly number[], except: number) =>
    sizes.length === shape.length &&
    sizes.every(
      (size, axis) => axis === except || typeof shape[axis] !== 'number' || shape[axis] === size,
    );
  if (tensor.shape.length === shape.length + 1) {
    return tensor.shape[0] === count && fits(tensor.shape.slice(1), -1)
      ? { kind: 'stacked' }
      : undefined;
  }
  const axes = tensor.shape.flatMap((size, axis) =>
    size === count && fits(tensor.shape, axis) && (axis === 0 || typeof shape[axis] !== 'number')
      ? [axis]
      : [],
  );
  // The model's own name for the batch decides; a size may agree by chance.
  const axis = axes.find((at) => symbol && shape[at] === symbol) ?? axes[0];
  if (axis !== undefined) return { kind: 'axis', axis };
  return fits(tensor.shape, -1) ? { kind: 'alone' } : undefined;
}

function countOf(columns: readonly Column[]): number {
  for (const { place, tensor } of columns) {
    if (place.kind === 'axis') return tensor.shape[place.axis] ?? 1;
    if (place.kind === 'stacked') return tensor.shape[0] ?? 1;
  }
  return 1;
}

/** The batch size that the model's file insists on. */
function fixedBatch(columns: readonly Column[]): number | undefined {
  for (const { place, spec } of columns) {
    const size = place.kind === 'axis' ? spec.shape?.[place.axis] : undefined;
    if (typeof size === 'number') return size;
  }
  return undefined;
}

/** Of the samples at these places, or of all where none are named. */
function feedsOf(columns: readonly Column[], samples?: readonly number[]): Feeds {
  return Object.fromEntries(
    columns.map(({ spec, tensor, place }) => {
      if (place.kind === 'axis' && samples) {
        return [spec.name, takeAxis(tensor, place.axis, samples)];
      }
      if (place.kind !== 'stacked') return [spec.name, tensor];
      const one = takeAxis(tensor, 0, [samples?.[0] ?? 0]);
      return [spec.name, { ...one, shape: one.shape.slice(1) }];
    }),
  );
}

function labelsOf(
  arrays: ReadonlyMap<string, RunTensor>,
  specs: readonly InputSpec[],
  count: number,
): number[] | undefined {
  const inputs = new Set(specs.map((spec) => spec.name));
  const found = labelNames
    .filter((label) => !inputs.has(label))
    .map((label) => arrays.get(label))
    .find((tensor) => tensor?.shape.length === 1 && tensor.shape[0] === count);
  return found && Array.from({ length: count }, (_, index) => numberAt(found, index));
}

import { type InputSpec, isUnnamed } from '../inputs';
import type { Feeds, RunTensor } from '../runner';
import type { ModelInputs } from './model';
import { numberAt, sliceAxis } from './slices';

/** Which input says how long a sample is: a mask by its ones, or ids by what is not padding. */
export interface LengthSource {
  readonly name: string;
  readonly padding: number;
}

/** Rows that are looked at to tell what stands for padding. */
const rowsToTell = 4096;

/**
 * Finds it among inputs of [batch, length] whose length is not fixed; undefined for data without padding. `read` gives an input's first
 * rows, so many at most, or undefined where its samples are not its rows.
 */
export function lengthSource(
  { specs, purposes }: ModelInputs,
  read: (input: string, most: number) => RunTensor | undefined,
): LengthSource | undefined {
  const flat = (kinds: readonly string[]) =>
    specs.filter(({ name, dtype, shape }) => {
      const isWhole = /^u?int(32|64)$|^bool$/.test(dtype);
      const isOpen = shape?.length === 2 && typeof shape[1] !== 'number';
      return isWhole && isOpen && kinds.includes(purposes.get(name)?.kind ?? '');
    });
  const mask = flat(['mask']).find(({ name }) => read(name, 1));
  if (mask) return { name: mask.name, padding: 0 };
  for (const { name } of flat(['ids', 'count'])) {
    const padding = usualEnd(read(name, rowsToTell));
    if (padding !== undefined) return { name, padding };
  }
  return undefined;
}

/** The value in which most rows end, if those rows end in it at different places: padding, and not a closing token. */
function usualEnd(tensor: RunTensor | undefined): number | undefined {
  const [rows = 0, length = 0] = tensor?.shape ?? [];
  if (!tensor || rows < 2 || length < 2) return undefined;
  const counts = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const last = numberAt(tensor, (row + 1) * length - 1);
    const isRepeated = last === numberAt(tensor, (row + 1) * length - 2);
    if (isRepeated) counts.set(last, (counts.get(last) ?? 0) + 1);
  }
  const [value, count] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [undefined, 0];
  return count * 2 > rows ? value : undefined;
}

/** The feeds without the columns that are padding in every sample; one more of them is left where the rest would be `unlike` long. */
export function cutToLongest(
  specs: readonly InputSpec[],
  feeds: Feeds,
  source: LengthSource | undefined,
  unlike?: number,
): Feeds {
  const lengths = source && feeds[source.name];
  const spec = specs.find(({ name }) => name === source?.name);
  if (!source || !lengths || !spec) return feeds;
  const width = lengths.shape[1] ?? 0;
  const longest = Math.max(1, ...rowLengths(lengths, source.padding));
  const length = longest === unlike ? longest + 1 : longest;
  if (length >= width) return feeds;
  return Object.fromEntries(
    specs.flatMap((other) => {
      const tensor = feeds[other.name];
      return tensor ? [[other.name, cutAxes(tensor, other, spec, length)] as const] : [];
    }),
  );
}

/** Positions of every row of [rows, width] up to the last that is not padding. */
export function rowLengths(tensor: RunTensor, padding: number): readonly number[] {
  const [rows = 0, width = 0] = tensor.shape;
  return Array.from({ length: rows }, (_, row) => {
    let length = width;
    while (length > 0 && numberAt(tensor, row * width + length - 1) === padding) length--;
    return length;
  });
}

/** Cuts the axes that are as long as the samples: those of the same name, or of the same size where the model has no names. */
function cutAxes(
  tensor: RunTensor,
  spec: InputSpec,
  lengths: InputSpec,
  length: number,
): RunTensor {
  let result = tensor;
  for (let axis = 1; axis < tensor.shape.length; axis++) {
    const isSame = isUnnamed(lengths, 1)
      ? isUnnamed(spec, axis) && tensor.shape.length === 2
      : spec.shape?.[axis] === lengths.shape?.[1];
    if (isSame) result = sliceAxis(result, axis, 0, length);
  }
  return result;
}

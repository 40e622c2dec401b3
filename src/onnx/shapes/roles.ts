import { dtypes, type DType } from '../../tensor/dtype';
import type { Model } from '../model';
import { sizedDim } from './hints';
import type { Shape } from './dims';

/** What a dimension of an input counts. */
const kinds = {
  batch: { role: 'batch', size: 1 },
  sequence: { role: 'sequence', size: 128 },
  /** One second at the rate that speech models take. */
  samples: { role: 'sequence', size: 16000 },
  /** Tokens in the key/value caches; empty unless asked for. */
  past: { role: 'other', size: 0 },
  /** Tokens in the caches and new ones together. */
  total: { role: 'other', size: 128 },
  channels: { role: 'other', size: 3 },
  height: { role: 'other', size: 224 },
  width: { role: 'other', size: 224 },
  depth: { role: 'other', size: 16 },
  other: { role: 'other', size: 1 },
} as const;

/** What a dimension counts. */
export type DimensionKind = keyof typeof kinds;
/** What a person calls it by, whatever the exporter does. */
export type DimensionRole = (typeof kinds)[DimensionKind]['role'];

/** The role of each kind, and the size taken where none is asked for. */
export const dimensionKinds: Readonly<
  Record<DimensionKind, { readonly role: DimensionRole; readonly size: number }>
> = kinds;

/** An input that a caller feeds, dimensions without a name under the name made up for them. */
export interface DynamicInput {
  readonly name: string;
  readonly dtype: DType;
  /** Undefined where the model does not even give the rank. */
  readonly shape: Shape | undefined;
}

/** The symbol under which a dimension without a name is given its size. */
export function unnamedSymbol(input: string, axis: number): string {
  return `${input}.${axis}`;
}

/** Tensors that the model asks its caller for; initializers that old models list as inputs are not among them. */
export function fedInputs(model: Model): readonly DynamicInput[] {
  const initializers = new Set(model.graph.initializers.map((tensor) => tensor.name));
  return model.graph.inputs.flatMap(({ name, type }) => {
    if (type?.kind !== 'tensor' || initializers.has(name)) return [];
    const shape = type.shape?.map(
      (dim, axis) => sizedDim(dim, new Map()) ?? unnamedSymbol(name, axis),
    );
    return [{ name, dtype: type.dtype, shape }];
  });
}

/** Symbol → what it counts, from its name, or else from where it stands in which kind of input. In order of appearance. */
export function kindsOf(inputs: readonly DynamicInput[]): ReadonlyMap<string, DimensionKind> {
  const known = new Map<string, DimensionKind>();
  for (const input of inputs) {
    const places = placesOf(input, inputs);
    input.shape?.forEach((dim, axis) => {
      if (typeof dim !== 'string') return;
      const byName = kindByName(dim, input.name);
      // Exporters call the length of a sound a sequence as well.
      const isSound = places[axis] === 'samples' && byName === 'sequence';
      const kind = (isSound ? undefined : byName) ?? places[axis] ?? 'other';
      const before = known.get(dim);
      if (before === undefined || before === 'other') known.set(dim, kind);
    });
  }
  return known;
}

/** Single letters mean something only as the capitals that shapes are written with. */
const names: readonly (readonly [pattern: RegExp, kind: DimensionKind])[] = [
  [/total|past.*\+|\+.*past|kv_?seq|kv_?len|mask_?len/i, 'total'],
  [/past|cache/i, 'past'],
  [/batch|^bsz?$/i, 'batch'],
  [/^[NB]$/, 'batch'],
  [/chan/i, 'channels'],
  [/^C$/, 'channels'],
  [/height|^rows$/i, 'height'],
  [/^H$/, 'height'],
  [/width|^col(umn)?s$/i, 'width'],
  [/^W$/, 'width'],
  [/sample|audio|wav/i, 'samples'],
  [/seq|tokens|source|target|src|tgt|length|time|frames|^len$/i, 'sequence'],
  [/^[STL]$/, 'sequence'],
];

/** The made-up names say nothing but the input's. */
function kindByName(symbol: string, input: string): DimensionKind | undefined {
  if (symbol.startsWith(`${input}.`)) return undefined;
  return names.find(([pattern]) => pattern.test(symbol))?.[1];
}

type Places = readonly (DimensionKind | undefined)[];

/** What stands where in an input of this type and rank. */
function placesOf(input: DynamicInput, all: readonly DynamicInput[]): Places {
  const shape = input.shape ?? [];
  const isFloat = dtypes[input.dtype].class === 'float';
  if (!isFloat) return indexPlaces(input, all);
  const hasIds = all.some((other) => other.shape?.length === 2 && isIds(other));
  if (shape.length === 1) return ['samples'];
  // Beside ids it is a mask; alone, a number for every moment of a sound.
  if (shape.length === 2) return ['batch', hasIds ? 'sequence' : 'samples'];
  if (shape.length === 3 && shape[1] === 1) return ['batch', undefined, 'samples'];
  if (shape.length === 3) return vectorPlaces(input, all);
  if (shape.length === 4) return isCache(input, all) ? cachePlaces(shape) : imagePlaces(shape);
  // Older caches hold keys and values in one tensor [2, batch, heads, past, size].
  if (shape.length === 5 && shape[0] === 2)
    return [undefined, 'batch', undefined, 'past', undefined];
  return ['batch', 'channels', 'depth', 'height', 'width'].slice(0, shape.length) as Places;
}

function isIds(input: DynamicInput): boolean {
  return dtypes[input.dtype].class === 'int';
}

/** Ids and masks. A mask as long as cache and tokens together carries another symbol than the ids. */
function indexPlaces(input: DynamicInput, all: readonly DynamicInput[]): Places {
  const rank = input.shape?.length ?? 0;
  if (rank <= 1) return ['batch'];
  if (rank === 4) return ['batch', undefined, 'sequence', 'total'];
  const hasCache = all.some((other) => isCache(other, all));
  const ids = all.find(
    (other) => other !== input && other.shape?.length === 2 && !/mask/i.test(other.name),
  );
  const longer = hasCache && /mask/i.test(input.name) && ids?.shape?.[1] !== input.shape?.[1];
  if (rank === 2) return ['batch', longer ? 'total' : 'sequence'];
  return ['batch', ...Array<undefined>(rank - 2).fill(undefined), 'sequence'];
}

/** [batch, time, features], [batch, features, time], or a state [layers, batch, features]. */
function vectorPlaces(input: DynamicInput, all: readonly DynamicInput[]): Places {
  const [first, second, third] = input.shape ?? [];
  if (typeof first === 'number') {
    const others = all.some((other) => other !== input && typeof other.shape?.[0] === 'string');
    const isState = /^[hc]_?[0n]$|state|hidden/i.test(input.name) || (first > 1 && others);
    return [undefined, isState ? 'batch' : 'sequence', 'sequence'];
  }
  return typeof second === 'number' && typeof third !== 'number'
    ? ['batch', undefined, 'sequence']
    : ['batch', 'sequence', 'other'];
}

/** Keys or values of earlier tokens: by name, or [batch, heads, past, size] beside ids. */
function isCache(input: DynamicInput, all: readonly DynamicInput[]): boolean {
  const shape = input.shape;
  if (shape?.length !== 4 || dtypes[input.dtype].class !== 'float') return false;
  if (/past|cache|key_?values?|present/i.test(input.name)) return true;
  const hasIds = all.some((other) => other.shape?.length === 2 && isIds(other));
  const like =
    typeof shape[1] === 'number' && typeof shape[2] === 'string' && typeof shape[3] === 'number';
  return hasIds && like;
}

function cachePlaces(shape: Shape): Places {
  return typeof shape[2] === 'string'
    ? ['batch', 'other', 'past', undefined]
    : ['batch', 'past', undefined, undefined];
}

function imagePlaces(shape: Shape): Places {
  const last = shape[3];
  const channelsLast = typeof last === 'number' && last <= 4 && typeof shape[1] !== 'number';
  return channelsLast
    ? ['batch', 'height', 'width', 'channels']
    : ['batch', 'channels', 'height', 'width'];
}

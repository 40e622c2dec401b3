import { intAttribute, intsAttribute } from '../../attributes';
import type { Dim } from '../../model';
import {
  addDims,
  axisOf,
  countOf,
  isNumeric,
  multiplyDims,
  unknownDims,
  withDim,
  type Shape,
} from '../dims';
import { pick, stridesOf } from '../elements';
import {
  carriesData,
  dataOf,
  dtypeOf,
  fact,
  factOf,
  isGiven,
  maxElements,
  numbersOf,
  scalarOf,
  shapeOf,
  type NodeView,
  type Rule,
} from '../fact';
import { same } from './elementwise';
import { rankFrom } from './shaping';

/** Operators that take some elements out of a tensor, or put some in. */

interface Cut {
  readonly size: Dim;
  /** Undefined where it is not known; then elements cannot be followed. */
  readonly start: number | undefined;
  readonly step: number;
}

const slice: Rule = (view) => {
  const source = view.inputs[0];
  if (!source?.shape) return [source && fact(source.dtype, undefined)];
  const cuts = cutsOf(view, source.shape);
  const shape = cuts ? cuts.map((cut) => cut.size) : unknownDims(source.shape.length);
  const data = cuts && carriesData(source) ? view.decode(source) : undefined;
  return [factOf(source.dtype, shape, data && cutData(data, source.shape, cuts ?? []))];
};

function cutData(data: readonly Dim[], source: Shape, cuts: readonly Cut[]): Dim[] | undefined {
  const shape = cuts.map((cut) => cut.size);
  if (!isNumeric(source) || !isNumeric(shape)) return undefined;
  if (cuts.some((cut) => cut.start === undefined)) return undefined;
  const strides = stridesOf(source);
  const offset = cuts.reduce((sum, cut, i) => sum + (cut.start ?? 0) * (strides[i] ?? 0), 0);
  const steps = cuts.map((cut, i) => cut.step * (strides[i] ?? 0));
  return pick(data, shape, steps, offset);
}

/** What is cut along each axis; undefined where not even the axes are known. */
function cutsOf(view: NodeView, source: Shape): readonly Cut[] | undefined {
  const starts = intsAttribute(view.node, 'starts') ?? dataOf(view, 1) ?? rankFrom(view, 1);
  const ends = intsAttribute(view.node, 'ends') ?? dataOf(view, 2) ?? rankFrom(view, 2);
  const given = intsAttribute(view.node, 'axes');
  const axes = given ?? (isGiven(view, 3) ? numbersOf(view, 3) : starts?.map((_, i) => i));
  const steps = isGiven(view, 4) ? (dataOf(view, 4) ?? []) : axes?.map(() => 1);
  if (!axes || !starts || !ends || !steps) return undefined;
  const cuts: Cut[] = source.map((size) => ({ size, start: 0, step: 1 }));
  axes.forEach((axis, i) => {
    const at = axisOf(axis, source.length);
    if (at === undefined) return;
    cuts[at] = cutOf(source[at] ?? null, starts[i] ?? null, ends[i] ?? null, steps[i] ?? null);
  });
  return cuts;
}

function cutOf(size: Dim, start: Dim, end: Dim, step: Dim): Cut {
  const unknown = { size: null, start: undefined, step: 1 };
  if (typeof step !== 'number' || step === 0) return unknown;
  if (typeof size === 'number' && typeof start === 'number' && typeof end === 'number') {
    return numericCut(size, start, end, step);
  }
  // From the very beginning to the very end, or to a symbol's own end.
  const whole = (typeof end === 'number' && end > 2 ** 31 - 2) || (end !== null && end === size);
  if (step === 1 && start === 0 && whole) return { size, start: 0, step };
  return unknown;
}

function numericCut(size: number, start: number, end: number, step: number): Cut {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (at: number, least: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, least), high);
  const from = clamp(start, step > 0 ? 0 : 0);
  const to = clamp(end, low);
  return { size: Math.max(0, Math.ceil((to - from) / step)), start: from, step };
}

const gather: Rule = (view) => {
  const source = shapeOf(view, 0);
  const indices = shapeOf(view, 1);
  const axis = source && axisOf(intAttribute(view.node, 'axis', 0), source.length);
  if (!source || !indices || axis === undefined) return [fact(dtypeOf(view, 0), undefined)];
  const shape = [...source.slice(0, axis), ...indices, ...source.slice(axis + 1)];
  return [factOf(dtypeOf(view, 0), shape, axis === 0 ? gathered(view, source) : undefined)];
};

/** Whole rows of the first axis. */
function gathered(view: NodeView, source: Shape): readonly Dim[] | undefined {
  const whole = view.inputs[0];
  if (!whole || !carriesData(whole) || !isNumeric(source)) return undefined;
  const rows = numbersOf(view, 1);
  const data = rows && view.decode(whole);
  const width = countOf(source.slice(1)) ?? 0;
  if (!rows || !data || rows.length * width > maxElements) return undefined;
  return rows.flatMap((row) => {
    const at = (row < 0 ? row + (source[0] ?? 0) : row) * width;
    return Array.from({ length: width }, (_, i) => data[at + i] ?? null);
  });
}

const gatherElements: Rule = (view) => [fact(dtypeOf(view, 0), shapeOf(view, 1))];

const gatherND: Rule = (view) => {
  const source = shapeOf(view, 0);
  const indices = shapeOf(view, 1);
  const depth = indices?.at(-1);
  if (!source || !indices || typeof depth !== 'number') return [fact(dtypeOf(view, 0), undefined)];
  const batch = intAttribute(view.node, 'batch_dims', 0);
  const shape = [...indices.slice(0, -1), ...source.slice(batch + depth)];
  return [fact(dtypeOf(view, 0), shape)];
};

/** As many columns as elements differ from zero: known only where every element is the same. */
const nonZero: Rule = (view) => {
  const source = view.inputs[0];
  if (!source?.shape) return [fact('int64', [null, null])];
  const rank = Math.max(1, source.shape.length);
  const data = carriesData(source) ? view.decode(source) : undefined;
  if (isNumeric(data)) return [fact('int64', [rank, data.filter((value) => value !== 0).length])];
  if (source.fill === undefined) return [fact('int64', [rank, null])];
  return [fact('int64', [rank, source.fill ? (countOf(source.shape) ?? null) : 0])];
};

const unique: Rule = (view) => {
  const source = shapeOf(view, 0);
  const given = intAttribute(view.node, 'axis');
  const axis = given === undefined ? undefined : axisOf(given, source?.length ?? 0);
  const values =
    given === undefined
      ? [null]
      : source && axis !== undefined
        ? withDim(source, axis, null)
        : undefined;
  const along = axis === undefined ? (countOf(source) ?? null) : (source?.[axis] ?? null);
  const indices = fact('int64', [null]);
  return [fact(dtypeOf(view, 0), values), indices, fact('int64', [along]), indices];
};

const topK: Rule = (view) => {
  const source = shapeOf(view, 0);
  const axis = source && axisOf(intAttribute(view.node, 'axis', -1), source.length);
  const k = intAttribute(view.node, 'k') ?? scalarOf(view, 1) ?? null;
  const shape = source && axis !== undefined ? withDim(source, axis, k) : undefined;
  return [fact(dtypeOf(view, 0), shape), fact('int64', shape)];
};

const oneHot: Rule = (view) => {
  const indices = shapeOf(view, 0);
  const axis = indices && axisOf(intAttribute(view.node, 'axis', -1), indices.length + 1);
  const depth = scalarOf(view, 1) ?? null;
  const shape = indices && axis !== undefined ? indices.toSpliced(axis, 0, depth) : undefined;
  return [fact(dtypeOf(view, 2), shape)];
};

const compress: Rule = (view) => {
  const source = shapeOf(view, 0);
  const condition = numbersOf(view, 1);
  const count = condition ? condition.filter((value) => value !== 0).length : null;
  const given = intAttribute(view.node, 'axis');
  if (given === undefined) return [fact(dtypeOf(view, 0), [count])];
  const axis = source && axisOf(given, source.length);
  const shape = source && axis !== undefined ? withDim(source, axis, count) : undefined;
  return [fact(dtypeOf(view, 0), shape)];
};

const pad: Rule = (view) => {
  const source = shapeOf(view, 0);
  const pads =
    intsAttribute(view.node, 'pads') ?? intsAttribute(view.node, 'paddings') ?? dataOf(view, 1);
  const axes = isGiven(view, 3) ? numbersOf(view, 3) : source?.map((_, i) => i);
  if (!source) return [fact(dtypeOf(view, 0), pads && unknownDims(pads.length / 2))];
  if (!pads || !axes || pads.length !== axes.length * 2) {
    return [fact(dtypeOf(view, 0), unknownDims(source.length))];
  }
  const result = [...source];
  axes.forEach((axis, i) => {
    const at = axisOf(axis, source.length);
    if (at === undefined) return;
    const added = addDims(pads[i] ?? null, pads[i + axes.length] ?? null);
    result[at] = notNegative(addDims(source[at] ?? null, added));
  });
  return [fact(dtypeOf(view, 0), result)];
};

function notNegative(dim: Dim): Dim {
  return typeof dim === 'number' && dim < 0 ? null : dim;
}

/** Codes of a table, packed along its last axis, unpacked into rows of the scales' type. */
const gatherBlockQuantized: Rule = (view) => {
  const source = shapeOf(view, 0);
  const indices = shapeOf(view, 1);
  const axis = source && axisOf(intAttribute(view.node, 'gather_axis', 0), source.length);
  if (!source || !indices || axis === undefined) return [fact(dtypeOf(view, 2), undefined)];
  const packed = dtypeOf(view, 0) === 'uint8' ? 8 / intAttribute(view.node, 'bits', 4) : 1;
  const table = withDim(source, source.length - 1, multiplyDims(source.at(-1) ?? null, packed));
  return [fact(dtypeOf(view, 2), [...table.slice(0, axis), ...indices, ...table.slice(axis + 1)])];
};

/** The rules of operators that take elements out or put them in. */
export const indexingRules = {
  Slice: slice,
  DynamicSlice: slice,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  NonZero: nonZero,
  Unique: unique,
  TopK: topK,
  OneHot: oneHot,
  Compress: compress,
  Pad: pad,
  Scatter: same,
  ScatterElements: same,
  ScatterND: same,
  TensorScatter: same,
  ReverseSequence: same,
  NonMaxSuppression: () => [fact('int64', [null, 3])],
  'com.microsoft.GatherND': gatherND,
  'com.microsoft.GatherBlockQuantized': gatherBlockQuantized,
  'com.microsoft.Pad': pad,
  'com.microsoft.Unique': (view) => [
    fact(dtypeOf(view, 0), [null]),
    fact('int64', shapeOf(view, 0)),
    fact('int64', [null]),
  ],
  'com.microsoft.TorchEmbedding': (view) => {
    const rows = shapeOf(view, 1);
    return [fact(dtypeOf(view, 0), rows && [...rows, shapeOf(view, 0)?.[1] ?? null])];
  },
} satisfies Record<string, Rule>;

import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import { normal, type Random, seededRandom } from '../base/random';
import type { GraphIndex } from '../onnx/graph';
import type { DimensionSizes, Shapes } from '../onnx/shapes/shapes';
import { elementCount } from '../onnx/model';
import type { DType } from '../tensor/dtype';
import { isArrayType, tensorOf } from './arrays';
import { describeSpec, inputSpecs, type InputSpec } from './inputs';
import { type Purpose, purposeOf } from './purpose';
import type { Feeds, RunTensor } from './runner';

export interface FeedSizes {
  readonly sizes: DimensionSizes;
  /** Whole shapes given for inputs; they come before `sizes`. */
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>;
}

/**
 * Made-up inputs, the same for the same seed: token ids inside the vocabulary, positions counted up, masks of ones, states of zeros,
 * signals from N(0, 1). Inputs in `given` are left out. Throws `badInput` for a dimension without a size.
 */
export function syntheticFeeds(
  index: GraphIndex,
  shapes: Shapes,
  at: FeedSizes,
  seed: number,
  given: Feeds = {},
): Feeds {
  const random = seededRandom(seed);
  const feeds: Record<string, RunTensor> = {};
  for (const spec of inputSpecs(index.model)) {
    if (given[spec.name]) continue;
    const shape = shapeFor(spec, at);
    feeds[spec.name] = madeUp(spec, shape, purposeOf(spec, index, shapes), { random, at });
  }
  return feeds;
}

/** Sizes of an input's dimensions. Throws `badInput` naming the dimension that has none. */
function shapeFor(spec: InputSpec, { sizes, inputShapes }: FeedSizes): readonly number[] {
  const whole = inputShapes?.get(spec.name);
  if (whole) return whole;
  const sized = spec.shape?.map((size) => (typeof size === 'string' ? sizes.get(size) : size));
  if (sized?.every((size) => typeof size === 'number')) return sized;
  throw new UserError(
    'badInput',
    `The input ${quoted(spec.name)} (${describeSpec(spec)}) has a dimension without a size.`,
    `Give its shape, e.g. ${spec.name}=${spec.shape?.map((size) => (typeof size === 'number' ? size : 1)).join('x') || '1'}.`,
  );
}

interface Making {
  readonly random: Random;
  readonly at: FeedSizes;
}

function madeUp(
  spec: InputSpec,
  shape: readonly number[],
  purpose: Purpose,
  making: Making,
): RunTensor {
  const { dtype } = spec;
  if (dtype === 'string') {
    return { dtype, shape, data: Array.from({ length: elementCount(shape) }, () => 'text') };
  }
  if (!isArrayType(dtype)) {
    throw new UserError(
      'unsupported',
      `The input ${quoted(spec.name)} is ${dtype}, which ONNX Runtime’s Node interface cannot carry.`,
    );
  }
  const value = valuesFor(purpose, shape, dtype, making);
  return tensorOf(
    dtype,
    shape,
    Float64Array.from({ length: elementCount(shape) }, (_, at) => value(at)),
  );
}

/** Element at an index → its value. */
type Values = (index: number) => number;

function valuesFor(
  purpose: Purpose,
  shape: readonly number[],
  dtype: DType,
  { random, at }: Making,
): Values {
  switch (purpose.kind) {
    case 'ids':
      return () => Math.floor(random() * purpose.rows);
    case 'positions':
      return (index) => (index % (shape.at(-1) ?? 1)) % purpose.rows;
    case 'types':
    case 'state':
    case 'text':
      return () => 0;
    case 'mask':
    case 'count':
      return () => 1;
    case 'lengths':
      return () => longest(at);
    case 'signal':
      return dtype === 'uint8' ? () => Math.floor(random() * 256) : () => normal(random);
  }
}

/** What lengths say: everything is as long as the longest dimension that was given a size. */
function longest({ sizes, inputShapes }: FeedSizes): number {
  const shapes = [...(inputShapes?.values() ?? [])].map((shape) => shape[1] ?? 1);
  return Math.max(1, ...sizes.values(), ...shapes);
}

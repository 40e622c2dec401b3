import { elementCount, type Tensor } from '../onnx/model';
import { dtypes } from '../tensor/dtype';
import type { Source, Step } from './flow';
import { newHeap } from './heap';

/** The step that makes a value, or undefined for tensors and inputs. */
export const stepOf = (source: Source | undefined): Step | undefined =>
  source?.kind === 'step' ? source.step : undefined;

/** The step that makes a value, storage conversions skipped. */
export function maker(source: Source | undefined): Step | undefined {
  let step = stepOf(source);
  for (let guard = 0; step?.operator.kind === 'cast' && guard < 64; guard++) {
    step = stepOf(step.operands[0]);
  }
  return step;
}

/** A value with storage conversions skipped. */
export function plain(source: Source | undefined): Source | undefined {
  let at = source;
  for (
    let guard = 0;
    at?.kind === 'step' && at.step.operator.kind === 'cast' && guard < 64;
    guard++
  ) {
    at = at.step.operands[0];
  }
  return at;
}

export const natureOf = (source: Source | undefined) =>
  source?.kind === 'step'
    ? source.step.nature
    : source?.kind === 'input'
      ? source.nature
      : 'constant';

export const isData = (source: Source | undefined): boolean => natureOf(source) === 'data';

/** Whether a value comes from stored tensors alone, shapes of data allowed: a weight as some exporters write it. */
export function isStored(source: Source | undefined): boolean {
  const nature = source ? natureOf(source) : 'data';
  return nature === 'constant' || nature === 'shape';
}

/** The operands that carry data. */
export const dataOperands = (step: Step): readonly Source[] => step.data;

/** Equal for the same value, told by who makes it. */
export const sameSource = (a: Source | undefined, b: Source | undefined): boolean =>
  sourceKey(a) !== undefined && sourceKey(a) === sourceKey(b);

/** A key that is equal for the same value; undefined for a missing one. */
export function sourceKey(source: Source | undefined): object | string | undefined {
  if (source?.kind === 'step')
    return source.output > 0 ? `${source.step.at}:${source.output}` : source.step;
  return source?.kind === 'tensor' ? source.tensor : source?.name;
}

/** Steps met going up from a value through those that `pass`; a step that `stop`s is reported and not gone through. `most` bounds how many are looked at. */
export function searchUp(
  from: readonly (Source | undefined)[],
  stop: (step: Step) => boolean,
  pass: (step: Step) => boolean,
  most = Infinity,
): Step[] {
  const found: Step[] = [];
  const seen = new Set<Step>();
  for (const source of from) if (source?.kind === 'step' && isData(source)) seen.add(source.step);
  // A set is gone through in the order of insertion, additions on the way included.
  for (const step of seen) {
    if (stop(step)) found.push(step);
    else if (seen.size < most && pass(step))
      for (const source of dataOperands(step)) if (source.kind === 'step') seen.add(source.step);
  }
  return found;
}

/** The latest step above some values at which to stop. */
export function latestAbove(
  from: readonly (Source | undefined)[],
  stop: (step: Step) => boolean,
): Step | undefined {
  return firstMet(from.map(stepOf), stop, {
    rank: (step) => step.at,
    next: (step) => dataOperands(step).map(stepOf),
  });
}

/** The earliest step below some steps at which to stop. */
export function earliestBelow(
  from: readonly Step[],
  stop: (step: Step) => boolean,
): Step | undefined {
  return firstMet(
    from.flatMap((step) => step.readers),
    stop,
    {
      rank: (step) => -step.at,
      next: (step) => step.readers,
    },
  );
}

interface Way {
  readonly rank: (step: Step) => number;
  readonly next: (step: Step) => readonly (Step | undefined)[];
}

function firstMet(
  from: readonly (Step | undefined)[],
  stop: (step: Step) => boolean,
  way: Way,
): Step | undefined {
  const heap = newHeap(way.rank);
  const seen = new Set<Step>();
  const add = (step: Step | undefined) => {
    if (!step || seen.has(step) || step.nature !== 'data') return;
    seen.add(step);
    heap.push(step);
  };
  from.forEach(add);
  for (let step = heap.pop(); step; step = heap.pop()) {
    if (stop(step)) return step;
    way.next(step).forEach(add);
  }
  return undefined;
}

/** Steps met going down from a step through those that `pass`; a step that `stop`s is reported and not gone through. */
export function searchDown(
  from: readonly Step[],
  stop: (step: Step) => boolean,
  pass: (step: Step) => boolean,
  most = Infinity,
): Step[] {
  const found: Step[] = [];
  const seen = new Set<Step>();
  for (const step of from) for (const reader of step.readers) seen.add(reader);
  for (const step of seen) {
    if (step.nature !== 'data') continue;
    if (stop(step)) found.push(step);
    else if (seen.size < most && pass(step)) for (const reader of step.readers) seen.add(reader);
  }
  return found;
}

/** Sizes other than 1. */
export const longSides = (shape: readonly number[]): number[] => shape.filter((size) => size !== 1);

export const isFloat = (tensor: Tensor): boolean => dtypes[tensor.dtype].class === 'float';

/** Storage in which quantizers keep weights. */
const packed: readonly string[] = ['uint8', 'int8', 'uint4', 'int4', 'uint2', 'int2'];
export const isPacked = (tensor: Tensor): boolean => packed.includes(tensor.dtype);

export const isScalar = (tensor: Tensor): boolean => elementCount(tensor.shape) <= 1;

const isLearnable = (tensor: Tensor): boolean => isFloat(tensor) || isPacked(tensor);

/** The stored tensor that a value is, seen through conversions, moves and arithmetic with lesser tensors; the largest of several. */
export function storedTensor(source: Source | undefined): Tensor | undefined {
  if (source?.kind === 'tensor') return isLearnable(source.tensor) ? source.tensor : undefined;
  return source?.kind === 'step' && isStored(source) ? source.step.stored : undefined;
}

/** The largest stored tensor among those that give a step its numbers. */
export function largestStored(step: Step): Tensor | undefined {
  let best: Tensor | undefined;
  for (const operand of valueOperands(step)) {
    const tensor = storedTensor(operand);
    if (!tensor) continue;
    if (!best || elementCount(tensor.shape) > elementCount(best.shape)) best = tensor;
  }
  return best;
}

/** The operands that give a step's result its numbers: not the shape of a Reshape, not the scale of a DequantizeLinear. */
export const valueOperands = (step: Step): readonly (Source | undefined)[] =>
  step.operator.kind === 'lookup' ? step.operands.slice(0, 1) : step.operands;

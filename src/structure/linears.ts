import { intAttribute, stringAttribute } from '../onnx/attributes';
import { elementCount } from '../onnx/model';
import { addDraft, operandPosition, shapeAt, type Bench, type LinearParts } from './drafts';
import type { Source, Step } from './flow';
import { isData, isScalar, isStored, longSides, maker, stepOf, storedTensor } from './walk';

/** Finds products and convolutions with a weight, and the steps that belong to them: rescaling after integer products, the bias. */
export function findLinears(bench: Bench): void {
  for (const step of bench.flow.steps) {
    if (step.nature !== 'data' || bench.draftOf.has(step)) continue;
    const convolves = step.operator.kind === 'convolution';
    if (!convolves && step.operator.kind !== 'product') continue;
    const position = weightOperand(step);
    if (position === undefined || isLookUp(step, position)) continue;
    const linear = linearParts(bench, step, position);
    addDraft(bench, {
      kind: convolves ? 'convolution' : 'linear',
      main: step,
      steps: epilogue(bench, step, linear.outWidth),
      role: convolves ? 'conv' : 'dense',
      part: convolves ? 'convolution' : 'other',
      label: convolves ? 'conv' : 'dense',
      linear,
    });
  }
}

/** A product of one-hot rows with a table looks its rows up. */
export function isLookUp(step: Step, position = weightOperand(step)): boolean {
  const data = position === undefined ? undefined : step.operands[1 - position];
  return step.operator.kind === 'product' && oneHot(data) !== undefined;
}

/** The step that makes ids into one-hot rows. */
export function oneHot(source: Source | undefined): Step | undefined {
  let step = maker(source);
  for (let guard = 0; step?.operator.kind === 'layout' && guard < 8; guard++) {
    step = maker(step.operands[0]);
  }
  return step?.op === 'OneHot' && step.nature !== 'data' ? step : undefined;
}

/** Which operand is the weight; undefined where data meets data. */
function weightOperand(step: Step): number | undefined {
  if (step.operator.kind === 'convolution') return isWeight(step.operands[1]) ? 1 : undefined;
  for (let i = step.operands.length - 1; i >= 0; i--) if (isWeight(step.operands[i])) return i;
  for (let i = step.operands.length - 1; i >= 0; i--) if (isChosen(step.operands[i], 3)) return i;
  return undefined;
}

function isWeight(source: Source | undefined): boolean {
  if (!isStored(source)) return false;
  const tensor = storedTensor(source);
  return tensor !== undefined && !isScalar(tensor);
}

/** A weight of an expert, picked from a stored stack of at least so many sides. */
function isChosen(
  source: Source | undefined,
  sides: number,
  by: (index: Source | undefined) => boolean = () => true,
): boolean {
  let step = maker(source);
  for (let guard = 0; step && guard < 16; guard++) {
    const picks = step.op === 'Gather' || step.op === 'GatherND';
    const table = step.operands[0];
    if (picks && isStored(table)) {
      return longSides(storedTensor(table)?.shape ?? []).length >= sides && by(step.operands[1]);
    }
    if (step.operator.kind !== 'layout' || step.op === 'Concat') return false;
    step = maker(table);
  }
  return false;
}

function linearParts(bench: Bench, step: Step, position: number): LinearParts {
  const weight = step.operands[position];
  const data = step.operands[position === 0 ? 1 : 0];
  return { data, weight, ...widths(bench, step, position) };
}

interface Widths {
  readonly inWidth: number | undefined;
  readonly outWidth: number | undefined;
}

const known = (size: number | undefined) =>
  size === undefined || Number.isNaN(size) ? undefined : size;

function widths(bench: Bench, step: Step, position: number): Widths {
  const { node } = step.entry;
  const [k, n] = [intAttribute(node, 'K'), intAttribute(node, 'N')];
  if (k !== undefined && n !== undefined) return { inWidth: k, outWidth: n };
  const operand = operandPosition(step, position);
  const shape = shapeAt(bench, step, operand) ?? storedTensor(step.operands[position])?.shape ?? [];
  if (step.operator.kind === 'convolution') return channels(step, shape);
  if (step.op === 'Einsum') return einsumWidths(node, position, shape);
  const [rows, columns] = shape.length === 1 ? [shape[0], 1] : [shape.at(-2), shape.at(-1)];
  const turned = intAttribute(node, position === 0 ? 'transA' : 'transB', 0) !== 0;
  const inFirst = turned === (position === 0);
  return inFirst
    ? { inWidth: known(rows), outWidth: known(columns) }
    : { inWidth: known(columns), outWidth: known(rows) };
}

function channels(step: Step, shape: readonly number[]): Widths {
  const groups = intAttribute(step.entry.node, 'group', 1);
  const [first, second] = [known(shape[0]), known(shape[1])];
  const wide = second === undefined ? undefined : second * groups;
  return step.op === 'ConvTranspose'
    ? { inWidth: first, outWidth: wide }
    : { inWidth: wide, outWidth: first };
}

/** `abc,cde->abde`: c is contracted, d and e come out. */
function einsumWidths(
  node: Step['entry']['node'],
  position: number,
  shape: readonly number[],
): Widths {
  const [left = '', result = ''] = stringAttribute(node, 'equation', '')
    .replaceAll(' ', '')
    .split('->');
  const letters = [...(left.split(',')[position] ?? '')];
  if (letters.length !== shape.length) return { inWidth: undefined, outWidth: undefined };
  const size = (wanted: boolean) =>
    known(elementCount(shape.filter((_, i) => result.includes(letters[i] ?? '') === wanted)));
  return { inWidth: size(false), outWidth: size(true) };
}

const integerProducts = new Set(['MatMulInteger', 'ConvInteger']);

/** The steps after a product that belong to it: conversion and rescaling of an integer product, and the bias. */
function epilogue(bench: Bench, main: Step, outWidth: number | undefined): Step[] {
  const steps: Step[] = [];
  const integer = integerProducts.has(main.entry.node.op);
  let at = main;
  for (let guard = 0; guard < 8; guard++) {
    const readers = at.readers.filter((reader) => reader.op !== 'Shape');
    const [next] = readers;
    if (!next || readers.length > 1 || bench.draftOf.has(next)) break;
    if (integer && next.op === 'Cast') steps.push(next);
    else if (integer && isRescaling(next, at)) steps.push(next, ...scaleProduct(next, at));
    else if (isBias(next, outWidth)) return [...steps, next];
    else break;
    at = next;
  }
  return [...steps, ...movedBias(bench, at, outWidth)];
}

/** A product with a stored scale, with one that came out of quantizing, or with both multiplied. */
function isRescaling(step: Step, from: Step): boolean {
  const factor = step.operands.find(
    (operand) => maker(operand) !== maker({ kind: 'step', step: from, output: 0 }),
  );
  const isScale = (source: Source | undefined) =>
    isStored(source) ||
    (source?.kind === 'step' && source.step.op === 'DynamicQuantizeLinear' && source.output === 1);
  const scales = stepOf(factor);
  return (
    step.op === 'Mul' &&
    (isScale(factor) || (scales?.op === 'Mul' && scales.operands.every(isScale)))
  );
}

/** The product of the two scales that an integer product is rescaled with. */
function scaleProduct(rescaling: Step, from: Step): Step[] {
  return rescaling.operands.flatMap((operand) => {
    const step = stepOf(operand);
    return step && step !== from && step.op === 'Mul' && step.readers.length === 1 ? [step] : [];
  });
}

function isBias(step: Step, outWidth: number | undefined): boolean {
  if (step.op !== 'Add' || step.operands.length !== 2) return false;
  if (step.operands.some((operand) => isChosen(operand, 2, isData))) return true;
  const vector = step.operands.find((operand) => isStored(operand));
  const tensor = storedTensor(vector);
  if (!tensor || longSides(tensor.shape).length > 1) return false;
  const size = elementCount(tensor.shape);
  return outWidth === undefined ? size > 1 : size === outWidth;
}

const reshapes = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

/** A bias added only after the result has been reshaped or requantized. */
function movedBias(bench: Bench, from: Step, outWidth: number | undefined): Step[] {
  const passed: Step[] = [];
  let at = from;
  for (let guard = 0; guard < 4; guard++) {
    const [next, ...others] = at.readers.filter((reader) => reader.op !== 'Shape');
    if (!next || others.length > 0 || bench.draftOf.has(next)) return [];
    if (isBias(next, outWidth)) return [...passed, next];
    const moves = reshapes.has(next.op) || next.operator.kind === 'cast';
    if (!moves || next.operands[0]?.kind !== 'step') return [];
    passed.push(next);
    at = next;
  }
  return [];
}

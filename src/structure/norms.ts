import { elementCount } from '../onnx/model';
import { addDraft, type Bench } from './drafts';
import type { Source, Step } from './flow';
import {
  dataOperands,
  isData,
  isScalar,
  isStored,
  longSides,
  maker,
  plain,
  sameSource,
  stepOf,
  storedTensor,
} from './walk';

/** Finds norms: the operators, and the arithmetic that older exporters write instead of them. */
export function findNorms(bench: Bench): void {
  for (const step of bench.flow.steps) {
    if (step.nature !== 'data' || bench.draftOf.has(step)) continue;
    if (step.operator.kind === 'norm') {
      addNorm(bench, step, step.op === 'BatchNormalization' ? [] : affine(bench, step));
      continue;
    }
    const root = rootOfSquares(step);
    if (root) addNorm(bench, step, growNorm(bench, root));
  }
}

function addNorm(bench: Bench, main: Step, steps: Iterable<Step>): void {
  addDraft(bench, { kind: 'norm', main, steps, role: 'norm', part: 'norm', label: 'norm' });
}

/** The learnt scale and shift that follow a norm which has none of its own (group norm as exporters write it). */
function affine(bench: Bench, norm: Step): Step[] {
  const steps: Step[] = [];
  const wanted = new Set(['Mul', 'Add']);
  let pending: Step[] = [];
  let at = norm;
  for (let guard = 0; guard < 6; guard++) {
    const [next, ...others] = at.readers.filter((reader) => reader.op !== 'Shape');
    if (!next || others.length > 0 || bench.draftOf.has(next)) break;
    if (wanted.has(next.op) && next.operands.some((operand) => isVector(operand))) {
      wanted.delete(next.op);
      if (next.op === 'Add') wanted.clear();
      steps.push(...pending, next);
      pending = [];
    } else if (next.op === 'Reshape' || next.op === 'Cast') pending.push(next);
    else break;
    at = next;
  }
  return steps;
}

function isVector(source: Source | undefined): boolean {
  if (!isStored(source)) return false;
  const tensor = storedTensor(source);
  return tensor !== undefined && !isScalar(tensor) && longSides(tensor.shape).length <= 1;
}

interface Root {
  readonly input: Source;
  readonly steps: Set<Step>;
}

const takesMean = new Set(['ReduceMean', 'ReduceSum']);
const squares = new Set(['ReduceSumSquare', 'ReduceL2']);

/** Matches √(mean of squares + ε) at the root; `input` is what is normalised. */
function rootOfSquares(step: Step): Root | undefined {
  const steps = new Set([step]);
  if (step.op === 'ReduceL2') return centred(step.operands[0], steps);
  if (step.op !== 'Sqrt' && step.op !== 'Rsqrt' && !isPower(step)) return undefined;
  let at = climb(step.operands[0], steps);
  for (let guard = 0; at && guard < 6; guard++) {
    if (squares.has(at.op)) return centred(at.operands[0], steps);
    if (takesMean.has(at.op)) return squaredOf(climb(at.operands[0], steps), steps);
    // Variance as the mean of squares less the square of the mean.
    const difference = at.op === 'Sub' && at.operands.every((operand) => isData(operand));
    const others = at.operands.filter((operand) => !isStored(operand));
    if (!difference && !(isLimit(at) && others.length === 1)) return undefined;
    at = climb(others[0], steps);
  }
  return undefined;
}

const isPower = (step: Step) => step.op === 'Pow' && isStored(step.operands[1]);
/** ε added, or a lower bound, or the division of a sum by its count. */
const isLimit = (step: Step) => ['Add', 'Max', 'Clip', 'Div', 'Mul'].includes(step.op);

function squaredOf(square: Step | undefined, steps: Set<Step>): Root | undefined {
  if (!square) return undefined;
  const [a, b] = square.operands;
  const isSquare = isPower(square) || (square.op === 'Mul' && sameSource(plain(a), plain(b)));
  return isSquare ? centred(a, steps) : undefined;
}

/** The input itself, or less its mean. */
function centred(source: Source | undefined, steps: Set<Step>): Root | undefined {
  const input = plain(source);
  if (!input || !isData(input)) return undefined;
  const difference = stepOf(input);
  const mean = difference?.op === 'Sub' ? maker(difference.operands[1]) : undefined;
  const from = difference?.operands[0];
  if (
    difference &&
    mean &&
    from &&
    takesMean.has(mean.op) &&
    sameSource(plain(mean.operands[0]), plain(from))
  ) {
    climb(source, steps);
    climb(difference.operands[1], steps);
    return { input: plain(from) ?? from, steps };
  }
  return { input, steps };
}

/** The step behind a value, which joins the set with the conversions passed on the way. */
function climb(source: Source | undefined, steps: Set<Step>): Step | undefined {
  let step = stepOf(source);
  for (let guard = 0; step && guard < 16; guard++) {
    if (step.nature !== 'data') return undefined;
    steps.add(step);
    if (step.operator.kind !== 'cast') return step;
    step = stepOf(step.operands[0]);
  }
  return undefined;
}

/** Adds what follows from the root: the division, the learnt scale and the shift. */
function growNorm(bench: Bench, root: Root): Set<Step> {
  const found = root.steps;
  const left = { scale: true, shift: true };
  const queue = [...found].flatMap((step) => step.readers);
  for (let step = queue.shift(); step; step = queue.shift()) {
    if (found.has(step) || bench.draftOf.has(step) || !belongs(step, root, left)) continue;
    found.add(step);
    queue.push(...step.readers);
  }
  return found;
}

/** A lower bound of a length that something is about to be divided by. */
const isLengthLimit = (step: Step, within: readonly Source[]) =>
  ['Clip', 'Max', 'Add'].includes(step.op) &&
  dataOperands(step).length === 1 &&
  within.every((source) => maker(source)?.op === 'ReduceL2');

function belongs(step: Step, root: Root, left: { scale: boolean; shift: boolean }): boolean {
  const data = dataOperands(step);
  const within = data.filter((source) => source.kind === 'step' && root.steps.has(source.step));
  if (within.length === 0) return false;
  if (step.operator.kind === 'cast' || step.op === 'Reciprocal' || step.op === 'Expand')
    return true;
  if (isLengthLimit(step, within)) return true;
  if (!['Add', 'Sub', 'Mul', 'Div'].includes(step.op)) return false;
  if (data.length === 2) {
    // The input itself is scaled and centred here, never added: that would be a residual.
    const rest = data.filter((source) => !within.includes(source));
    return rest.every((source) => step.op !== 'Add' && sameSource(plain(source), root.input));
  }
  const constant = step.operands.find((operand) => isStored(operand));
  const tensor = storedTensor(constant);
  const single = !tensor || elementCount(tensor.shape) <= 1;
  if (step.op === 'Div') return single && step.operands[0] === constant;
  const slot = step.op === 'Mul' ? 'scale' : 'shift';
  if (single || !left[slot]) return false;
  left[slot] = false;
  // Nothing is scaled after the shift.
  if (slot === 'shift') left.scale = false;
  return true;
}

import { isAll, isMask, isRamp, isSinusoid } from './contents';
import type { Bench, Draft } from './drafts';
import type { Source, Step } from './flow';
import { isRotaryProduct } from './rotary';
import type { Weight } from './structure';
import { isScalar, isStored, longSides, storedTensor } from './walk';

type Use = Weight['kind'];

/** What a stored value is to the layer that reads it at this input of this step. */
export function useAt(bench: Bench, draft: Draft, step: Step, position: number): Use {
  const fixed = step.operator.uses?.[position];
  if (fixed) {
    const made = isPlaceholder(draft, step) || isFiller(bench, step, position);
    return made ? 'constant' : fixed;
  }
  const operand = step.operator.operands?.indexOf(position) ?? position;
  if (operand < 0) return 'constant';
  const source = step.operands[operand];
  if (step === draft.main && draft.linear) {
    if (source === draft.linear.weight) return 'weight';
    return draft.role === 'position' ? 'constant' : givenOrLearnt(bench, source);
  }
  if (step === draft.main && draft.kind === 'embedding') {
    const looksUp = step.operator.kind === 'lookup' || step.operator.kind === 'product';
    if (looksUp && storedTensor(source) === undefined) return 'constant';
    if (step.operator.kind === 'lookup' && operand !== 0) return 'constant';
    return givenOrLearnt(bench, source);
  }
  // Beside the codes of a quantized table: one for each row.
  if (draft.kind === 'embedding' && step.operator.kind === 'lookup') {
    return operand === 0 ? 'scale' : 'constant';
  }
  return arithmeticUse(bench, draft, step, source);
}

/** Coordinates of a place have two or three numbers; nobody learns those. */
const widestPlace = 3;

/** A stored input: learnt (queries, positions), or the sines and cosines of positions, which nobody learns. */
function givenOrLearnt(bench: Bench, source: Source | undefined): Use {
  const tensor = storedTensor(source);
  if (!tensor || (tensor.shape.at(-1) ?? 0) <= widestPlace) return 'constant';
  return isSinusoid(bench, tensor) ? 'constant' : 'table';
}

/** The ones and zeros of a norm whose learnt scale and shift follow it. */
const isPlaceholder = (draft: Draft, step: Step) =>
  draft.kind === 'norm' &&
  step === draft.main &&
  step.operator.kind === 'norm' &&
  step.op !== 'BatchNormalization' &&
  [...draft.steps].some(
    (each) => each.op === 'Mul' && each.operands.some((operand) => isStored(operand)),
  );

/** Zeros or ones that an exporter wrote where the operator wants an input and the module has none. */
function isFiller(bench: Bench, step: Step, position: number): boolean {
  const source = step.inputs[position];
  if (step.operator.kind !== 'norm' || source?.kind !== 'tensor' || !source.holder) return false;
  return isAll(bench, source.tensor, step.operator.uses?.[position] === 'weight' ? 1 : 0);
}

const adds = (step: Step) => step.op === 'Add' || step.op === 'Sum';

/** Multiplies an integer product, or the scale of its input, with the weight's scale. */
function rescales(draft: Draft, step: Step): boolean {
  if (step.op !== 'Mul' || !['MatMulInteger', 'ConvInteger'].includes(draft.main.entry.node.op)) {
    return false;
  }
  const ofInput = step.operands.some(
    (operand) => operand?.kind === 'step' && operand.step.op === 'DynamicQuantizeLinear',
  );
  return ofInput || step.at > draft.main.at;
}

/** A constant in a sum, a product, a look-up or a joining. */
function arithmeticUse(bench: Bench, draft: Draft, step: Step, source: Source | undefined): Use {
  const tensor = storedTensor(source);
  if (!tensor || step.nature !== 'data') return 'constant';
  const vector = longSides(tensor.shape).length <= 1;
  if (draft.linear && vector && adds(step) && step.at > draft.main.at) return 'bias';
  if (draft.linear && rescales(draft, step)) return 'scale';
  if (isScalar(tensor)) return 'constant';
  if (draft.kind === 'norm') {
    return adds(step) || step.op === 'Sub' ? 'bias' : step.op === 'Mul' ? 'weight' : 'constant';
  }
  if (draft.kind === 'scores') {
    if (adds(step)) return isMask(bench, tensor) || isRamp(bench, tensor) ? 'constant' : 'table';
    return step.op === 'Mul' ? 'weight' : step.op === 'Concat' ? 'table' : 'constant';
  }
  if (['product', 'convolution'].includes(step.operator.kind) || chosenTable(step, source)) {
    return 'weight';
  }
  return useAmongLayers(bench, step);
}

/** Learnt where it stands among layers and is no angle. */
function useAmongLayers(bench: Bench, step: Step): Use {
  if (!bench.feeding.has(step) || !bench.following.has(step)) return 'constant';
  if (adds(step)) return 'bias';
  if (step.op === 'Mul') return isRotaryProduct(step) ? 'constant' : 'weight';
  return step.op === 'Concat' || step.op === 'Where' ? 'table' : 'constant';
}

/** A stack of weights from which data picks. */
const chosenTable = (step: Step, source: Source | undefined) =>
  (step.op === 'Gather' || step.op === 'GatherND') &&
  step.operands[0] === source &&
  longSides(storedTensor(source)?.shape ?? []).length >= 2;

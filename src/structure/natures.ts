import { natures, type GrowingStep, type Nature, type Source, type Step } from './flow';
import { isRotaryTable } from './rotary';
import { isScaleLookUp, scaling } from './rowScales';
import { isFloat, isPacked, largestStored, longSides, natureOf, storedTensor } from './walk';

/** Says for every step, sources before readers, what its value depends on. */
export function settleNatures(steps: readonly GrowingStep[]): void {
  // Until its turn comes a step counts as the least: a cycle does not turn constants into data.
  for (const step of steps) step.nature = 'constant';
  for (const step of steps) {
    step.nature = natureFor(step);
    if (step.nature === 'constant' || step.nature === 'shape') step.stored = largestStored(step);
  }
  for (const step of steps) {
    step.data = step.operands.filter(
      (source): source is Source => source !== undefined && natureOf(source) === 'data',
    );
  }
}

/** Layers whatever they are applied to: a constant that goes through one is a learnt input. */
const computes = new Set(['convolution', 'recurrent', 'attention', 'experts']);

function natureFor(step: Step): Nature {
  const most = greatest(step.inputs);
  if (step.op === 'Shape' || step.op === 'Size') return 'shape';
  if (step.op.startsWith('Random') || step.op === 'Multinomial' || step.op === 'Bernoulli')
    return 'data';
  const { kind } = step.operator;
  if (computes.has(kind)) return 'data';
  if (kind === 'lookup') return step.op !== 'Gather' || isEmbedding(step) ? 'data' : most;
  if (kind === 'product') return most !== 'data' && isLearntProduct(step) ? 'data' : most;
  // What an operator of somebody's own makes of its inputs may be anything.
  const foreign = kind === 'other' && !['', 'ai.onnx'].includes(step.entry.node.domain);
  return foreign && most !== 'constant' ? 'data' : most;
}

function greatest(sources: readonly (Source | undefined)[]): Nature {
  return sources.reduce<Nature>((most, source) => {
    const nature = source ? natureOf(source) : 'constant';
    return natures.indexOf(nature) > natures.indexOf(most) ? nature : most;
  }, 'constant');
}

/** Whether a Gather looks rows of a learnt table up: a matrix of floats, or of quantized ones, that is no cache of angles. */
export function isEmbedding(step: Step): boolean {
  const [table, ids] = step.operands;
  if (step.op !== 'Gather' || !ids || natureOf(ids) === 'data') return false;
  if (natureOf(table) !== 'constant') return false;
  const tensor = storedTensor(table);
  if (tensor?.shape.length !== 2 || !(isFloat(tensor) || isPacked(tensor))) return false;
  // Two scaled look-ups that are added look like the sum of a rotation.
  return scaling(step) !== undefined || isScaleLookUp(step) || !isRotaryTable(step);
}

/** Whether a product without data is a layer all the same: learnt queries, or one-hot ids, times a learnt matrix. */
function isLearntProduct(step: Step): boolean {
  const matrices = step.operands.filter((operand) => isMatrix(operand));
  const all = step.operands.every((operand) => natureOf(operand) === 'constant');
  return matrices.length > 0 && !(all && (matrices.length < 2 || isLowRankUpdate(step)));
}

/** Part of one may be read at places that shapes say: a third of the weights of queries, keys and values. */
function isMatrix(source: Source | undefined): boolean {
  if (natureOf(source) === 'data') return false;
  const tensor = storedTensor(source);
  return tensor !== undefined && longSides(tensor.shape).length >= 2;
}

/** B·A of W + B·A: the product of two stored matrices that is added to a third. */
function isLowRankUpdate(step: Step): boolean {
  let at: Step | undefined = step;
  for (let guard = 0; at && guard < 4; guard++) {
    const from: Step = at;
    const reader: Step | undefined = from.readers[0];
    const other = reader?.operands.find(
      (operand) => operand?.kind !== 'step' || operand.step !== from,
    );
    if (reader?.op === 'Add') return isMatrix(other);
    at = reader;
  }
  return false;
}

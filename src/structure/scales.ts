import { elementCount } from '../onnx/model';
import { addDraft, type Bench } from './drafts';
import type { Source, Step } from './flow';
import { isRotaryProduct } from './rotary';
import { dataOperands, isScalar, isStored, longSides, storedTensor } from './walk';

/**
 * Finds learnt factors of each channel: with a shift they are a normalisation whose statistics were folded in, alone they scale
 * what a branch adds (layer scale).
 */
export function findScales(bench: Bench): void {
  for (const step of bench.flow.steps) {
    // What comes before any layer prepares the input, and was not learnt.
    if (!scales(step) || bench.draftOf.has(step) || !bench.following.has(step)) continue;
    const shift = shiftAfter(bench, step);
    if (!shift) {
      addDraft(bench, { kind: 'other', main: step, label: 'scale' });
      continue;
    }
    const steps = [shift];
    addDraft(bench, { kind: 'norm', main: step, steps, role: 'norm', part: 'norm', label: 'norm' });
  }
}

function scales(step: Step): boolean {
  if (step.op !== 'Mul' || step.nature !== 'data' || dataOperands(step).length !== 1) return false;
  return step.operands.some((operand) => isVector(operand)) && !isRotaryProduct(step);
}

function isVector(source: Source | undefined): boolean {
  const tensor = isStored(source) ? storedTensor(source) : undefined;
  return tensor !== undefined && !isScalar(tensor) && longSides(tensor.shape).length === 1;
}

/** The one reader, where it adds as many numbers as were multiplied with. */
function shiftAfter(bench: Bench, step: Step): Step | undefined {
  const [next, ...others] = step.readers.filter((reader) => reader.op !== 'Shape');
  if (next?.op !== 'Add' || others.length > 0 || bench.draftOf.has(next)) return undefined;
  const size = (each: Step) =>
    elementCount(storedTensor(each.operands.find((operand) => isVector(operand)))?.shape ?? []);
  return next.operands.some((operand) => isVector(operand)) && size(next) === size(step)
    ? next
    : undefined;
}

import { elementCount } from '../onnx/model';
import { addDraft, isLinear, type Bench, type Draft } from './drafts';
import type { Source, Step } from './flow';
import { isRotaryProduct } from './rotary';
import { dataOperands, isScalar, isStored, longSides, maker, storedTensor } from './walk';

/**
 * Finds learnt factors of each channel: with a shift they are a normalisation whose statistics were folded in, alone they scale
 * what a branch adds (layer scale).
 */
export function findScales(bench: Bench): void {
  for (const step of bench.flow.steps) {
    if (step.op !== 'Mul' || step.nature !== 'data' || bench.draftOf.has(step)) continue;
    const [data, ...others] = dataOperands(step);
    const before = bench.draftOf.get(maker(data) ?? step);
    if (!data || others.length > 0 || !before || !scales(step, before)) continue;
    const shift = shiftAfter(bench, step);
    if (shift) {
      addDraft(bench, {
        kind: 'norm',
        main: step,
        steps: [shift],
        role: 'norm',
        part: 'norm',
        label: 'norm',
      });
    } else addDraft(bench, { kind: 'other', main: step, label: 'scale' });
  }
}

function scales(step: Step, before: Draft): boolean {
  if (!isLinear(before) && before.kind !== 'context') return false;
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

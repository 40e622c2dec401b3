import type { Source, Step } from './flow';
import { isPacked, maker, storedTensor } from './walk';

/** Rows of codes, each with a scale that is looked up beside it: Gather of codes × Gather of scales, both by the same ids. */

/** The steps that turn looked-up codes into numbers; undefined where the step looks up no codes, or they are not scaled row by row. */
export function scaling(step: Step): readonly Step[] | undefined {
  const codes = storedTensor(step.operands[0]);
  if (step.op !== 'Gather' || !codes || !isPacked(codes)) return undefined;
  const floats = castsAfter(step);
  const [product, ...others] = (floats.at(-1) ?? step).readers;
  if (product?.op !== 'Mul' || others.length > 0) return undefined;
  const scales = product.operands.map(maker).find((each) => each && each !== step);
  if (!scales || !looksUpScales(scales, step)) return undefined;
  return [...floats, scales, ...castsAfter(scales), product];
}

/** Whether a step looks up the scales of rows of codes that another step looks up. */
export function isScaleLookUp(step: Step): boolean {
  const [product] = (castsAfter(step).at(-1) ?? step).readers;
  return (
    product?.op === 'Mul' &&
    product.operands.some((operand) => {
      const codes = maker(operand);
      return codes !== undefined && codes !== step && (scaling(codes)?.includes(step) ?? false);
    })
  );
}

/** One scale a row, by the same ids. */
function looksUpScales(step: Step, codes: Step): boolean {
  const table = storedTensor(step.operands[0]);
  const [rows] = storedTensor(codes.operands[0])?.shape ?? [];
  const isColumn = table?.shape.slice(1).every((size) => size === 1) ?? false;
  return (
    step.op === 'Gather' &&
    isColumn &&
    table?.shape[0] === rows &&
    isSame(step.operands[1], codes.operands[1])
  );
}

function isSame(a: Source | undefined, b: Source | undefined): boolean {
  if (a?.kind === 'step') return b?.kind === 'step' && a.step === b.step && a.output === b.output;
  if (a?.kind === 'tensor') return b?.kind === 'tensor' && a.tensor === b.tensor;
  return a?.kind === 'input' && b?.kind === 'input' && a.name === b.name;
}

/** Conversions that alone read a step, and each other. */
function castsAfter(step: Step): Step[] {
  const casts: Step[] = [];
  let at = step;
  for (let guard = 0; guard < 4; guard++) {
    const [next, ...others] = at.readers;
    if (next?.operator.kind !== 'cast' || others.length > 0) break;
    casts.push(next);
    at = next;
  }
  return casts;
}

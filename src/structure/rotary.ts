import type { Source, Step } from './flow';
import { isScalar, maker } from './walk';

const takesAngles = new Set([
  'RotaryEmbedding',
  'GroupQueryAttention',
  'SparseAttention',
  'PagedAttention',
]);

/** Whether a step changes neither how values relate nor what they mean: moves, conversions, signs, scalar factors. */
const keepsAngles = (step: Step): boolean =>
  step.operator.kind === 'layout' ||
  step.operator.kind === 'cast' ||
  step.op === 'Gather' ||
  step.op === 'Neg' ||
  (step.op === 'Mul' &&
    step.operands.some((operand) => operand?.kind === 'tensor' && isScalar(operand.tensor)));

/** Whether a product is one half of a rotation, x·cos + y·sin: it is added to, or subtracted from, another product. */
export function isRotaryProduct(step: Step): boolean {
  if (step.op !== 'Mul') return false;
  return readersBeyond(step).some(
    (reader) =>
      (reader.op === 'Add' || reader.op === 'Sub') &&
      reader.operands.every((operand) => behind(operand)?.op === 'Mul'),
  );
}

/** Whether a table's values only turn pairs of a query or key: cached cosines and sines, which nobody learns. */
export function isRotaryTable(step: Step): boolean {
  const readers = readersBeyond(step).filter((reader) => reader.op !== 'Shape');
  return (
    readers.length > 0 &&
    readers.every((reader) => takesAngles.has(reader.op) || isRotaryProduct(reader))
  );
}

function readersBeyond(step: Step): Step[] {
  const found: Step[] = [];
  const seen = new Set<Step>();
  const queue = [...step.readers];
  for (let at = queue.shift(); at; at = queue.shift()) {
    if (seen.has(at)) continue;
    seen.add(at);
    if (keepsAngles(at)) queue.push(...at.readers);
    else found.push(at);
    // A table of angles is read by two products in each block; anything read much more widely is no such table.
    if (found.length > 4096) return [];
  }
  return found;
}

function behind(source: Source | undefined): Step | undefined {
  let step = maker(source);
  for (let guard = 0; step && keepsAngles(step) && step.op !== 'Mul' && guard < 64; guard++) {
    step = maker(step.operands[0]);
  }
  return step;
}

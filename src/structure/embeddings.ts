import type { Role } from '../base/terms';
import type { Tensor } from '../onnx/model';
import { addDraft, joinUnit, type Bench, type Draft, type Unit } from './drafts';
import type { Source, Step } from './flow';
import { isLookUp, oneHot } from './linears';
import { isEmbedding } from './natures';
import { isScaleLookUp, scaling } from './rowScales';
import {
  dataOperands,
  isStored,
  longSides,
  natureOf,
  plain,
  searchDown,
  searchUp,
  stepOf,
  storedTensor,
} from './walk';

/** Finds looked-up tables: tokens, positions, token types. */
export function findEmbeddings(bench: Bench): void {
  for (const step of bench.flow.steps) {
    if (bench.draftOf.has(step) || step.nature !== 'data') continue;
    const looksUp = step.operator.kind === 'lookup' && (step.op !== 'Gather' || isEmbedding(step));
    if ((!looksUp && !isLookUp(step)) || isScaleLookUp(step)) continue;
    addDraft(bench, {
      kind: 'embedding',
      main: step,
      steps: decoding(step),
      role: 'embedding',
      part: 'embedding',
      label: 'embedding',
    });
  }
}

/** Rows of a quantized table are decoded after they were looked up. */
function decoding(step: Step): readonly Step[] {
  const dequantized = step.readers.filter(
    (reader) => reader.op === 'DequantizeLinear' && stepOf(reader.operands[0]) === step,
  );
  return dequantized.length > 0 ? dequantized : (scaling(step) ?? []);
}

/** Tells positions and token types from tokens, and finds positions and class tokens that are added or joined without a look-up. */
export function settleEmbeddings(bench: Bench): void {
  const tables = bench.drafts.filter(
    (draft) => draft.kind === 'embedding' && tableOf(draft) !== undefined,
  );
  for (const group of summed(bench, tables)) settleSum(group);
  for (const step of bench.flow.steps) {
    if (step.nature === 'data' && !bench.draftOf.has(step)) findStoredInput(bench, step);
  }
}

interface Table {
  readonly tensor: Tensor;
  readonly ids: Source | undefined;
}

/** The one table that a layer looks up in, and what it looks up. */
function tableOf({ main }: Draft): Table | undefined {
  const [first, second] = main.operands;
  const ids = main.op === 'Gather' ? second : (oneHot(first) ?? oneHot(second))?.operands[0];
  const tensor = storedTensor(first) ?? storedTensor(second);
  return ids && tensor ? { tensor, ids } : undefined;
}

/** Tables whose rows are added up, several to a group. */
function summed(bench: Bench, tables: readonly Draft[]): Draft[][] {
  const groups = new Map<Step | undefined, Draft[]>();
  for (const draft of tables) {
    const sum = lastSum(bench, draft);
    if (!sum) {
      settleAlone(bench, draft);
      continue;
    }
    groups.set(sum, [...(groups.get(sum) ?? []), draft]);
  }
  return [...groups.values()];
}

/** The end of the chain of sums that starts with the rows of a table, or undefined where they are not added to anything. */
function lastSum(bench: Bench, draft: Draft): Step | undefined {
  let last: Step | undefined;
  let at: Step = [...draft.steps].at(-1) ?? draft.main;
  for (let guard = 0; guard < 24; guard++) {
    const next = at.readers.find((reader) => isMove(reader) || isSum(bench, reader));
    if (!next || bench.draftOf.has(next)) break;
    if (isSum(bench, next)) last = next;
    at = next;
  }
  return last;
}

const isMove = (step: Step) =>
  ['layout', 'cast'].includes(step.operator.kind) ||
  (step.op === 'Mul' && dataOperands(step).length === 1);

/** Whether looked-up rows go into a sum directly: words and positions, patches and positions. */
export const addsEmbedding = (bench: Bench, step: Step): boolean =>
  dataOperands(step).some((source) => fromTables(bench, source));

/** A sum of embeddings only: neither operand has been through a layer. */
function isSum(bench: Bench, step: Step): boolean {
  if (step.op !== 'Add' && step.op !== 'Sum') return false;
  return dataOperands(step).every((source) => fromTables(bench, source));
}

/** Whether a value is made of looked-up rows and nothing else. */
function fromTables(bench: Bench, source: Source): boolean {
  const seen = new Set([stepOf(source)]);
  for (const step of seen) {
    const draft = step && bench.draftOf.get(step);
    if (draft?.kind === 'embedding') continue;
    const goesOn = step && !draft && (isMove(step) || step.op === 'Add' || step.op === 'Sum');
    const inner = goesOn ? dataOperands(step) : [];
    if (inner.length === 0 || seen.size > 64) return false;
    for (const each of inner) seen.add(stepOf(each));
  }
  return true;
}

const rowsOf = (draft: Draft) => tableOf(draft)?.tensor.shape[0] ?? 0;

/** Fewer rows than any model has positions. */
const fewRows = 16;

/** Of tables that are added up the largest one read by ids from outside is the tokens'. */
function settleSum(group: readonly Draft[]): void {
  const outside = group.filter((draft) => isFromOutside(draft));
  const tokens = outside.reduce<Draft | undefined>(
    (best, draft) => (best && rowsOf(best) >= rowsOf(draft) ? best : draft),
    undefined,
  );
  for (const draft of group) {
    if (draft === tokens) continue;
    setRole(draft, secondRole(draft, outside.includes(draft)));
  }
}

function secondRole(draft: Draft, outside: boolean): Role {
  const rows = rowsOf(draft);
  if (!outside) return rows < fewRows / 4 ? 'tokenType' : 'position';
  const hint = idsName(draft);
  if (/pos/i.test(hint)) return 'position';
  if (/type|segment/i.test(hint) || rows < fewRows) return 'tokenType';
  return 'position';
}

/** The name of the graph input that the ids come from. */
function idsName(draft: Draft): string {
  let source = plain(tableOf(draft)?.ids);
  for (let guard = 0; source?.kind === 'step' && guard < 8; guard++)
    source = plain(source.step.operands[0]);
  return source?.kind === 'input' ? source.name : '';
}

/** Whether ids are given, not computed: moved and converted at most. */
function isFromOutside(draft: Draft): boolean {
  let source = plain(tableOf(draft)?.ids);
  for (let guard = 0; source?.kind === 'step' && guard < 16; guard++) {
    const moves =
      ['layout', 'cast'].includes(source.step.operator.kind) ||
      ['Clip', 'Where', 'Max', 'Min'].includes(source.step.op);
    if (!moves) return false;
    source = plain(source.step.operands.find((operand) => natureOf(operand) === 'control'));
  }
  return source?.kind === 'input';
}

function setRole(draft: Draft, role: Role): void {
  draft.role = role;
  draft.label = role;
}

/** A table that is added to nothing of its kind: positions are those whose ids nobody gives. */
function settleAlone(bench: Bench, draft: Draft): void {
  if (isFromOutside(draft)) return;
  const scores = searchDown(
    [...draft.steps],
    (step) => bench.draftOf.has(step) && !draft.steps.has(step),
    () => true,
  )
    .sort((a, b) => a.at - b.at)
    .find((step) => bench.draftOf.get(step)?.kind === 'scores');
  const computed = natureOf(tableOf(draft)?.ids) !== 'constant';
  if (scores) setRole(draft, 'position');
  else if (computed || isAdded(draft)) setRole(draft, secondRole(draft, false));
  if (!scores) return;
  draft.part = 'attention';
  const unit = bench.draftOf.get(scores)?.unit;
  if (unit) joinUnit(unit, draft);
}

const isAdded = (draft: Draft) =>
  [...draft.steps].some((step) => step.readers.some((reader) => reader.op === 'Add'));

/** A stored table that joins the data by itself: learnt positions that are added, a class token that is put in front. */
function findStoredInput(bench: Bench, step: Step): void {
  if ((step.op !== 'Add' && step.op !== 'Concat') || !bench.feeding.has(step)) return;
  const tensor = step.operands
    .map((operand) => tableBehind(operand))
    .find((each) => each !== undefined);
  if (!tensor || dataOperands(step).length === 0) return;
  const sides = longSides(tensor.shape).length;
  if (step.op === 'Add' ? sides < 2 : sides < 1) return;
  const role = step.op === 'Add' ? 'position' : 'embedding';
  const unit = role === 'position' ? unitBefore(bench, step) : undefined;
  addDraft(bench, {
    ...(unit ? { unit } : {}),
    kind: 'embedding',
    main: step,
    role,
    part: unit ? 'attention' : 'embedding',
    label: role === 'position' ? 'position' : 'token',
  });
}

/** The attention to whose queries or keys something is added. */
function unitBefore(bench: Bench, step: Step): Unit | undefined {
  const isMoving = (each: Step) =>
    ['layout', 'cast'].includes(each.operator.kind) || each.op === 'Mul';
  const [found] = searchUp(dataOperands(step), (each) => bench.draftOf.has(each), isMoving);
  const draft = found && bench.draftOf.get(found);
  return draft?.linear && draft.part === 'attention' && draft.role !== 'output'
    ? draft.unit
    : undefined;
}

/** The stored tensor that a value is, or is cut from at a position given from outside. */
function tableBehind(source: Source | undefined): Tensor | undefined {
  let at = source;
  for (let guard = 0; at && guard < 16; guard++) {
    if (isStored(at)) return storedTensor(at);
    const step = stepOf(at);
    if (natureOf(at) !== 'control' || step?.operator.kind !== 'layout') return undefined;
    at = step.operands[0];
  }
  return undefined;
}

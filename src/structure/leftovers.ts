import {
  addDraft,
  claim,
  isLinear,
  type Bench,
  type BlockDraft,
  type Draft,
  type Unit,
} from './drafts';
import type { Step } from './flow';
import { modulePath } from './names';
import { isRotaryProduct } from './rotary';
import { dataOperands, isScalar, stepOf, storedTensor } from './walk';

/** Gives every step that no recogniser has claimed to the layer it serves, or to a layer of its own. Readers come before sources. */
export function claimLeftovers(bench: Bench): void {
  claimInsideAttention(bench);
  for (const step of [...bench.flow.steps].reverse()) {
    if (bench.draftOf.has(step)) continue;
    if (step.nature === 'data') claimData(bench, step);
    else if (!carriesWeight(step)) claimArithmetic(bench, step);
  }
}

/** A step that unpacks, moves or cuts a stored tensor: it goes with the weight. */
const carriesWeight = (step: Step): boolean => {
  if (step.nature === 'data' || step.nature === 'control') return false;
  if (step.operator.kind === 'constant') return true;
  const tensor = storedTensor({ kind: 'step', step, output: 0 });
  return tensor !== undefined && !isScalar(tensor);
};

/** What neither a layer nor a weight has taken, such as constants that nobody reads. */
export function claimRest(bench: Bench): void {
  for (const step of [...bench.flow.steps].reverse()) {
    if (!bench.draftOf.has(step)) claimArithmetic(bench, step);
  }
}

/** Steps that do work of their own which nothing else stands for. */
const standsAlone = (step: Step) =>
  ['product', 'convolution', 'pool', 'reduce', 'softmax', 'other', 'body', 'experts'].includes(
    step.operator.kind,
  );

function claimData(bench: Bench, step: Step): void {
  const readers = new Set(step.readers.flatMap((reader) => bench.draftOf.get(reader) ?? []));
  const [reader] = readers;
  const before = dataOperands(step).map((source) => ownerAbove(bench, stepOf(source)));
  if (standsAlone(step)) {
    const draft = addDraft(bench, { kind: 'other', main: step, label: step.op.toLowerCase() });
    draft.block = sharedBlock([...readers, ...before]);
    return;
  }
  // What is quantized is somebody's result; what is quantized on the fly, or converted, is somebody's input.
  const result = step.op === 'QuantizeLinear' || step.op === 'DequantizeLinear';
  const conversion = step.operator.kind === 'cast';
  if (before[0] && (result || staysBehind(step, before[0], reader)))
    claim(bench, before[0], [step]);
  else if (reader && (readers.size === 1 || conversion)) claim(bench, reader, [step]);
  else if (before[0]) claim(bench, before[0], [step]);
  else if (reader) claim(bench, reader, [step]);
  else addDraft(bench, { kind: 'other', main: step, label: step.op.toLowerCase() });
}

/** A reshape after a product that only takes matrices undoes the one before it; else a module's own steps stay with it. */
function staysBehind(step: Step, before: Draft, reader: Draft | undefined): boolean {
  const path = modulePath(step.entry.node);
  const of = (draft: Draft | undefined) => draft && modulePath(draft.main.entry.node);
  if (path !== '' && path === of(reader)) return false;
  if (path !== '' && path === of(before)) return true;
  return before.main.op === 'Gemm' && step.op === 'Reshape';
}

/** The layer that a value comes out of, through moves and conversions that nobody has claimed yet. */
function ownerAbove(bench: Bench, from: Step | undefined): Draft | undefined {
  let step = from;
  for (let guard = 0; step && guard < 64; guard++) {
    const draft = bench.draftOf.get(step);
    if (draft || standsAlone(step)) return draft;
    step = stepOf(dataOperands(step)[0]);
  }
  return undefined;
}

function sharedBlock(drafts: readonly (Draft | undefined)[]): BlockDraft | undefined {
  const blocks = new Set(drafts.map((draft) => draft?.unit?.block ?? draft?.block));
  return blocks.size === 1 ? [...blocks][0] : undefined;
}

/** Moves of heads and rotations, between the projections and the products: layers of their own, since they cost time. */
function claimInsideAttention(bench: Bench): void {
  for (const unit of bench.units) {
    if (unit.kind !== 'attention' && unit.kind !== 'cross') continue;
    const inner = innerSteps(bench, unit);
    const rotary = inner.filter((step) => isRotation(step, inner));
    addGroup(bench, unit, rotary, 'rotary');
    addGroup(
      bench,
      unit,
      inner.filter((step) => !bench.draftOf.has(step)),
      'layout',
    );
  }
}

function addGroup(bench: Bench, unit: Unit, steps: readonly Step[], label: string): void {
  const [main] = steps;
  if (!main) return;
  const draft = addDraft(bench, { kind: 'other', main, steps, part: 'attention', label, unit });
  draft.block = unit.block;
}

/** Unclaimed steps on ways from one layer of the attention to another. */
function innerSteps(bench: Bench, unit: Unit): Step[] {
  const steps = new Set<Step>();
  for (const draft of unit.drafts) {
    const starts =
      isLinear(draft) && draft.role === 'output' ? [draft.linear.data] : sourcesOf(draft);
    const queue = starts.map(stepOf);
    for (let step = queue.shift(); queue.length > 0 || step; step = queue.shift()) {
      if (!step || steps.has(step) || bench.draftOf.has(step) || step.nature !== 'data') continue;
      if (!comesFrom(bench, unit, step)) continue;
      steps.add(step);
      queue.push(...dataOperands(step).map(stepOf));
    }
  }
  return [...steps].sort((a, b) => a.at - b.at);
}

const sourcesOf = (draft: Draft) =>
  ['scores', 'context', 'attention', 'norm'].includes(draft.kind)
    ? [...draft.steps].flatMap(dataOperands)
    : [];

/** Whether the way up from a step leads to one of the unit's own layers before any other. */
function comesFrom(bench: Bench, unit: Unit, from: Step): boolean {
  const seen = new Set<Step>();
  const queue: (Step | undefined)[] = [from];
  for (let step = queue.shift(); queue.length > 0 || step; step = queue.shift()) {
    if (!step || seen.has(step) || step.nature !== 'data') continue;
    seen.add(step);
    const draft = bench.draftOf.get(step);
    if (draft) {
      if (draft.unit === unit) return true;
      continue;
    }
    queue.push(...dataOperands(step).map(stepOf));
  }
  return false;
}

function isRotation(step: Step, inner: readonly Step[]): boolean {
  if (step.op === 'RotaryEmbedding' || isRotaryProduct(step)) return true;
  const near = [...step.readers, ...dataOperands(step).flatMap((source) => stepOf(source) ?? [])];
  if (!near.some((each) => inner.includes(each) && isRotaryProduct(each))) return false;
  return ['Add', 'Sub', 'Concat', 'Neg', 'Slice', 'Split'].includes(step.op);
}

/** Arithmetic on shapes, masks and positions joins the one layer that reads it, or what the whole model shares. */
function claimArithmetic(bench: Bench, step: Step): void {
  const readers = new Set(step.readers.flatMap((reader) => bench.draftOf.get(reader) ?? []));
  const [reader] = readers;
  if (reader && readers.size === 1) claim(bench, reader, [step]);
  else claim(bench, sharedDraft(bench, step, readers), [step]);
}

const shared = { mask: 'attention_mask', rotary: 'rotary', shapes: 'shapes' } as const;

function sharedDraft(bench: Bench, step: Step, readers: ReadonlySet<Draft>): Draft {
  const kinds = [...readers].map((reader) => reader.label);
  const label = kinds.some((kind) => kind === 'rotary' || kind === shared.rotary)
    ? shared.rotary
    : step.nature === 'control' && [...readers].some((reader) => servesMask(reader))
      ? shared.mask
      : step.nature === 'shape' || step.nature === 'constant'
        ? shared.shapes
        : 'inputs';
  const known = bench.shared.get(label) ?? addDraft(bench, { kind: 'other', main: step, label });
  bench.shared.set(label, known);
  return known;
}

const servesMask = (draft: Draft) =>
  draft.kind === 'scores' ||
  draft.kind === 'attention' ||
  draft.kind === 'softmax' ||
  draft.label === shared.mask;

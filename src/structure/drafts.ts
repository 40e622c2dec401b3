import type { Part, Role } from '../base/terms';
import type { OpenExternal, Shapes } from '../onnx/shapes/shapes';
import type { Tensor } from '../onnx/model';
import type { Flow, Source, Step } from './flow';
import type { Weight } from './structure';

export type DraftKind =
  | 'linear'
  | 'convolution'
  | 'norm'
  | 'activation'
  | 'embedding'
  | 'recurrent'
  | 'attention'
  | 'experts'
  | 'scores'
  | 'softmax'
  | 'context'
  | 'other';

/** A layer in the making: recognisers add steps to it and settle what it is. */
export interface Draft {
  readonly kind: DraftKind;
  readonly main: Step;
  readonly steps: Set<Step>;
  role: Role;
  part: Part;
  /** What to call it where the file has no name for it, and what to add to its module's name where that does not say it. */
  label: string;
  unit: Unit | undefined;
  /** Where it stands though it is in no unit: a norm, a residual sum. */
  block: BlockDraft | undefined;
  /** Of linears and convolutions: what they are applied to, their weight and their widths. */
  readonly linear: LinearParts | undefined;
}

export interface LinearParts {
  readonly data: Source | undefined;
  readonly weight: Source | undefined;
  /** Width of what goes in and comes out (channels of a convolution); undefined where it cannot be told. */
  readonly inWidth: number | undefined;
  readonly outWidth: number | undefined;
}

export type UnitKind =
  'attention' | 'cross' | 'feedForward' | 'convolution' | 'dense' | 'recurrent';

/** Layers that do one thing together: an attention, a feed-forward pair, the convolutions of a residual branch. */
export interface Unit {
  kind: UnitKind;
  readonly drafts: Set<Draft>;
  stack: string | undefined;
  block: BlockDraft | undefined;
}

export interface BlockDraft {
  readonly index: number;
  readonly stack: string | undefined;
  readonly units: readonly Unit[];
}

/** The steps and the stored tensors that a stored value is made of; `use` where a tensor is not what the whole is. */
export interface Unpacking {
  readonly steps: Set<Step>;
  readonly tensors: {
    readonly tensor: Tensor;
    readonly holder: Step | undefined;
    readonly use: Weight['kind'] | undefined;
  }[];
}

/** What the recognisers work on: the flow, and who has claimed which step so far. */
export interface Bench {
  readonly flow: Flow;
  readonly shapes: Shapes;
  readonly open: OpenExternal | undefined;
  readonly drafts: Draft[];
  readonly draftOf: Map<Step, Draft>;
  readonly units: Unit[];
  readonly blocks: BlockDraft[];
  /** The steps from which data goes on to a layer with weights. */
  readonly feeding: Set<Step>;
  /** The steps to which data comes from a layer with weights or a look-up. */
  readonly following: Set<Step>;
  /** Layers of arithmetic that the whole model shares, by label. */
  readonly shared: Map<string, Draft>;
  /** By the step that makes the stored value. */
  readonly unpackings: Map<Step, Unpacking>;
}

export function newBench(flow: Flow, shapes: Shapes, open: OpenExternal | undefined): Bench {
  return {
    ...{ flow, shapes, open },
    ...{ drafts: [], draftOf: new Map(), units: [], blocks: [] },
    ...{ feeding: new Set(), following: new Set(), shared: new Map(), unpackings: new Map() },
  };
}

export interface DraftChoice {
  readonly kind: DraftKind;
  readonly main: Step;
  readonly steps?: Iterable<Step>;
  readonly role?: Role;
  readonly part?: Part;
  readonly label: string;
  readonly unit?: Unit;
  readonly linear?: LinearParts;
}

/** Starts a layer around `main`. Steps that another layer has claimed stay there. */
export function addDraft(bench: Bench, choice: DraftChoice): Draft {
  const draft: Draft = {
    kind: choice.kind,
    main: choice.main,
    steps: new Set(),
    role: choice.role ?? 'other',
    part: choice.part ?? 'other',
    label: choice.label,
    unit: choice.unit,
    block: undefined,
    linear: choice.linear,
  };
  bench.drafts.push(draft);
  choice.unit?.drafts.add(draft);
  claim(bench, draft, [choice.main, ...(choice.steps ?? [])]);
  return draft;
}

export function claim(bench: Bench, draft: Draft, steps: Iterable<Step>): void {
  for (const step of steps) {
    if (bench.draftOf.has(step)) continue;
    bench.draftOf.set(step, draft);
    draft.steps.add(step);
  }
}

export function addUnit(bench: Bench, kind: UnitKind, drafts: Iterable<Draft>): Unit {
  const unit: Unit = { kind, drafts: new Set(), stack: undefined, block: undefined };
  for (const draft of drafts) joinUnit(unit, draft);
  bench.units.push(unit);
  return unit;
}

export function joinUnit(unit: Unit, draft: Draft): void {
  draft.unit = unit;
  unit.drafts.add(draft);
}

/** Position of a unit in the flow: that of the first layer that does its work. */
export const unitStart = (unit: Unit): number =>
  Math.min(...[...unit.drafts].map((draft) => draft.main.at));

/** Whether the draft multiplies with a weight: a linear or a convolution. */
export const isLinear = (draft: Draft | undefined): draft is Draft & { linear: LinearParts } =>
  draft?.linear !== undefined;

/** The layers with weights of their own that transform data. */
export const isWeighted = (draft: Draft | undefined): boolean =>
  draft !== undefined &&
  (isLinear(draft) || ['recurrent', 'experts', 'attention'].includes(draft.kind));

/** The type of the value at an input of a step, by its position among the node's own inputs. */
export function shapeAt(bench: Bench, step: Step, position: number): readonly number[] | undefined {
  const name = step.entry.node.inputs[position];
  const shape = name ? bench.shapes.typeOf(step.entry.scope, name)?.shape : undefined;
  return shape?.map((size) => (typeof size === 'number' ? size : NaN));
}

/** The shape of a step's first output; NaN for sizes that are not known. */
export function shapeOf(bench: Bench, step: Step): readonly number[] | undefined {
  const name = step.entry.node.outputs[0];
  const shape = name ? bench.shapes.typeOf(step.entry.scope, name)?.shape : undefined;
  return shape?.map((size) => (typeof size === 'number' ? size : NaN));
}

/** The position, among the node's own inputs, of an operand. */
export const operandPosition = (step: Step, operand: number): number =>
  step.operator.operands?.[operand] ?? operand;

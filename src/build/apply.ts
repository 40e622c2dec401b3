import { doesNotFit, type Fit, fits, type Workbench } from '../actions/action';
import { actionNames, actionOf, isActionName } from '../actions/index';
import { type Keeper, keeperUnder, keeperWithin } from '../actions/keeper';
import { readParams } from '../protocol/params';
import { throwIfAborted } from '../base/cancel';
import { UserError } from '../base/errors';
import { noProgress, partOf, type Progress } from '../base/progress';
import { quoted } from '../base/quote';
import { namesFor, rememberLast } from '../onnx/builder';
import { type Edit, edited } from '../onnx/edit';
import type { GraphIndex } from '../onnx/graph';
import { inferShapes } from '../onnx/shapes/infer';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { buildStructure } from '../structure/build';
import { whyNotNumbers } from '../structure/notNumbers';
import type { Layer, Structure } from '../structure/structure';
import type { BuiltStep, Refusal } from '../protocol/build';
import type { Step } from '../protocol/recipe';
import type { Calibration } from '../runtime/calibration';
import { withIdsOf } from './carriedIds';
import { madeOnce } from './once';
import { missingLayers, selectLayers } from './targets';

export interface Applied {
  readonly index: GraphIndex;
  readonly steps: readonly BuiltStep[];
  /** What the user should know of the result, one sentence each. */
  readonly notes: readonly string[];
}

export interface ApplyOptions {
  readonly open?: OpenExternal;
  /** Without it, steps that need data throw, and those that may use it do without. */
  readonly calibration?: Calibration;
  /** Of the model and this data, shared with whoever tries other steps on them; one for these steps alone where it is left out. */
  readonly keeper?: Keeper;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/**
 * Makes the steps one after the other, each on what the one before left; all but preparations name layers as the prepared model does. The
 * model's weights are not computed yet: that happens while the result is written. Throws `badInput` for an unknown action, parameters that do not fit, layers that are not there, or
 * data that is needed and missing; nothing is half applied.
 */
export async function applySteps(
  index: GraphIndex,
  steps: readonly Step[],
  options: ApplyOptions = {},
): Promise<Applied> {
  const { signal, progress = noProgress } = options;
  const keeper = options.keeper ?? (steps.length > 1 ? keeperWithin() : undefined);
  const remember = rememberLast();
  let current = index;
  let prepared: Prepared = { index, steps: [] };
  let names: Structure | undefined;
  const outcomes: BuiltStep[] = [];
  const notes: string[] = [];
  const tell = (note: string) => void notes.push(note);
  for (const [i, step] of steps.entries()) {
    throwIfAborted(signal);
    const told = toldAs(progress, steps, i);
    told(0, '');
    const around = {
      ...{ ...options, original: index, progress: told, tell, prepared: prepared.index, names },
      keeper: keeper && keeperUnder(keeper, JSON.stringify(prepared.steps)),
    };
    const made = await madeOnce(current, step, around, (each) =>
      applyStep(current, step, each, remember),
    );
    current = made.index;
    if (!isPreparing(step)) names ??= made.structure;
    if (!isQuantizing(step)) prepared = { index: current, steps: steps.slice(0, i + 1).map(bare) };
    outcomes.push(made.outcome);
  }
  return { index: current, steps: outcomes, notes };
}

/** A model that is prepared, and the steps that made it so. */
interface Prepared {
  readonly index: GraphIndex;
  readonly steps: readonly unknown[];
}

/** Whether a step stores layers in fewer bits, so that all values still stand for what they stood for before. */
function isQuantizing({ action }: Step): boolean {
  return isActionName(action) && actionOf(action).group === 'quantize';
}

function isPreparing({ action }: Step): boolean {
  return isActionName(action) && actionOf(action).group === 'prepare';
}

/** A step without what is said about it. */
const bare = ({ action, targets, params = {} }: Step) => [action, targets, params];

/** A step's share of the progress, which says which step that is: `step 2 of 3 · int8, static · 96 of 256 samples`. */
function toldAs(progress: Progress, steps: readonly Step[], at: number): Progress {
  const part = partOf(progress, at / steps.length, (at + 1) / steps.length);
  const name = steps[at]?.action ?? '';
  const title = isActionName(name) ? actionOf(name).title : name;
  return (fraction, note) =>
    part(fraction, [`step ${at + 1} of ${steps.length}`, title, note].filter(Boolean).join(' · '));
}

/** What a step needs besides the model it is made on. */
interface StepOptions extends Omit<ApplyOptions, 'keeper'> {
  readonly original: GraphIndex;
  readonly prepared: GraphIndex;
  readonly keeper: Keeper | undefined;
  readonly tell: (note: string) => void;
  /** The model whose names its layers have kept, once a step has stored some of them otherwise. */
  readonly names: Structure | undefined;
}

/** What a step made, and the model's structure before it. */
interface Made {
  readonly index: GraphIndex;
  readonly outcome: BuiltStep;
  readonly structure: Structure;
}

type Remember = ReturnType<typeof rememberLast>;

async function applyStep(
  index: GraphIndex,
  step: Step,
  options: StepOptions,
  remember: Remember,
): Promise<Made> {
  const { calibration } = options;
  const { name, action, params } = readStep(step);
  if (action.data === 'needed' && !calibration) {
    throw new UserError(
      'badInput',
      `${action.title} needs data to run the model on.`,
      'Name calibration data in the recipe, or with --data.',
    );
  }
  if (action.scope === 'model') return applyToModel(index, step, options, remember);
  const structure = namedStructure(index, options);
  const { chosen, skipped } = chooseLayers(structure, step, (layer) =>
    fitWithNumbers(layer, action.appliesTo(layer, params), options.open),
  );
  const bench = benchFor(index, structure, options, remember);
  const data =
    calibration && chosen.length > 0 ? await action.collect?.(bench, chosen, params) : undefined;
  const edits = chosen.length > 0 ? action.edits(bench, chosen, params, data) : [];
  return {
    ...{ index: edited(index, edits), structure },
    outcome: {
      ...{ action: name, skipped, edits: edits.length },
      layers: chosen.map((layer) => layer.id),
    },
  };
}

function benchFor(
  index: GraphIndex,
  structure: Structure,
  { open, calibration, signal, progress = noProgress, ...shared }: StepOptions,
  remember: Remember,
): Workbench {
  const { original, prepared, keeper, tell } = shared;
  return {
    ...{ structure, original, prepared, keeper, open, calibration, signal, progress, remember },
    ...{ names: namesFor(index), tell },
  };
}

/** An action on the whole graph may make room for more of itself: so many times at most. */
const maxPasses = 10;

async function applyToModel(
  index: GraphIndex,
  step: Step,
  options: StepOptions,
  remember: Remember,
): Promise<Made> {
  const { calibration, signal } = options;
  const { name, action, params } = readStep(step);
  const touched = new Set<string>();
  const first = namedStructure(index, options);
  // Throws where a layer is named that is not there.
  wantedLayers(first, step);
  const known = new Set(first.layers.map((layer) => layer.id));
  let current = index;
  let count = 0;
  for (let pass = 0; pass < maxPasses; pass++) {
    throwIfAborted(signal);
    const structure = pass === 0 ? first : namedStructure(current, options);
    const layers = selectLayers(structure.layers, step.targets);
    const bench = benchFor(current, structure, options, remember);
    const data = calibration && (await action.collect?.(bench, layers, params));
    const edits = action.edits(bench, layers, params, data);
    if (edits.length === 0) break;
    count += edits.length;
    for (const id of editedLayers(structure, edits)) if (known.has(id)) touched.add(id);
    current = edited(current, edits);
  }
  const skipped = first.layers.flatMap((layer): Refusal[] => {
    const isMissed = step.targets.layers?.includes(layer.id) && !touched.has(layer.id);
    const fit = isMissed ? action.appliesTo(layer, params) : fits;
    return fit.fits ? [] : [{ layer: layer.id, why: fit.why }];
  });
  const outcome = { action: name, layers: [...touched], skipped, edits: count };
  return { index: current, outcome, structure: first };
}

function namedStructure(index: GraphIndex, { open, names }: StepOptions): Structure {
  const structure = structureOf(index, open);
  return names ? withIdsOf(names, structure) : structure;
}

function editedLayers({ layerOf }: Structure, edits: readonly Edit[]): string[] {
  return edits.flatMap((edit) => ('entry' in edit ? (layerOf.get(edit.entry.id)?.id ?? []) : []));
}

/** The step's action and parameters. Throws `badInput` for an unknown action or parameters that do not fit. */
export function readStep(step: Step) {
  const { action: name } = step;
  if (!isActionName(name)) {
    throw new UserError(
      'badInput',
      `There is no action ${quoted(name)}.`,
      `Known actions are ${actionNames.join(', ')}.`,
    );
  }
  const action = actionOf(name);
  const { params, problems } = readParams(action.params, step.params ?? {});
  const [problem] = problems;
  if (problem) throw new UserError('badInput', `${action.title}: ${problem.message}`);
  return { name, action, params };
}

/** The layers a step means, and those of them that it cannot change. Throws `badInput` for a layer that is not there. */
export function chooseLayers(
  structure: Structure,
  step: Step,
  fitOf: (layer: Layer) => Fit,
): { chosen: Layer[]; skipped: Refusal[] } {
  const fitting = wantedLayers(structure, step).map((layer) => ({ layer, fit: fitOf(layer) }));
  return {
    chosen: fitting.flatMap(({ layer, fit }) => (fit.fits ? [layer] : [])),
    skipped: fitting.flatMap(({ layer, fit }) =>
      fit.fits || !isAsked(layer, step) ? [] : [{ layer: layer.id, why: fit.why }],
    ),
  };
}

/** Whether the layer's weights, too, are such that the action can be made of it; they are read only where it fits. */
function fitWithNumbers(layer: Layer, fit: Fit, open: OpenExternal | undefined): Fit {
  const why = fit.fits ? whyNotNumbers(layer, open) : undefined;
  return why === undefined ? fit : doesNotFit(why);
}

/** The layers of a model of any size. */
export function structureOf(index: GraphIndex, open: OpenExternal | undefined): Structure {
  const known = structures.get(index);
  if (known && known.open === open) return known.structure;
  const shapes = inferShapes(index, { sizes: new Map(), ...(open ? { open } : {}) });
  const structure = buildStructure(index, shapes, open);
  structures.set(index, { open, structure });
  return structure;
}

/** What one step ends with the next one begins with, and plans begin with the same model again and again. */
const structures = new WeakMap<
  GraphIndex,
  { readonly open: OpenExternal | undefined; readonly structure: Structure }
>();

function wantedLayers({ layers }: Structure, { targets, action }: Step): readonly Layer[] {
  const [missing] = missingLayers(layers, targets);
  if (missing !== undefined) {
    throw new UserError(
      'badInput',
      `${action}: the model has no layer ${quoted(missing)}.`,
      'It may have been renamed, or an earlier step replaced it.',
    );
  }
  return selectLayers(layers, targets);
}

/** A layer without weights that a broad description happens to cover was not meant, nor a norm, whose few numbers matter; others were. */
function isAsked(layer: Layer, { targets }: Step): boolean {
  return (
    (targets.layers?.includes(layer.id) ?? false) ||
    (layer.part !== 'norm' && layer.weights.some((weight) => weight.parameters > 0))
  );
}

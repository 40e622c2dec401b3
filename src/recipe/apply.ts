import { actionOf, type ActionName, actionNames } from '../actions/index';
import { readParams } from '../actions/params';
import { throwIfAborted } from '../base/cancel';
import { UserError } from '../base/errors';
import { noProgress, partOf, type Progress } from '../base/progress';
import { quoted } from '../base/quote';
import { namesFor, rememberLast } from '../onnx/builder';
import { edited } from '../onnx/edit';
import type { GraphIndex } from '../onnx/graph';
import { inferShapes } from '../onnx/shapes/infer';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { buildStructure } from '../structure/build';
import type { Layer, Structure } from '../structure/structure';
import type { Step } from './recipe';
import { missingLayers, selectLayers } from './targets';

/** What one step did. */
export interface StepOutcome {
  readonly action: ActionName;
  /** Ids of the layers it changed. */
  readonly layers: readonly string[];
  /** Layers it was asked to change and could not, with the reason. */
  readonly skipped: readonly { readonly layer: string; readonly why: string }[];
}

export interface Applied {
  readonly index: GraphIndex;
  readonly steps: readonly StepOutcome[];
}

export interface ApplyOptions {
  readonly open?: OpenExternal;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/**
 * Makes the steps one after the other, each on what the one before left. The model's weights are not computed yet: that happens
 * while the result is written. Throws `badInput` for an unknown action, parameters that do not fit, or layers that are not there;
 * nothing is half applied.
 */
export function applySteps(
  index: GraphIndex,
  steps: readonly Step[],
  options: ApplyOptions = {},
): Applied {
  const { signal, progress = noProgress } = options;
  const remember = rememberLast();
  let current = index;
  const outcomes = steps.map((step, i) => {
    throwIfAborted(signal);
    const part = partOf(progress, i / steps.length, (i + 1) / steps.length);
    const made = applyStep(current, step, { ...options, progress: part }, remember);
    current = made.index;
    return made.outcome;
  });
  return { index: current, steps: outcomes };
}

function applyStep(
  index: GraphIndex,
  step: Step,
  { open, signal, progress = noProgress }: ApplyOptions,
  remember: ReturnType<typeof rememberLast>,
): { index: GraphIndex; outcome: StepOutcome } {
  const name = actionNames.find((known) => known === step.action);
  if (!name) {
    throw new UserError(
      'badInput',
      `There is no action ${quoted(step.action)}.`,
      `Known actions are ${actionNames.join(', ')}.`,
    );
  }
  const action = actionOf(name);
  const { params, problems } = readParams(action.params, step.params ?? {});
  const [problem] = problems;
  if (problem) throw new UserError('badInput', `${action.title}: ${problem.message}`);
  const structure = structureOf(index, open);
  const layers = wantedLayers(structure, step);
  const fitting = layers.map((layer) => ({ layer, fit: action.appliesTo(layer, params) }));
  const chosen = fitting.flatMap(({ layer, fit }) => (fit.fits ? [layer] : []));
  const skipped = fitting.flatMap(({ layer, fit }) =>
    fit.fits || !isAsked(layer, step) ? [] : [{ layer: layer.id, why: fit.why }],
  );
  const bench = { structure, open, names: namesFor(index), remember, signal, progress };
  const after = edited(index, action.edits(bench, chosen, params));
  return {
    index: after,
    outcome: { action: name, layers: chosen.map((layer) => layer.id), skipped },
  };
}

function structureOf(index: GraphIndex, open: OpenExternal | undefined): Structure {
  const shapes = inferShapes(index, { sizes: new Map(), ...(open ? { open } : {}) });
  return buildStructure(index, shapes, open);
}

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

/** A layer without weights that a broad description happens to cover was not meant; one named, or one with weights, was. */
function isAsked(layer: Layer, { targets }: Step): boolean {
  return (
    (targets.layers?.includes(layer.id) ?? false) ||
    layer.weights.some((weight) => weight.parameters > 0)
  );
}

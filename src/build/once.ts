import { actionOf, isActionName } from '../actions/index';
import type { GraphIndex } from '../onnx/graph';
import type { OpenExternal } from '../onnx/shapes/shapes';
import type { Step } from '../protocol/recipe';

/** What a preparation depends on besides the model and its own words. */
interface Around {
  readonly original: GraphIndex;
  readonly prepared: GraphIndex;
  readonly open?: OpenExternal;
  /** Of a model that steps have stored otherwise: preparations behind those are made each time. */
  readonly names: unknown;
  readonly tell: (note: string) => void;
}

interface Known {
  readonly original: GraphIndex;
  readonly open: OpenExternal | undefined;
  readonly made: unknown;
  readonly notes: readonly string[];
}

const known = new WeakMap<GraphIndex, Map<string, Known>>();

/**
 * Makes a step, and a preparation that looks at no data only once of the same model: plans and trials begin with the same ones again and
 * again. What was told is told again.
 */
export async function madeOnce<T extends { readonly index: GraphIndex }, A extends Around>(
  index: GraphIndex,
  step: Step,
  around: A,
  make: (around: A) => Promise<T>,
): Promise<T> {
  const { original, open, tell } = around;
  if (!isRepeatable(step) || around.prepared !== index || around.names !== undefined) {
    return make(around);
  }
  const ofIndex = known.get(index) ?? new Map<string, Known>();
  known.set(index, ofIndex);
  const key = JSON.stringify([step.action, step.targets, step.params]);
  const found = ofIndex.get(key);
  if (found?.original === original && found.open === open) {
    found.notes.forEach(tell);
    return found.made as T;
  }
  const notes: string[] = [];
  const made = await make({ ...around, tell: (note) => void notes.push(note) });
  ofIndex.set(key, { original, open, made, notes });
  notes.forEach(tell);
  return made;
}

function isRepeatable({ action: name }: Step): boolean {
  if (!isActionName(name)) return false;
  const { group, data, collect } = actionOf(name);
  return group === 'prepare' && data === 'none' && collect === undefined;
}

import { actionOf, type ActionName } from '../actions/index';
import { readStep } from '../build/apply';
import type { ProbeFacts, SensitivityRow } from '../protocol/sensitivity';
import { type ProbeName, probes } from '../sensitivity/probes';
import type { Layer } from '../structure/structure';

/** The recipe's step that does what a probe asks about. Probes without one ask what no action does yet. */
const steps: Partial<
  Record<ProbeName, { readonly action: ActionName; readonly params: Record<string, unknown> }>
> = {
  int8: { action: 'weightOnly', params: { bits: '8', block: '128', keep: 0 } },
  int4: { action: 'weightOnly', params: { bits: '4', block: '32', keep: 0 } },
  int2: { action: 'weightOnly', params: { bits: '2', block: '32', keep: 0 } },
};

/** A probe as results tell of it. */
export function probeFacts(name: ProbeName): ProbeFacts {
  const { title, strength, unit } = probes[name];
  return { name, title, strength: { ...strength }, unit, step: steps[name] ?? null };
}

/** Bytes of a layer's weights, now and after the probe's step; null where there is no step, or it does not fit. */
export function probeBytes(name: ProbeName, layer: Layer): SensitivityRow['bytes'] {
  const step = steps[name];
  if (!step) return null;
  const { params } = readStep({ ...step, targets: {} });
  const action = actionOf(step.action);
  if (!action.appliesTo(layer, params).fits) return null;
  const { before, after } = action.estimate(layer, params);
  return { before, after };
}

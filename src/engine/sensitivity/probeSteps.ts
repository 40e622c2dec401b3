import type { ActionName } from '../../actions/index';
import { UserError } from '../../base/errors';
import { readStep } from '../../build/apply';
import { actionProbe, isActionProbe } from '../../build/probes';
import type { ProbeFacts, SensitivityRow } from '../../protocol/sensitivity';
import { type ProbeName, probes } from '../../sensitivity/probes';
import type { Layer } from '../../structure/structure';

/** The recipe's step that does what a probe asks about. Probes without one ask what no action does yet. */
const steps: Partial<
  Record<ProbeName, { readonly action: ActionName; readonly params: Record<string, unknown> }>
> = {
  int8: { action: 'weightOnly', params: { bits: '8', block: '128', keep: 0 } },
  int4: { action: 'weightOnly', params: { bits: '4', block: '32', keep: 0 } },
  int2: { action: 'weightOnly', params: { bits: '2', block: '32', keep: 0 } },
};

/** One of the probes that are no actions, as results tell of it. */
export function probeFacts(name: ProbeName): ProbeFacts {
  const { title, strength, unit } = probes[name];
  return { name, title, strength: { ...strength }, unit, step: steps[name] ?? null };
}

/**
 * A probe as it is written: the name of one that is no action, or an action with parameters as in `weightOnly:bits=4,block=64`. `layers`
 * are the model's. Throws `badInput` where there is neither, or parameters do not fit.
 */
export function readProbe(text: string, layers: readonly Layer[]): ProbeFacts {
  if (Object.hasOwn(probes, text)) return probeFacts(text as ProbeName);
  if (isActionProbe(text)) return actionProbe(text, layers);
  throw new UserError(
    'badInput',
    `There is no probe “${text}”.`,
    `There are ${Object.keys(probes).join(', ')}, and any action with parameters, as in weightOnly:bits=4,block=64.`,
  );
}

/** Bytes of a layer's weights, now and after a step; null without a step, or where it does not fit. */
export function stepBytes(step: ProbeFacts['step'], layer: Layer): SensitivityRow['bytes'] {
  if (!step) return null;
  const { action, params } = readStep({ ...step, targets: {} });
  if (!action.appliesTo(layer, params).fits) return null;
  const { before, after } = action.estimate(layer, params);
  return { before, after };
}

import { setImmediate as letOthers } from 'node:timers/promises';
import { throwIfAborted } from '../../base/cancel';
import type { CallContext } from '../../protocol/rpc';
import type { SensitivityHint } from '../../protocol/sensitivity';
import { hintsOf } from '../../sensitivity/hints';
import { type WeightProbeName, weightProbes } from '../../sensitivity/probes';
import type { SizedModel } from '../models';
import type { Question } from './question';

/** What the weights of all layers that are asked about tell, without running anything. Throws what reading weights throws. */
export async function weightHints(
  { external }: SizedModel,
  { asked, probes }: Question,
  { signal, progress }: Pick<CallContext, 'signal' | 'progress'>,
  finished: (hint: SensitivityHint) => void,
): Promise<void> {
  const layers = asked.flatMap(({ layer, subject }) => (layer && subject.weight) || []);
  const names = probes.flatMap(({ name }) => (isWeightProbe(name) ? name : []));
  let done = 0;
  for (const { weightSnrDb, ...hint } of hintsOf(layers, names, { open: external.open, signal })) {
    finished({ ...hint, weightSnrDb: [...weightSnrDb] });
    progress(++done / layers.length, `${done} of ${layers.length} layers`);
    // A request to stop can only arrive between two layers.
    await letOthers();
    throwIfAborted(signal);
  }
}

export function isWeightProbe(name: string): name is WeightProbeName {
  return Object.hasOwn(weightProbes, name);
}

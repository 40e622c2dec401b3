import { UserError } from '../../base/errors';
import type { PropagationRow, SensitivityRequest } from '../../protocol/sensitivity';
import type { CallContext } from '../../protocol/rpc';
import type { Calibration } from '../../runtime/calibration';
import { type WeightProbeName, weightProbes } from '../../sensitivity/probes';
import { propagation } from '../../sensitivity/propagation';
import type { SizedModel } from '../models';
import { isWeightProbe } from './hints';
import type { Question } from './question';
import { keptBytes } from './tiers';

/** The probe whose error a request wants followed; undefined where it wants none. Throws `badInput` for one that changes no weight. */
export function propagationProbe({
  propagation: name,
}: SensitivityRequest): WeightProbeName | undefined {
  if (name === undefined || isWeightProbe(name)) return name;
  throw new UserError(
    'badInput',
    `The error of “${name}” cannot be followed through the model.`,
    `That of ${Object.keys(weightProbes).join(', ')} can.`,
  );
}

/** Follows the error that a probe makes in every layer that is asked about. Throws what sweeping throws. */
export async function followErrors(
  { structure, shapes, external }: SizedModel,
  { asked, judge }: Question,
  probe: WeightProbeName,
  bench: Pick<CallContext, 'signal' | 'progress'> & { readonly data: Calibration },
  finished: (row: PropagationRow) => void,
): Promise<void> {
  await propagation({
    ...bench,
    ...{ structure, shapes, probe, output: judge.output, open: external.open, memory: keptBytes },
    layers: asked.flatMap(({ layer, subject }) => (layer && subject.weight) || []),
    finished: ({ blocks, ...row }) => finished({ ...row, blocks: [...blocks] }),
  });
}

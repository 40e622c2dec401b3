import { UserError } from '../../base/errors';
import type { PropagationRow, SensitivityRequest } from '../../protocol/sensitivity';
import type { CallContext } from '../../protocol/rpc';
import type { Calibration } from '../../runtime/calibration';
import { type WeightProbeName, weightProbes } from '../../sensitivity/probes';
import { propagation } from '../../sensitivity/propagation';
import type { SweepLayer } from '../../sensitivity/sweep';
import type { SizedModel } from '../models';
import { isWeightProbe } from './hints';
import { basisOf } from './kept';
import { KeptLines } from './keptLines';
import type { Question } from './question';
import { type FedData, rowKey } from './result';
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

/** Rows of earlier calls on the same model, inputs and output. `folder` undefined keeps nothing. */
export function keptErrors(
  folder: string | undefined,
  sized: SizedModel,
  { judge: { output } }: Question,
  data: FedData,
): KeptLines<PropagationRow> {
  const standsOn = folder === undefined ? [] : ['errors', ...basisOf(sized, data), output];
  return new KeptLines(folder, standsOn, { keyOf: rowKey, read });
}

function read(line: unknown): PropagationRow | undefined {
  const row = (line ?? {}) as Partial<PropagationRow>;
  const { id, probe, local, blocks, output } = row;
  if (typeof id !== 'string' || typeof probe !== 'string' || !Array.isArray(blocks)) {
    return undefined;
  }
  const errors = blocks.map((block: Partial<PropagationRow['blocks'][number]>) => block.error);
  return [local, output, ...errors].every(Number.isFinite) ? (row as PropagationRow) : undefined;
}

/** What errors are followed with. */
export interface FollowBench extends Pick<CallContext, 'signal' | 'progress'> {
  readonly data: Calibration;
  /** Rows of earlier calls, and the place for those of this one. */
  readonly errors: KeptLines<PropagationRow>;
}

/** Follows the error that a probe makes in every layer that is asked about; rows that are kept come first. Throws what sweeping throws. */
export async function followErrors(
  { structure, shapes, external }: SizedModel,
  { asked, judge }: Question,
  probe: WeightProbeName,
  { errors, ...bench }: FollowBench,
  finished: (row: PropagationRow) => void,
): Promise<void> {
  const layers = asked.flatMap(({ layer, subject }) => (layer && subject.weight) || []);
  const keptOf = ({ layer: { id } }: SweepLayer) => errors.get(rowKey({ id, probe }));
  for (const row of layers.flatMap((each) => keptOf(each) ?? [])) finished(row);
  await propagation({
    ...bench,
    ...{ structure, shapes, probe, output: judge.output, open: external.open, memory: keptBytes },
    layers: layers.filter((each) => !keptOf(each)),
    finished: ({ blocks, ...rest }) => {
      const row = { ...rest, blocks: [...blocks] };
      errors.add(row);
      finished(row);
    },
  });
}

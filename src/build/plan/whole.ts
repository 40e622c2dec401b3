import { throwIfAborted } from '../../base/cancel';
import { edited } from '../../onnx/edit';
import type { GraphIndex } from '../../onnx/graph';
import type { Calibration } from '../../runtime/calibration';
import type { Feeds, Session } from '../../runtime/runner';
import type { Score } from '../../sensitivity/sweep';
import type { PlanGroup } from './groups';
import type { EditsOf } from './prepare';

export interface WholeOptions {
  readonly index: GraphIndex;
  readonly samples: Calibration;
  readonly score: Score;
  readonly signal: AbortSignal | undefined;
}

/**
 * Scores the samples of the whole model with one group changed, one session for each: for convolutions in integers, as the runtime's
 * optimiser ends the process on some parts of a model that are cut between quantized values.
 */
export async function scoreWhole(
  groups: readonly PlanGroup[],
  editsOf: EditsOf,
  { index, samples, score, signal }: WholeOptions,
  finished: (group: PlanGroup, scores: readonly number[]) => void,
): Promise<void> {
  const references: Feeds[] = [];
  const outputsOf = async (session: Session, see: (outputs: Feeds, at: number) => void) => {
    try {
      let at = 0;
      for (const { feeds } of samples.batches()) {
        throwIfAborted(signal);
        see((await session.run(feeds)).outputs, at++);
      }
    } finally {
      await session.release();
    }
  };
  await outputsOf(await samples.load(index.model), (outputs) => references.push(outputs));
  const batches = [...samples.batches()];
  for (const group of groups) {
    const scores: number[] = [];
    await outputsOf(await samples.load(edited(index, editsOf(group)).model), (outputs, at) => {
      const batch = batches[at];
      if (batch) scores.push(...score(references[at] ?? {}, outputs, batch));
    });
    finished(group, scores);
  }
}

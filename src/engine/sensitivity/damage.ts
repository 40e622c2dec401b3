import { uncertaintyOf } from '../../sensitivity/difficulty';
import { type MetricName, metrics } from '../../sensitivity/metrics/index';
import { scorerOf } from '../../sensitivity/metrics/scorer';
import type { Score } from '../../sensitivity/sweep';
import { mainOutput, readingOf } from '../../verify/reading';
import type { SizedModel } from '../models';
import { tokensInput } from '../tokensInput';

/** How far a changed model's answers are from its own: the output that is looked at, the metric, and the score of a batch. */
export interface DamageJudge {
  readonly output: string;
  readonly metric: MetricName;
  readonly score: Score;
  /** The samples' scores, whose mean is the damage, from what `score` gave for all of them: the same where the metric is a mean over samples. */
  readonly settle: (noted: readonly number[]) => readonly number[];
  /** Whether it is. */
  readonly isMean: boolean;
  /** How unsure the model itself is, sample by sample; undefined where the output is no distribution. */
  readonly difficulty: ReturnType<typeof uncertaintyOf>;
}

/** Judges by the model's main output; `choose` gives the metric, knowing whether it holds scores of classes. */
export function damageJudge(
  sized: SizedModel,
  choose: (hasClasses: boolean) => MetricName = usualMetric,
): DamageJudge {
  const { structure, index } = sized;
  const names = index.model.graph.outputs.map(({ name }) => name);
  const output = mainOutput(structure, names) ?? '';
  const reading = readingOf(structure, output);
  const metric = choose(reading !== 'values');
  const tokens = tokensInput(sized);
  const { isMean, note, settle } = scorerOf(metrics[metric]);
  const score: Score = (a, b, batch) => {
    const [reference, candidate] = [a[output], b[output]];
    return reference && candidate ? note({ reference, candidate, batch, reading, tokens }) : [];
  };
  return { output, metric, score, settle, isMean, difficulty: uncertaintyOf(output, reading) };
}

/** What suits the kind of output. */
export const usualMetric = (hasClasses: boolean): MetricName => (hasClasses ? 'kl' : 'nmse');

import { type Decisions, f1LossScores } from '../../tensor/f1';
import { decidedIn } from './decided';
import type { CountedMetric } from './metric';

/** What is decided in a sample, and between how many classes. */
interface Decided {
  readonly decisions: Decisions;
  readonly classes: number;
}

/**
 * F1 of the model less that of the changed one: of class 1 where there are two classes, else the mean over the classes that occur. Labels at
 * each position count one by one.
 */
export const f1Lost: CountedMetric<Decided> = {
  title: 'F1 lost',
  unit: 'share',
  needs: 'labels',
  evidence(pair) {
    const { samples, classes } = decidedIn(pair, 'F1');
    return samples.map((decisions) => ({ decisions, classes }));
  },
  scores: (samples) =>
    f1LossScores(
      samples.map(({ decisions }) => decisions),
      Math.max(0, ...samples.map(({ classes }) => classes)),
    ),
};

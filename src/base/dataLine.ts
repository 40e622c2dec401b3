import type { DataFacts } from './dataKinds';
import { formatCount } from './format';
import { printable } from './text';

/** `dev.npz: the first 64 of 872 samples, 2 classes, 5 to 60 positions long (median 25)`: what figures stand on, in one line. */
export function dataSummary(facts: DataFacts): string {
  const { kind, name, classes, lengths } = facts;
  if (kind === null) return madeUp(facts);
  const length =
    lengths &&
    (lengths.least === lengths.most
      ? `${formatCount(lengths.most)} positions long`
      : `${formatCount(lengths.least)} to ${formatCount(lengths.most)} positions long (median ${formatCount(lengths.median)})`);
  const labels = classes === null ? 'no labels' : `${formatCount(classes)} classes`;
  return `${printable(name, 80)}: ${[samplesOf(facts), labels, length].filter(Boolean).join(', ')}`;
}

/** The summary as a line by itself. */
export const dataLine = (facts: DataFacts): string => `Data: ${dataSummary(facts)}`;

/** Every assumption as a line by itself: names in it come from files. */
export const assumptionLines = ({ assumed }: DataFacts): readonly string[] =>
  assumed.map((each) => `Assumed: ${printable(each, 300)}`);

const madeUp = ({ used, drawnWith }: DataFacts) =>
  `made-up inputs, ${formatCount(used)} ${used === 1 ? 'run' : 'runs'}${drawnWith === null ? '' : ` (seed ${drawnWith})`}`;

function samplesOf({ samples, used, drawnWith }: DataFacts): string {
  const words = `${formatCount(samples)} ${samples === 1 ? 'sample' : 'samples'}`;
  if (used === samples) return words;
  const which =
    drawnWith === null
      ? `the first ${formatCount(used)}`
      : `${formatCount(used)} drawn with seed ${drawnWith}`;
  return `${which} of ${words}`;
}

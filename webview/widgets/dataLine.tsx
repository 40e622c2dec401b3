import type { DataFacts } from '../../src/base/dataKinds';
import { assumptionLines, dataSummary } from '../../src/base/dataLine';
import './dataLine.css';

interface Props {
  /** Undefined where nothing was run, or by a version that did not tell. */
  readonly facts: DataFacts | undefined;
}

/** The data that figures stand on, in one quiet line; inputs that were made up are marked, and so is what was taken to be so. */
export function DataLine({ facts }: Props) {
  if (!facts) return null;
  const isMadeUp = facts.kind === null;
  return (
    <p class="caption data-line" data-made-up={isMadeUp}>
      <span>Data: {dataSummary(facts)}.</span>
      {isMadeUp && ' Choose real data for figures that hold for yours.'}
      {assumptionLines(facts).map((line) => (
        <span class="data-assumed" key={line}>
          {line}
        </span>
      ))}
    </p>
  );
}

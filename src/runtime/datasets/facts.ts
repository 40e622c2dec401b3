import type { DataFacts } from '../../base/dataKinds';
import type { Label } from '../labels';
import type { Dataset } from './dataset';

/** What a data set is, told for the samples at these places. `drawnWith` is the seed they were drawn with, if they were. */
export function factsOf(
  dataset: Dataset,
  places: readonly number[],
  drawnWith?: number,
): DataFacts {
  const labels = dataset.labels(places);
  return {
    kind: dataset.kind,
    name: dataset.name,
    samples: dataset.count,
    used: places.length,
    drawnWith: drawnWith ?? null,
    classes: labels ? classesIn(labels) : null,
    lengths: lengthsOf(dataset.lengths(places)),
    assumed: dataset.assumed,
  };
}

/** Of inputs that were made up with a seed, so many runs of them. */
export function madeUpFacts(runs: number, seed: number): DataFacts {
  return {
    ...{ kind: null, name: 'synthetic', samples: runs, used: runs, drawnWith: seed },
    ...{ classes: null, lengths: null, assumed: [] },
  };
}

/** Different ones; in labels of positions those below 0 are none. */
function classesIn(labels: readonly Label[]): number {
  const found = new Set<number>();
  for (const label of labels) {
    if (typeof label === 'number') {
      if (label >= 0) found.add(label);
    } else for (const each of label) if (each >= 0) found.add(each);
  }
  return found.size;
}

function lengthsOf(lengths: readonly number[] | undefined): DataFacts['lengths'] {
  const sorted = [...(lengths ?? [])].sort((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  return least === undefined || median === undefined || most === undefined
    ? null
    : { least, median, most };
}

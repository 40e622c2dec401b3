import type { SizedModel } from '../../src/engine/models';
import { runInputs } from '../../src/engine/inputs';
import type { Calibration, CalibrationBatch } from '../../src/runtime/calibration';
import type { Feeds } from '../../src/runtime/runner';
import { loadMade } from './loading';

/** Calibration data in memory. */
export function calibrationOf(
  batches: readonly CalibrationBatch[],
  open?: SizedModel['external']['open'],
): Calibration {
  return {
    name: 'made up',
    samples: batches.length,
    batches: () => batches,
    load: (model, options) => loadMade(model, open, options),
  };
}

export const unmasked = (feeds: Feeds): CalibrationBatch => ({
  ...{ feeds, mask: undefined, labels: undefined },
});

/** These inputs as the user's data, with nothing of them padding. */
export const dataOf = (feeds: readonly Feeds[], open?: SizedModel['external']['open']) =>
  calibrationOf(feeds.map(unmasked), open);

/** Made-up inputs of the model's own sizes, `count` different ones. */
export function syntheticCalibration(model: SizedModel, count = 4): Calibration {
  const feeds = Array.from({ length: count }, (_, i) =>
    runInputs(model, undefined, i + 1).feeds(0),
  );
  return dataOf(feeds, model.external.open);
}

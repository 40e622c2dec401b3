import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SizedModel } from '../../src/engine/models';
import { runInputs } from '../../src/engine/inputs';
import { saveModel } from '../../src/engine/saveModel';
import type { Calibration, CalibrationBatch } from '../../src/runtime/calibration';
import { ortRunner } from '../../src/runtime/ort';
import type { Feeds } from '../../src/runtime/runner';

/** Calibration data in memory; models on trial are written to a folder that is removed once they are loaded. */
export function calibrationOf(
  batches: readonly CalibrationBatch[],
  open?: SizedModel['external']['open'],
): Calibration {
  return {
    name: 'made up',
    samples: batches.length,
    batches: () => batches,
    async load(model, options) {
      const folder = mkdtempSync(join(tmpdir(), 'featherweight-calibration-'));
      try {
        const file = join(folder, 'model.onnx');
        saveModel(model, file, { open });
        const session = { threads: 1, provider: 'cpu', optimize: 'all', ...options } as const;
        return await ortRunner().load(file, session);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export const unmasked = (feeds: Feeds): CalibrationBatch => ({
  ...{ feeds, mask: undefined, labels: undefined },
});

/** Made-up inputs of the model's own sizes, `count` different ones. */
export function syntheticCalibration(model: SizedModel, count = 4): Calibration {
  const feeds = Array.from({ length: count }, (_, i) =>
    runInputs(model, undefined, i + 1).feeds(0),
  );
  return calibrationOf(feeds.map(unmasked), model.external.open);
}

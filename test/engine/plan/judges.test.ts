import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { isUserError } from '../../../src/base/errors';
import { Models } from '../../../src/engine/models';
import { planJudges } from '../../../src/engine/plan/judges';
import { modelsFolder, withoutModels } from '../../support/models';

test(
  'layers are judged by what one of them moves steadily, and the whole by what was asked',
  { skip: withoutModels },
  (t) => {
    const models = new Models();
    t.after(() => models.dispose());
    const sized = models.sized(join(modelsFolder, 'tiny-lm/model.onnx'), {});
    const names = (asked: string | undefined) => {
      const { metric, layerMetric } = planJudges(sized, asked);
      return [metric.name, layerMetric.name];
    };
    assert.deepEqual(names(undefined), ['kl', 'kl']);
    assert.deepEqual(names('perplexity'), ['perplexity', 'kl']);
    assert.deepEqual(names('nmse'), ['nmse', 'nmse']);
    assert.throws(
      () => planJudges(sized, 'bleu'),
      (error) => isUserError(error) && /There is no metric “bleu”/.test(error.message),
    );
  },
);

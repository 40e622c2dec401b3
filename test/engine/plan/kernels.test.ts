import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Workbench } from '../../../src/actions/action';
import { prepareChoice } from '../../../src/build/plan/prepare';
import { runInputs } from '../../../src/engine/inputs';
import { Models } from '../../../src/engine/models';
import { kernelModel, kernelTimes, valuesOf } from '../../../src/engine/plan/kernels';
import { plannedGroups } from '../../../src/engine/plan/measure';
import { noProgress } from '../../../src/base/progress';
import { namesFor, rememberLast } from '../../../src/onnx/builder';
import { ortRunner } from '../../../src/runtime/ort';
import { modelsFolder, withoutModels } from '../../support/models';

const file = join(modelsFolder, 'digits-vit/model.onnx');

test('what is timed of a layer does all of its work', { skip: withoutModels }, async () => {
  const models = new Models();
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-kernels-'));
  const sized = models.sized(file, {});
  const { index, external, structure } = sized;
  const options = { runner: ortRunner(), threads: 1, folder };
  const bench: Workbench = {
    ...{
      structure,
      original: index,
      prepared: index,
      keeper: undefined,
      open: external.open,
      calibration: undefined,
    },
    ...{ names: namesFor(index), remember: rememberLast(), progress: noProgress },
    ...{ signal: undefined, tell: () => {} },
  };
  try {
    const groups = plannedGroups(sized).groups.filter(({ layer }) => layer.op === 'MatMul');
    assert.ok(groups.length >= 10);
    const layers = groups.flatMap(({ members }) => members);
    const values = await valuesOf(sized, runInputs(sized, undefined, 1).feeds(0), layers, options);
    const editsOf = await prepareChoice(bench, { choice: 'int8', groups });
    for (const group of groups) {
      const asIs = kernelModel(index, group.members, [], values);
      const treated = kernelModel(index, group.members, editsOf(group), values);
      const [before, after] = [asIs, treated].map((model) =>
        (model?.graph.nodes ?? []).map(({ op }) => op),
      );
      assert.ok(before?.includes('MatMul'), `${group.layer.name}: ${before?.join()}`);
      assert.ok(
        after?.some((op) => op.includes('Integer')),
        `${group.layer.name}: ${after?.join()}`,
      );
      const times = await kernelTimes([asIs, treated], values, external.open, options);
      assert.ok(times.every((ms) => ms !== undefined && ms > 0));
    }
  } finally {
    models.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
});

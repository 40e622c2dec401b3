import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applySteps } from '../../src/build/apply';
import { actionChanges, actionProbe, isActionProbe } from '../../src/build/probes';
import { noProgress } from '../../src/base/progress';
import { readProbe, stepBytes } from '../../src/engine/sensitivity/probeSteps';
import { namesFor, rememberLast } from '../../src/onnx/builder';
import { metrics } from '../../src/sensitivity/metrics/index';
import { layerSubject } from '../../src/sensitivity/sweep';
import { candidatesOf } from '../../src/sensitivity/candidates';
import { syntheticCalibration } from '../support/calibration';
import { feedForwards, sizedModel, sweptTasks } from '../support/residuals';

const refuses = (text: string, message: RegExp) =>
  assert.throws(() => readProbe(text, []), { code: 'badInput', message });

test('an action with parameters is a probe, under one name however it is written', (t) => {
  const { layers } = sizedModel(t, feedForwards('pre')).structure;
  const probe = actionProbe('weightOnly:block=64,bits=2', layers);
  assert.equal(probe.name, 'weightOnly:bits=2,block=64');
  assert.equal(probe.title, 'weight-only, 4-bit, width 2, block 64');
  assert.deepEqual(probe.strength, { kind: 'bits', value: 2 });
  assert.equal(probe.unit, 'layer');
  // One layer has no others to share exactness with.
  assert.deepEqual(probe.step, {
    action: 'weightOnly',
    params: { keep: 0, bits: '2', block: '64' },
  });
  for (const text of ['weightOnly', 'weightOnly:', 'weightOnly:bits=4,block=32,keep=0']) {
    assert.equal(actionProbe(text, layers).name, 'weightOnly');
  }
  assert.equal(actionProbe('weightOnly: keep = 2.5', layers).name, 'weightOnly:keep=2.5');
  const seven = actionProbe('int8Dynamic:reduceRange=true', layers);
  assert.deepEqual(seven.step?.params, { reduceRange: true });
  // By what the layers' weights would take, scales included.
  assert.ok(seven.strength.value >= 8 && seven.strength.value < 11);
  assert.deepEqual(actionProbe('halfStorage', layers).strength, { kind: 'bits', value: 16 });
});

test('probes that there are not say what there is', () => {
  assert.ok(isActionProbe('int8Dynamic') && !isActionProbe('int8'));
  refuses('int9', /There is no probe “int9”/);
  refuses('weightOnly:bits=5', /“bits” must be one of/);
  refuses('weightOnly:width=5', /“width” is not a parameter here/);
  refuses('weightOnly:bits', /“bits” is no parameter of a probe/);
  refuses('int8Dynamic:reduceRange=maybe', /must be true or false/);
  refuses('fixedPoint:bits=many', /must be a whole number/);
  refuses('foldBatchNorm', /changes the model as a whole/);
  assert.equal(readProbe('int4', []).step?.action, 'weightOnly');
});

for (const text of ['int8Dynamic', 'weightOnly:bits=4,block=16', 'int8Static', 'halfStorage']) {
  test(`asking about ${text} is what making its step on one layer does`, async (t) => {
    const sized = sizedModel(t, feedForwards('pre'));
    const { structure, index, external } = sized;
    const data = syntheticCalibration(sized, 3);
    const { layers } = candidatesOf(structure);
    const probe = readProbe(text, structure.layers);
    const bench = {
      ...{
        structure,
        original: index,
        prepared: index,
        keeper: undefined,
        open: external.open,
        calibration: data,
      },
      ...{ names: namesFor(index), remember: rememberLast(), tell: () => undefined },
      ...{ signal: undefined, progress: noProgress },
    };
    const own = layers.map(({ layer }) => layer);
    const { changes, skipped } = await actionChanges(bench, own, probe);
    assert.equal(changes.size + skipped.length, own.length);
    const rows = await sweptTasks(
      sized,
      layers.map((each) => ({
        subject: layerSubject(each),
        changes: [changes.get(each.layer)].flatMap((change) => change ?? []),
      })),
      data,
    );
    assert.equal(rows.length, changes.size);
    assert.ok(rows.length > 0);
    for (const { subject, scores } of rows) {
      const step = { ...probe.step!, targets: { layers: [subject.id] } };
      const applied = await applySteps(index, [step], { calibration: data });
      const sessions = [await data.load(index.model), await data.load(applied.index.model)];
      let at = 0;
      for (const batch of data.batches()) {
        const [a, b] = await Promise.all(
          sessions.map(async (session) => (await session.run(batch.feeds, ['y'])).outputs['y']!),
        );
        const pair = { reference: a!, candidate: b!, batch, reading: 'values' } as const;
        for (const whole of metrics.nmse.score(pair)) {
          const found = scores[at++]!;
          assert.ok(
            Math.abs(found - whole) <= 0.02 * whole + 1e-9,
            `${subject.id}: ${found}, not ${whole}`,
          );
        }
      }
      assert.equal(at, scores.length);
      for (const session of sessions) await session.release();
    }
    const bytes = stepBytes(probe.step, own[0]!);
    assert.ok(bytes && bytes.after < bytes.before);
  });
}

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { noProgress } from '../../src/base/progress';
import { openCalibration } from '../../src/engine/calibration';
import { Models, type SizedModel } from '../../src/engine/models';
import { makeTensor } from '../../src/onnx/builder';
import { applyEdits } from '../../src/onnx/edit';
import { tensorValues } from '../../src/onnx/weights';
import type { Calibration } from '../../src/runtime/calibration';
import { ortRunner } from '../../src/runtime/ort';
import { changedRows, channelsOf } from '../../src/sensitivity/channels';
import { metrics } from '../../src/sensitivity/metrics/index';
import {
  type WeightProbeName as ProbeName,
  weightProbes as probes,
} from '../../src/sensitivity/probes';
import { layerSubject, sweep, type SweepLayer, type SweepRow } from '../../src/sensitivity/sweep';
import { dataOf } from '../support/calibration';
import { loadMade } from '../support/loading';
import { modelsFolder, withoutModels } from '../support/models';
import { smallModels } from '../support/smallModels';

const folderFor = (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-sweep-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Layers with a plain float weight, each with that weight. */
function layersOf({ structure }: SizedModel): SweepLayer[] {
  return structure.layers.flatMap((layer) => {
    const weight = layer.weights.find(
      ({ kind, tensor }) => kind === 'weight' && tensor.dtype === 'float32',
    );
    return weight ? [{ layer, weight }] : [];
  });
}

const weightChange = (name: ProbeName) =>
  ({ kind: 'weight', name, change: probes[name].change }) as const;

async function swept(
  sized: SizedModel,
  layers: readonly SweepLayer[],
  names: readonly ProbeName[],
  data: Calibration,
  output: string,
  memory = 1e9,
): Promise<SweepRow[]> {
  const rows: SweepRow[] = [];
  await sweep({
    ...{ index: sized.index, data, memory, open: sized.external.open },
    tasks: layers.map((each) => ({
      subject: layerSubject(each),
      changes: names.map(weightChange),
    })),
    score: (reference, candidate, batch) =>
      metrics.nmse.score({
        reference: reference[output]!,
        candidate: candidate[output]!,
        batch,
        reading: 'values',
      }),
    finished: (row) => rows.push(row),
    signal: undefined,
    progress: noProgress,
  });
  return rows;
}

interface Reference {
  readonly layers: readonly {
    readonly weight: string;
    readonly int8_per_channel: { readonly kl: number };
    readonly int4_block32: { readonly kl: number };
    readonly prune50: { readonly kl: number };
  }[];
}
const named = { int8: 'int8_per_channel', int4: 'int4_block32', prune50: 'prune50' } as const;

test(
  'damages of MiniLM’s layers equal those of one session per layer',
  { skip: withoutModels },
  async (t) => {
    const folder = join(modelsFolder, 'minilm-sst2');
    const sized = new Models().sized(join(folder, 'model.onnx'), {});
    const reference = JSON.parse(
      readFileSync(join(folder, 'sensitivity.json'), 'utf8'),
    ) as Reference;
    // Every seventh: first and last blocks, each role. The benchmark goes through all.
    const chosen = reference.layers.filter((_, at) => at % 7 === 3);
    const layers = layersOf(sized);
    const wanted = chosen.map(({ weight }) => layers.find((each) => each.weight.name === weight)!);
    const data = openCalibration(sized, {
      runner: ortRunner(),
      data: join(folder, 'dev.npz'),
      ...{ samples: 64, folder: folderFor(t), threads: 2 },
    });
    let rows = 0;
    await sweep({
      ...{ index: sized.index, data, memory: 1e9, open: undefined },
      tasks: wanted.map((each) => ({
        subject: layerSubject(each),
        changes: (['int8', 'int4', 'prune50'] as const).map(weightChange),
      })),
      score: (a, b, batch) =>
        metrics.kl.score({
          reference: a['logits']!,
          candidate: b['logits']!,
          batch,
          reading: 'logits',
        }),
      finished: ({ subject, name, scores }) => {
        rows++;
        assert.equal(scores.length, 64);
        const mean = scores.reduce((sum, each) => sum + each, 0) / scores.length;
        const at = wanted.findIndex((each) => each.layer.id === subject.id);
        const { kl } = chosen[at]![named[name as keyof typeof named]];
        assert.ok(
          Math.abs(mean - kl) <= Math.max(1e-8, 1e-4 * kl),
          `${subject.id} ${name}: ${mean}, not ${kl}`,
        );
      },
      signal: undefined,
      progress: noProgress,
    });
    assert.equal(rows, wanted.length * 3);
  },
);

/** Runs the whole changed model: what a sweep must be equal to. */
async function bruteForce(
  { index, external }: SizedModel,
  { layer, weight }: SweepLayer,
  probe: ProbeName,
  data: Calibration,
  output: string,
): Promise<number[]> {
  const values = Float32Array.from(tensorValues(weight.tensor, external.open) as number[]);
  const changed = changedRows(probes[probe].change, values, channelsOf(layer, weight));
  const tensor = makeTensor(weight.name, 'float32', weight.tensor.shape, changed);
  const { scope } = layer.main;
  const model = applyEdits(index, [{ kind: 'setTensor', scope, tensor }]);
  const original = await data.load(index.model, { optimize: 'basic' });
  const session = await data.load(model, { optimize: 'basic' });
  const scores: number[] = [];
  for (const batch of data.batches()) {
    const reference = (await original.run(batch.feeds, [output])).outputs[output]!;
    const candidate = (await session.run(batch.feeds, [output])).outputs[output]!;
    scores.push(...metrics.nmse.score({ reference, candidate, batch, reading: 'values' }));
  }
  await original.release();
  await session.release();
  return scores;
}

test(
  'a sweep equals running the whole model again, whatever the model',
  { skip: withoutModels },
  async (t) => {
    let compared = 0;
    for (const { source, sized, feeds } of smallModels()) {
      const { initializers } = sized.index.main;
      const layers = layersOf(sized).filter(({ weight }) => initializers.has(weight.name));
      const some = layers.filter((_, at) => at % Math.ceil(layers.length / 2) === 0);
      if (some.length === 0) continue;
      const { open } = sized.external;
      const data: Calibration = {
        ...dataOf([feeds], open),
        load: (model, options) => loadMade(model, open, { optimize: 'basic', ...options }),
      };
      const output = sized.index.model.graph.outputs[0]!.name;
      // So little memory that every layer is a group of its own.
      for (const { subject, name, scores } of await swept(sized, some, ['int2'], data, output, 1)) {
        const each = some.find((one) => one.layer.id === subject.id)!;
        const wanted = await bruteForce(sized, each, name as ProbeName, data, output);
        assert.equal(scores.length, wanted.length);
        scores.forEach((score, at) => {
          const whole = wanted[at]!;
          assert.ok(
            Math.abs(score - whole) <= 1e-4 * whole + 1e-9,
            `${source} ${subject.id}: ${score}, not ${whole}`,
          );
        });
        compared++;
      }
    }
    t.diagnostic(`${compared} layers compared`);
    assert.ok(compared > 60);
  },
);

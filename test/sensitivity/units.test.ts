import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Models, type SizedModel } from '../../src/engine/models';
import { makeNode, makeTensor } from '../../src/onnx/builder';
import type { Edit } from '../../src/onnx/edit';
import { floatValues } from '../../src/onnx/weights';
import { channelsOf } from '../../src/sensitivity/channels';
import { changeOf, type WeightProbeName, weightProbes } from '../../src/sensitivity/probes';

import { subjectsOf } from '../../src/sensitivity/units';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { syntheticCalibration } from '../support/calibration';
import { modelsFolder, withoutModels } from '../support/models';
import { feedForwards, sizedModel, sweptTasks, wholeScores } from '../support/residuals';
import { smallModels } from '../support/smallModels';

const near = (found: readonly number[], wanted: readonly number[], what: string) => {
  assert.equal(found.length, wanted.length, what);
  found.forEach((score, at) => {
    const [whole = 0] = [wanted[at]];
    const isNear = Math.abs(score - whole) <= 1e-4 * whole + 1e-9;
    assert.ok(isNear, `${what}: ${score}, not ${whole}`);
  });
};

/** How much of the model's answer is another one without each of its blocks, or heads. */
async function removals(sized: SizedModel, unit: 'block' | 'head', samples = 3) {
  const { subjects, skipped } = subjectsOf(sized.structure, sized.shapes, unit);
  const name = unit === 'block' ? 'removedBlock' : 'removedHead';
  const data = syntheticCalibration(sized, samples);
  const tasks = subjects.map((subject) => ({
    subject,
    changes: [changeOf(name, subject)].flatMap((change) => change ?? []),
  }));
  return { subjects, skipped, data, rows: await sweptTasks(sized, tasks, data) };
}

for (const norm of ['pre', 'post'] as const) {
  test(`without a block of a ${norm}-norm model, its input is its output`, async (t) => {
    const sized = sizedModel(t, feedForwards(norm));
    const { subjects, rows, data } = await removals(sized, 'block');
    assert.equal(subjects.length, 3);
    assert.deepEqual(
      subjects.map(({ block }) => block),
      [0, 1, 2],
    );
    for (const [at, { subject, scores }] of rows.entries()) {
      assert.equal(subject, subjects[at]);
      // All nodes that read the block's end read its beginning instead.
      const [from, to] = [at === 0 ? 'x' : `h${at}`, at === 2 ? 'y' : `h${at + 1}`];
      const entry = sized.index.main.producers.get(to)!;
      const nodes = [makeNode('Add', [from, 'nothing'], [to])];
      const { main: scope } = sized.index;
      const tensor = makeTensor('nothing', 'float32', [], Float32Array.of(0));
      const edits: Edit[] = [
        { kind: 'replaceNode', entry, nodes },
        { kind: 'setTensor', scope, tensor },
      ];
      near(scores, await wholeScores(sized, edits, data), subject.id);
      assert.ok(scores.every((score) => score > 1e-3));
    }
  });
}

test('a block that nothing passes by unchanged cannot be removed, and says why', (t) => {
  const sized = sizedModel(t, feedForwards('projected'));
  const { subjects, skipped } = subjectsOf(sized.structure, sized.shapes, 'block');
  assert.ok(sized.structure.blocks.length > 0);
  assert.deepEqual(subjects, []);
  assert.deepEqual(
    skipped,
    sized.structure.blocks.map(({ id }) => ({ id, why: 'Nothing passes by it unchanged.' })),
  );
});

test('probes are of a layer, a block or a head, and of nothing else', (t) => {
  const sized = sizedModel(t, feedForwards('pre'));
  const [layer] = subjectsOf(sized.structure, sized.shapes, 'layer').subjects;
  const [block] = subjectsOf(sized.structure, sized.shapes, 'block').subjects;
  assert.equal(changeOf('int4', layer!)?.kind, 'weight');
  assert.equal(changeOf('removedBlock', block!)?.kind, 'edits');
  assert.equal(changeOf('int4', block!), undefined);
  assert.equal(changeOf('removedBlock', layer!), undefined);
  assert.equal(changeOf('removedHead', block!), undefined);
});

test('a recurrent layer is changed in both of its weights at once', async (t) => {
  const [inputs, hidden] = [6, 16];
  const floats = (name: string, width: number) => {
    const values = Float32Array.from({ length: 4 * hidden * width }, (_, i) => Math.sin(i * i));
    return aTensor(name, 'float32', [1, 4 * hidden, width], values);
  };
  const [w, r] = [floats('w', inputs), floats('r', hidden)];
  const sized = sizedModel(
    t,
    aModel({
      inputs: [aValue('x', 'float32', [5, 1, inputs])],
      outputs: [aValue('y', 'float32', [5, 1, 1, hidden])],
      nodes: [aNode('LSTM', ['x', 'w', 'r'], ['y'], { hidden_size: { kind: 'int', value: 16n } })],
      initializers: [w, r],
    }),
  );
  const [subject] = subjectsOf(sized.structure, sized.shapes, 'layer').subjects;
  const changes = (['int4', 'prune50'] as const).map((name) => changeOf(name, subject!)!);
  const data = syntheticCalibration(sized, 2);
  const rows = await sweptTasks(sized, [{ subject: subject!, changes }], data);
  assert.equal(rows.length, 2);
  for (const { name, scores } of rows) {
    const edits = [w, r].map((tensor, at): Edit => {
      const { change } = weightProbes[name as WeightProbeName];
      const values = change(floatValues(tensor).slice(), at === 0 ? inputs : hidden);
      const changed = makeTensor(tensor.name, 'float32', tensor.shape, values);
      return { kind: 'setTensor', scope: sized.index.main, tensor: changed };
    });
    near(scores, await wholeScores(sized, edits, data), name);
    const [, state] = edits;
    const [whole, part] = [edits, [state!]].map((each) => wholeScores(sized, each, data));
    assert.notDeepEqual(await whole, await part);
  }
});

test('filters along one axis are channels, and so are the gates of every direction', (t) => {
  const weight = aTensor('w', 'float32', [8, 6, 3], new Float32Array(144).fill(1));
  const sized = sizedModel(
    t,
    aModel({
      inputs: [aValue('x', 'float32', [1, 6, 9])],
      outputs: [aValue('y', 'float32', [1, 8, 7])],
      nodes: [aNode('Conv', ['x', 'w'], ['y'])],
      initializers: [weight],
    }),
  );
  const [subject] = subjectsOf(sized.structure, sized.shapes, 'layer').subjects;
  const { layer, weight: filters } = subject!.weight!;
  assert.deepEqual(channelsOf(layer, filters), { rows: 8, width: 18, transposed: false });
});

for (const file of [
  'structures/bert_ts_constnodes.onnx',
  'structures/lstm_bi_ts_op14.onnx',
  'vad/model-if.onnx',
]) {
  test(
    `weights of ${file} are changed wherever they are kept`,
    { skip: withoutModels },
    async () => {
      const sized = new Models().sized(join(modelsFolder, file), {});
      const { subjects } = subjectsOf(sized.structure, sized.shapes, 'layer');
      const data = syntheticCalibration(sized, 1);
      const every = Math.ceil(subjects.length / 6);
      const some = subjects.filter((_, at) => at % every === 0);
      const tasks = some.map((subject) => {
        const change = changeOf('int2', subject, sized.external.open)!;
        return { subject, changes: [change] };
      });
      const rows = await sweptTasks(sized, tasks, data);
      assert.equal(rows.length, some.length);
      assert.ok(rows.length >= 2);
      // Of a branch for another sampling rate nothing is heard.
      assert.ok(rows.some(({ scores }) => scores[0]! > 0));
      for (const { scores, subject } of rows) {
        const [change] = tasks.find((task) => task.subject === subject)!.changes;
        if (change!.kind === 'edits') {
          near(scores, await wholeScores(sized, change!.edits(), data), subject.id);
        }
      }
    },
  );
}

const digits = join(modelsFolder, 'digits-vit');
for (const file of ['model.onnx', 'model-dynamo.onnx']) {
  test(
    `a head of ${file} is removed as zeros in the context would remove it`,
    { skip: withoutModels },
    async () => {
      const sized = new Models().sized(join(digits, file), {});
      const { subjects, rows, data } = await removals(sized, 'head');
      assert.equal(subjects.length, 16);
      for (const [at, { subject, scores }] of rows.entries()) {
        if (at % 5 > 0) continue;
        // 64 inputs, 16 a head, four heads a layer.
        const { main: entry } = subject.weight!.layer;
        const [context = '', ...rest] = entry.node.inputs;
        const mask = Float32Array.from({ length: 64 }, (_, i) =>
          Number(Math.floor(i / 16) !== at % 4),
        );
        const node = { ...entry.node, inputs: ['masked', ...rest] };
        const nodes = [makeNode('Mul', [context, 'mask'], ['masked']), node];
        const tensor = makeTensor('mask', 'float32', [64], mask);
        const edits: Edit[] = [
          { kind: 'replaceNode', entry, nodes },
          { kind: 'setTensor', scope: sized.index.main, tensor },
        ];
        near(scores, await wholeScores(sized, edits, data), subject.id);
        assert.ok(scores.every((score) => score > 0));
      }
    },
  );
}

test(
  'models from many exporters still run without a block or a head, or there is a reason',
  { skip: withoutModels },
  async (t) => {
    let [blocks, heads, reasons] = [0, 0, 0];
    // Every third one: each exporter and each kind of model is among them.
    for (const { source, sized } of smallModels(3)) {
      const found = await removals(sized, 'block', 1);
      const all = subjectsOf(sized.structure, sized.shapes, 'head');
      // Every layer's heads are found, or it says why not.
      assert.equal(found.subjects.length + found.skipped.length, sized.structure.blocks.length);
      assert.ok([...found.skipped, ...all.skipped].every(({ why }) => why.endsWith('.')));
      for (const { subject, scores } of found.rows) {
        assert.ok(
          scores.length > 0 && scores.every((score) => score > 0),
          `${source} ${subject.id}: ${scores.join()}`,
        );
      }
      blocks += found.rows.length;
      heads += all.subjects.length;
      reasons += found.skipped.length;
    }
    t.diagnostic(`${blocks} blocks removed, ${reasons} with a reason; ${heads} heads`);
    assert.ok(blocks > 25);
    assert.ok(heads > 40);
  },
);

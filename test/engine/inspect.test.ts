import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { version } from '../../package.json';
import { partNames } from '../../src/base/terms';
import { inspect } from '../../src/engine/inspect';
import { Models } from '../../src/engine/models';
import type { Model } from '../../src/onnx/model';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { modelsFolder, withoutModels } from '../support/models';

const folder = mkdtempSync(join(tmpdir(), 'fw-inspect-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'model.onnx');
const save = (model: Model) => writeFileSync(file, modelBytes(model));
const linear = (width: number) =>
  aModel({
    nodes: [
      aNode('MatMul', ['x', 'w'], ['m']),
      aNode('Add', ['m', 'b'], ['a'], {}, { name: 'bias' }),
      aNode('Mystery', ['a'], ['y'], {}, { domain: 'made.up' }),
    ],
    initializers: [
      aTensor('w', 'float32', [4, width], new Float32Array(4 * width)),
      aTensor('b', 'float32', [width], new Float32Array(width)),
    ],
    inputs: [aValue('x', 'float32', ['batch', 4]), aValue('w', 'float32', [4, width])],
    outputs: [aValue('y', 'float32')],
  });

test('everything has the names of the design, and what is not known is null', () => {
  save(linear(8));
  const inspection = inspect(new Models().sized(file, { dims: { batch: 3 } }));
  assert.equal(inspection.featherweight, version);
  assert.deepEqual(inspection.dimensions, { batch: 3 });
  assert.deepEqual(inspection.model.inputs, [{ name: 'x', dtype: 'float32', shape: ['batch', 4] }]);
  assert.deepEqual(Object.keys(inspection.parts), [...partNames]);
  assert.equal(inspection.totals.parameters, 40);
  const layer = inspection.layers.find(({ weights }) => weights.length > 0)!;
  assert.equal(layer.macs, 3 * 4 * 8);
  assert.deepEqual(layer.nodes, ['m', 'bias']);
  assert.deepEqual(layer.weights[0], {
    name: 'w',
    shape: [4, 8],
    dtype: 'float32',
    bytes: 128,
    parameters: 32,
  });
  const mystery = inspection.nodes.at(-1)!;
  assert.deepEqual(mystery.outputShapes, [null]);
  assert.ok(inspection.unknown.some(({ node, why }) => node === 'y' && why.includes('Mystery')));
  assert.deepEqual(
    JSON.parse(JSON.stringify(inspection)),
    inspection,
    'nothing undefined, nothing NaN',
  );
});

test('every node belongs to a layer that knows it', () => {
  save(linear(8));
  const { nodes, layers } = inspect(new Models().sized(file, {}));
  const byId = new Map(layers.map((layer) => [layer.id, layer]));
  for (const node of nodes) assert.ok(byId.get(node.layer)!.nodes.includes(node.name), node.name);
});

test('a model is read again when its file has changed, and only then', () => {
  const models = new Models();
  save(linear(8));
  const first = models.sized(file, {});
  assert.equal(models.sized(file, {}), first);
  assert.notEqual(models.sized(file, { dims: { batch: 2 } }), first);
  save(linear(5));
  assert.equal(models.sized(file, {}).cost.total.parameters, 25);
  utimesSync(file, new Date(), new Date(Date.now() + 5000));
  assert.notEqual(models.sized(file, {}), first);
});

test('data that is not there is listed and hinders nothing', () => {
  const weight = aTensor('w', 'float32', [4, 8], []);
  const data = {
    kind: 'external',
    location: 'gone.bin',
    offset: 0,
    length: 128,
    entries: [],
  } as const;
  const model = linear(8);
  save({
    ...model,
    graph: { ...model.graph, initializers: [{ ...weight, data }, model.graph.initializers[1]!] },
  });
  const inspection = inspect(new Models().sized(file, {}));
  assert.deepEqual(inspection.model.externalData, [
    { location: 'gone.bin', bytes: null, missing: true },
  ]);
  assert.equal(inspection.totals.parameters, 40);
  writeFileSync(join(folder, 'gone.bin'), Buffer.alloc(200));
  assert.deepEqual(inspect(new Models().sized(file, {})).model.externalData[0], {
    location: 'gone.bin',
    bytes: 200,
    missing: false,
  });
});

test('MiniLM comes out to the last digit', { skip: withoutModels }, () => {
  const model = join(modelsFolder, 'minilm-sst2/model.onnx');
  const { totals, structure, parts, model: facts } = inspect(new Models().sized(model, {}));
  assert.equal(totals.macs, 1_434_600_192);
  assert.equal(totals.parameters, 22_713_986);
  assert.equal(facts.bytes, 90_959_779);
  assert.deepEqual(structure, {
    ...{ family: 'encoder', blocks: 6, hiddenSize: 384, heads: 12, kvHeads: 12 },
    ...{ headSize: 32, feedForwardSize: 1536 },
  });
  const sum = partNames.reduce((total, part) => total + parts[part].macs!, 0);
  assert.equal(sum, totals.macs);
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileSource } from '../../../src/engine/files';
import type { Graph, Model, Node } from '../../../src/onnx/model';
import { readModel } from '../../../src/onnx/read';
import { ortRunner } from '../../../src/runtime/ort';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../../support/build';
import { assertEqualAfter, opsOf, someFloats, step } from '../../support/equal';
import { inFolder } from '../../support/folder';

const constant = (name: string, value: number) => aTensor(name, 'float32', [], [value]);

/** Gelu as PyTorch's newer exporter writes it, with the factor and the operands of the last product given. */
const written = (factor: number, outputs: Partial<Graph> = {}, last = ['x', 'h']): Model =>
  aModel(
    {
      inputs: [aValue('x', 'float32', ['n', 8])],
      outputs: [aValue('y', 'float32', ['n', 8])],
      initializers: [constant('root', Math.SQRT2), constant('one', 1), constant('half', factor)],
      nodes: [
        aNode('Div', ['x', 'root'], ['d']),
        aNode('Erf', ['d'], ['e']),
        aNode('Add', ['e', 'one'], ['s']),
        aNode('Mul', ['half', 's'], ['h']),
        aNode('Mul', last, ['y']),
      ],
      ...outputs,
    },
    { opsets: new Map([['', 18]]) },
  );
const feeds = { x: someFloats([4, 8]) };
const orderOf = (nodes: readonly Node[]) =>
  nodes.slice(-2).map(({ inputs, outputs }) => `${inputs.join(' ')} > ${outputs.join('')}`);

/** Operators of the graph that the runtime makes of a model. */
const optimized = (model: Model): Promise<readonly string[]> =>
  inFolder(async (folder) => {
    const optimizedFile = join(folder, 'optimized.onnx');
    const session = { threads: 1, provider: 'cpu', optimize: 'all', optimizedFile } as const;
    await (await ortRunner().load(modelBytes(model), session)).release();
    return readModel(new FileSource(optimizedFile)).graph.nodes.map(({ op }) => op);
  });

test('Gelu is written in the order that the runtime fuses', async () => {
  const model = written(0.5);
  assert.ok((await optimized(model)).includes('Erf'));
  const applied = await assertEqualAfter(model, [step('fuseGelu')], feeds);
  assert.deepEqual(orderOf(applied.index.model.graph.nodes), ['x s > h', 'h half > y']);
  assert.deepEqual(await optimized(applied.index.model), ['Gelu']);
});

for (const [what, model] of [
  ['another factor', written(0.25)],
  [
    'a half that is read elsewhere',
    written(0.5, { outputs: ['y', 'h'].map((n) => aValue(n, 'float32')) }),
  ],
  ['a square', written(0.5, {}, ['h', 'h'])],
] as const) {
  test(`${what} is left as it is`, async () => {
    const applied = await assertEqualAfter(model, [step('fuseGelu')], feeds);
    assert.equal(applied.index.model, model);
    assert.equal(opsOf(applied).length, 5);
  });
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { isUserError } from '../../src/base/errors';
import { FileSource } from '../../src/engine/files';
import { inlineFunctions } from '../../src/onnx/inline';
import type { FunctionDef, Model, Node } from '../../src/onnx/model';
import { readModel } from '../../src/onnx/read';
import { aGraph, aModel, aNode } from '../support/build';
import { modelsFolder, withoutModels } from '../support/models';

function aFunction(
  name: string,
  nodes: readonly Node[],
  more: Partial<FunctionDef> = {},
): FunctionDef {
  return {
    name,
    domain: 'local',
    overload: '',
    inputs: ['x'],
    outputs: ['y'],
    attributes: [],
    attributeDefaults: new Map(),
    nodes,
    opsets: new Map([['', 21]]),
    values: [],
    docString: '',
    metadata: [],
    unknown: new Uint8Array(0),
    ...more,
  };
}

const local = { domain: 'local' };

function inlined(nodes: readonly Node[], functions: readonly FunctionDef[]): Model {
  return inlineFunctions(aModel({ nodes }, { functions }));
}

const brief = (model: Model) =>
  model.graph.nodes.map(
    (node) => `${node.op}(${node.inputs.join(',')}) -> ${node.outputs.join(',')}`,
  );

test('a call becomes its nodes, under names of its own each time', () => {
  const twice = aFunction('Twice', [
    aNode('Add', ['x', 'x'], ['sum'], {}, { name: 'add' }),
    aNode('Relu', ['sum'], ['y']),
  ]);
  const model = inlined(
    [
      aNode('Twice', ['a'], ['b'], {}, { ...local, name: 'one' }),
      aNode('Twice', ['b'], ['c'], {}, { ...local, name: 'one' }),
    ],
    [twice],
  );
  assert.deepEqual(brief(model), [
    'Add(a,a) -> one/sum',
    'Relu(one/sum) -> b',
    'Add(b,b) -> one_2/sum',
    'Relu(one_2/sum) -> c',
  ]);
  assert.equal(model.graph.nodes[0]!.name, 'one/add');
  assert.deepEqual(model.functions, []);
});

test('attributes come from the call, from the default, or not at all', () => {
  const scaled = aFunction(
    'Scaled',
    [
      aNode('Elu', ['x'], ['y'], {
        alpha: { kind: 'reference', value: 'factor', type: 1 },
      }),
    ],
    { attributeDefaults: aNode('', [], [], { factor: { kind: 'float', value: 2 } }).attributes },
  );
  const bare = { ...scaled, name: 'Bare', attributeDefaults: new Map() };
  const model = inlined(
    [
      aNode('Scaled', ['a'], ['b'], { factor: { kind: 'float', value: 3 } }, local),
      aNode('Scaled', ['a'], ['c'], {}, local),
      aNode('Bare', ['a'], ['d'], {}, local),
    ],
    [scaled, bare],
  );
  const alphas = model.graph.nodes.map((node) => node.attributes.get('alpha')?.value);
  assert.deepEqual(alphas, [3, 2, undefined]);
});

test('inputs left out stay left out; outputs that pass an input through get a copy', () => {
  const pass = aFunction('Pass', [aNode('Clip', ['x', 'low'], ['z'])], {
    inputs: ['x', 'low'],
    outputs: ['z', 'x', 'z'],
  });
  const model = inlined([aNode('Pass', ['a'], ['p', 'q', 'r'], {}, local)], [pass]);
  assert.deepEqual(brief(model), ['Clip(a,) -> p', 'Identity(a) -> q', 'Identity(p) -> r']);
});

test('calls inside bodies and inside functions are expanded, and captured names follow', () => {
  const branch = aGraph({ nodes: [aNode('Neg', ['inner'], ['out'])], name: 'then' });
  const outer = aFunction('Outer', [
    aNode('Inner', ['x'], ['inner'], {}, local),
    aNode('If', ['x'], ['y'], { then_branch: { kind: 'graph', value: branch } }),
  ]);
  const inner = aFunction('Inner', [aNode('Abs', ['x'], ['y'])]);
  const model = inlined(
    [aNode('Outer', ['a'], ['b'], {}, { ...local, name: 'o' })],
    [outer, inner],
  );
  assert.deepEqual(brief(model), ['Abs(a) -> o/inner', 'If(a) -> b']);
  const then = model.graph.nodes[1]!.attributes.get('then_branch');
  assert.equal(then?.kind === 'graph' && then.value.nodes[0]!.inputs[0], 'o/inner');
});

test('recursion and explosion are refused', () => {
  const refused = (call: () => unknown, message: RegExp) =>
    assert.throws(call, (error) => isUserError(error) && message.test(error.message));
  const self = aFunction('Self', [aNode('Self', ['x'], ['y'], {}, local)]);
  refused(() => inlined([aNode('Self', ['a'], ['b'], {}, local)], [self]), /calls itself/);
  const bombs = Array.from({ length: 12 }, (_, level) =>
    aFunction(
      `F${level}`,
      Array.from({ length: 10 }, (_, i) => aNode(`F${level + 1}`, ['x'], [`y${i}`], {}, local)),
      { outputs: ['y9'] },
    ),
  );
  bombs.push(aFunction('F12', []));
  refused(() => inlined([aNode('F0', ['a'], ['b'], {}, local)], bombs), /expand to more than/);
});

test('a real model with local functions', { skip: withoutModels }, () => {
  const source = new FileSource(join(modelsFolder, 'structures', 'local_functions_op18.onnx'));
  const model = readModel(source);
  const flat = inlineFunctions(model);
  assert.ok(flat.graph.nodes.length > model.graph.nodes.length);
  assert.ok(flat.graph.nodes.every((node) => node.domain !== 'local'));
  const made = flat.graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== '');
  assert.equal(new Set(made).size, made.length);
  source.dispose();
});

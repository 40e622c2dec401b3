import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileSource, ExternalFiles } from '../../src/engine/files';
import { indexGraph } from '../../src/onnx/graph';
import { inlineFunctions } from '../../src/onnx/inline';
import type { Graph, Model } from '../../src/onnx/model';
import { noExternal, type OpenExternal } from '../../src/onnx/external';
import { readModel } from '../../src/onnx/read';
import { resolveSizes } from '../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { buildStructure } from '../../src/structure/build';
import { printModel, type ModelText } from '../../src/structure/print';
import { aGraph, aModel, aNode, aTensor, aValue } from '../support/build';
import { modelFiles, withoutModels } from '../support/models';

function printed(
  model: Model,
  open: OpenExternal = noExternal,
  limits?: { characters: number; lines: number },
) {
  const index = indexGraph(inlineFunctions(model));
  const shapes = inferShapes(index, { ...resolveSizes(index.model, {}), open });
  const structure = buildStructure(index, shapes, open);
  return { structure, text: printModel(structure, shapes, limits) };
}

const linear = (names: { weight?: string; node?: string } = {}): Model =>
  aModel(
    {
      inputs: [aValue('x', 'float32', ['batch', 4])],
      outputs: [aValue('y', 'float32', ['batch', 3])],
      initializers: [
        aTensor(names.weight ?? 'net.dense.weight', 'float32', [4, 3], Array(12).fill(0.5)),
        aTensor('net.dense.bias', 'float32', [3], [7, 8, 9]),
      ],
      nodes: [
        aNode(
          'MatMul',
          ['x', names.weight ?? 'net.dense.weight'],
          ['m'],
          {},
          { name: names.node ?? '/net/dense/MatMul' },
        ),
        aNode('Add', ['m', 'net.dense.bias'], ['y'], {}, { name: '/net/dense/Add' }),
      ],
    },
    { producerName: 'pytorch', producerVersion: '2.0' },
  );

test('a linear layer: header, module, one line for the layer, its nodes beneath', () => {
  const { text } = printed(linear());
  assert.deepEqual(text.text.split('\n'), [
    '# pytorch 2.0 · opset 21 · IR 10 · 2 nodes',
    '',
    'inputs',
    '  %x  f32[batch, 4]',
    'outputs',
    '  %net.dense  f32[batch, 3]  # y',
    '',
    'net',
    '  dense  linear 4 → 3 · dense.weight f32[4, 3] · dense.bias f32[3]',
    '    %1 = MatMul(%x, dense.weight)',
    '    %dense = Add(%1, dense.bias)',
    '',
  ]);
  assert.deepEqual(text.sections, [
    { kind: 'module', name: 'net', id: 'net', line: 7, end: 10, depth: 0 },
    { kind: 'layer', name: 'dense', id: 'net.dense', line: 8, end: 10, depth: 1 },
  ]);
  assert.deepEqual(
    text.nodes.map((node) => [node.id, node.line, node.shape]),
    [
      ['/net/dense/MatMul', 9, 'f32[1, 3]'],
      ['/net/dense/Add', 10, 'f32[1, 3]'],
    ],
  );
});

test('places: what makes a value stands first, then what reads it', () => {
  const { text } = printed(linear());
  const lines = text.text.split('\n');
  const written = (name: string) =>
    text.values
      .find((value) => value.name === name)!
      .places.map(([line, from, to]) => `${line} ${lines[line]!.slice(from, to)}`);
  assert.deepEqual(written('x'), ['3 %x', '9 %x']);
  assert.deepEqual(written('m'), ['9 %1', '10 %1']);
  assert.deepEqual(written('y'), ['10 %dense', '5 %net.dense']);
  assert.deepEqual(written('net.dense.weight'), ['8 dense.weight', '9 dense.weight']);
});

test('weights are not printed; small constants are, where they are read', () => {
  const { text } = printed(
    aModel({
      inputs: [aValue('x', 'float32', [2, 6])],
      outputs: [aValue('y', 'float32')],
      initializers: [
        aTensor('shape', 'int64', [2], [3, 4]),
        aTensor('factor', 'float32', [], [0.125]),
        aTensor('w', 'float32', [4, 4], Array(16).fill(0.77)),
      ],
      nodes: [
        aNode('Reshape', ['x', 'shape'], ['r']),
        aNode('Mul', ['r', 'factor'], ['s']),
        aNode('MatMul', ['s', 'w'], ['y']),
      ],
    }),
  );
  assert.match(text.text, /Reshape\(%x, \[3, 4\]\)/);
  assert.match(text.text, /Mul\(%\S+, 0\.125\)/);
  assert.ok(!text.text.includes('0.77'));
});

const branch = (name: string, op: string): Graph =>
  aGraph({
    name,
    nodes: [aNode(op, ['x'], [`${name}_y`])],
    outputs: [aValue(`${name}_y`, 'float32')],
  });

test('bodies stand beneath their node, and read the values around them', () => {
  const { text } = printed(
    aModel({
      inputs: [aValue('x', 'float32', [2]), aValue('c', 'bool', [])],
      outputs: [aValue('y', 'float32', [2])],
      nodes: [
        aNode('If', ['c'], ['y'], {
          then_branch: { kind: 'graph', value: branch('then', 'Relu') },
          else_branch: { kind: 'graph', value: branch('else', 'Tanh') },
        }),
      ],
    }),
  );
  assert.match(text.text, / = If\(%c\)\n {4,}then_branch\n(?:.*\n)* {6,}\S+ = Relu\(%\.?x\)/);
  assert.match(text.text, /else_branch\n(?:.*\n)*.* = Tanh\(/);
  const body = text.sections.find((section) => section.name === 'then_branch')!;
  assert.equal(body.kind, 'module');
  assert.ok(body.end > body.line);
  assertPlaces(text);
});

test('hostile names are escaped, shortened, and kept apart', () => {
  const long = 'n'.repeat(200_000);
  const { text } = printed(
    aModel({
      inputs: [aValue('evil\n  name', 'float32', [2]), aValue('evil\t  name', 'float32', [2])],
      outputs: [aValue('out\u202e', 'float32', [2])],
      nodes: [
        aNode('Add', ['evil\n  name', 'evil\t  name'], [long], {}, { name: '\u001b[31m' }),
        aNode(
          'Odd\nOp',
          [long, 'nobody makes this'],
          ['out\u202e'],
          {},
          { domain: 'a\u0007b', name: `${long}.${long}` },
        ),
      ],
    }),
  );
  assert.ok(text.text.length < 5000);
  assert.ok(!/[\u0000-\u0009\u000b-\u001f\u202e]/.test(text.text));
  assert.match(text.text, /^ {2}%evil\\n__name {2}f32\[2\]$/m);
  assertPlaces(text);
});

test('the same model prints the same text, whatever its values are called', () => {
  const model = linear();
  assert.equal(printed(model).text.text, printed(model).text.text);
  const numbered = linear({ weight: 'onnx::MatMul_17' });
  const renumbered = linear({ weight: 'onnx::MatMul_99' });
  assert.equal(printed(numbered).text.text, printed(renumbered).text.text);
});

test('a text that is too long goes without its nodes, and says so', () => {
  const whole = printed(linear()).text.text.length;
  const { text } = printed(linear(), noExternal, { characters: whole - 5, lines: 1000 });
  assert.match(text.text, /^# Nodes are left out/m);
  assert.match(text.text, /dense {2}linear 4 → 3/);
  assert.equal(text.nodes.length, 0);
  const none = printed(linear(), noExternal, { characters: 10, lines: 1000 }).text;
  assert.match(none.text, /^# 2 nodes in \d layers?: too many to print\.\n$/);
});

test('a call with hundreds of inputs loses the rest', () => {
  const inputs = Array.from({ length: 500 }, (_, i) => aValue(`in${i}`, 'float32', [1]));
  const { text } = printed(
    aModel({
      inputs,
      outputs: [aValue('y', 'float32')],
      nodes: [
        aNode(
          'Concat',
          inputs.map((input) => input.name),
          ['y'],
          { axis: { kind: 'int', value: 0n } },
        ),
      ],
    }),
  );
  assert.match(text.text, /%in63, … 436 more, axis=0\)/);
});

/** Every place lies on its line and holds one word; sections nest; nodes stand on lines of their own. */
function assertPlaces(text: ModelText): void {
  const lines = text.text.split('\n');
  for (const { name, places } of text.values) {
    for (const [line, from, to] of places) {
      assert.ok(lines[line] !== undefined && to <= lines[line].length && from < to, name);
    }
  }
  for (const [index, section] of text.sections.entries()) {
    assert.ok(section.end >= section.line && section.end < lines.length);
    assert.ok(lines[section.line]!.trimStart().startsWith(section.name.slice(0, 10)));
    const inner = text.sections.slice(index + 1).find((next) => next.line > section.end);
    assert.ok(!inner || inner.line > section.end);
  }
  assert.equal(new Set(text.nodes.map((node) => node.line)).size, text.nodes.length);
}

test(
  'every model there is prints each of its nodes once, with consistent places',
  { skip: withoutModels },
  () => {
    for (const file of modelFiles()) {
      const source = new FileSource(file);
      const external = new ExternalFiles(file);
      try {
        const { structure, text } = printed(readModel(source), external.open);
        assert.deepEqual(
          new Set(text.nodes.map((node) => node.id)),
          new Set(structure.index.entries.map((entry) => entry.id)),
          file,
        );
        const layers = text.sections.filter((section) => section.kind === 'layer');
        assert.deepEqual(
          layers.map((section) => section.id).sort(),
          structure.layers.map((layer) => layer.id).sort(),
          file,
        );
        const modules = text.sections.filter((section) => section.kind === 'module');
        assert.equal(new Set(modules.map((module) => module.id)).size, modules.length, file);
        assertPlaces(text);
      } finally {
        external.dispose();
        source.dispose();
      }
    }
  },
);

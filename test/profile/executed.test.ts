import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileSource } from '../../src/engine/files';
import { indexGraph } from '../../src/onnx/graph';
import { inlineFunctions } from '../../src/onnx/inline';
import type { AttributeValue, Model, Node, Tensor } from '../../src/onnx/model';
import { readModel } from '../../src/onnx/read';
import { type ExecutedNode, mapExecuted } from '../../src/profile/executed';
import { traceable } from '../../src/profile/traceable';
import { ortRunner } from '../../src/runtime/ort';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { modelFiles, withoutModels } from '../support/models';

const folder = mkdtempSync(join(tmpdir(), 'fw-executed-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const runner = ortRunner();

/** What ONNX Runtime makes of the model in `file`, mapped to it. */
async function executedOf(file: string, optimize: 'none' | 'all') {
  const source = new FileSource(file);
  const index = indexGraph(inlineFunctions(readModel(source)));
  const inside = mkdtempSync(join(folder, 'run-'));
  const optimizedFile = join(inside, 'executed.onnx');
  const { bytes, folder: externalFolder } = traceable(index, file);
  const options = { threads: 1, provider: 'cpu', optimize, externalFolder, optimizedFile };
  await (await runner.load(bytes, options)).release();
  const graph = new FileSource(optimizedFile);
  const nodes = mapExecuted(index, indexGraph(readModel(graph)));
  graph.dispose();
  return { index, nodes, done: () => source.dispose() };
}

async function executed(model: Model, optimize: 'none' | 'all' = 'all') {
  const file = join(mkdtempSync(join(folder, 'model-')), 'model.onnx');
  writeFileSync(file, modelBytes(model));
  const result = await executedOf(file, optimize);
  result.done();
  return result;
}

const named = (node: ExecutedNode) =>
  `${node.how} ${node.op} <- ${node.sources.map((s) => s.node.op).join(' ')}`;

const int = (value: number): AttributeValue => ({ kind: 'int', value: BigInt(value) });
const ints = (...values: number[]): AttributeValue => ({ kind: 'ints', value: values.map(BigInt) });
const constant = (name: string, ...values: number[]): Tensor =>
  aTensor(name, 'float32', values.length === 1 ? [] : [values.length], values);
const weight = (name: string, ...shape: number[]): Tensor =>
  aTensor(
    name,
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => Math.sin(at)),
  );

/** A normalisation written out, as PyTorch's older exporter does it, without names. */
const layerNorm = (x: string, y: string): Node[] => [
  aNode('ReduceMean', [x, 'last'], [`${y}_mean`], { keepdims: int(1) }),
  aNode('Sub', [x, `${y}_mean`], [`${y}_sub`]),
  aNode('Pow', [`${y}_sub`, 'two'], [`${y}_pow`]),
  aNode('ReduceMean', [`${y}_pow`, 'last'], [`${y}_var`], { keepdims: int(1) }),
  aNode('Add', [`${y}_var`, 'epsilon'], [`${y}_eps`]),
  aNode('Sqrt', [`${y}_eps`], [`${y}_sqrt`]),
  aNode('Div', [`${y}_sub`, `${y}_sqrt`], [`${y}_div`]),
  aNode('Mul', [`${y}_div`, 'gain'], [`${y}_mul`]),
  aNode('Add', [`${y}_mul`, 'shift'], [y]),
];

const gelu = (x: string, y: string): Node[] => [
  aNode('Div', [x, 'root2'], [`${y}_div`]),
  aNode('Erf', [`${y}_div`], [`${y}_erf`]),
  aNode('Add', [`${y}_erf`, 'one'], [`${y}_one`]),
  aNode('Mul', [x, `${y}_one`], [`${y}_mul`]),
  aNode('Mul', [`${y}_mul`, 'half'], [y]),
];

const block = aModel({
  nodes: [
    ...layerNorm('x', 'n'),
    aNode('MatMul', ['n', 'wq'], ['q']),
    aNode('MatMul', ['n', 'wk'], ['k']),
    aNode('Transpose', ['k'], ['kt'], { perm: ints(0, 2, 1) }),
    aNode('MatMul', ['q', 'kt'], ['scores']),
    aNode('Div', ['scores', 'scale'], ['scaled']),
    aNode('Softmax', ['scaled'], ['p'], { axis: int(-1) }),
    aNode('MatMul', ['p', 'n'], ['context']),
    aNode('MatMul', ['context', 'wu'], ['up']),
    aNode('Add', ['up', 'bu'], ['biased']),
    ...gelu('biased', 'act'),
    aNode('Identity', ['act'], ['y']),
  ],
  initializers: [
    aTensor('last', 'int64', [1], [-1]),
    ...[constant('two', 2), constant('epsilon', 1e-5), constant('one', 1), constant('half', 0.5)],
    ...[constant('root2', Math.SQRT2), constant('scale', 4)],
    ...[weight('gain', 16), weight('shift', 16), weight('wq', 16, 16), weight('wk', 16, 16)],
    ...[weight('wu', 16, 32), weight('bu', 32)],
  ],
  inputs: [aValue('x', 'float32', ['batch', 'sequence', 16])],
  outputs: [aValue('y', 'float32', ['batch', 'sequence', 32])],
});

test('a fused norm, product and activation are told by all their nodes', async () => {
  const { nodes, index } = await executed(block);
  const found = nodes.map(named);
  const norm = nodes.find((node) => node.op === 'LayerNormalization')!;
  assert.equal(norm.how, 'fused');
  assert.deepEqual(norm.sources, index.entries.slice(0, 9));
  assert.ok(found.includes('fused FusedMatMul <- Transpose MatMul Div'), found.join('\n'));
  const activation = nodes.find((node) => /Gelu/.test(node.op))!;
  assert.equal(activation.how, 'fused');
  assert.ok(['Div', 'Erf', 'Mul'].every((op) => activation.sources.some((s) => s.node.op === op)));
  assert.ok(found.includes('same Softmax <- Softmax'));
  const covered = new Set(nodes.flatMap((node) => node.sources));
  const lost = index.entries.filter((entry) => !covered.has(entry) && entry.node.op !== 'Identity');
  assert.deepEqual(
    lost.map((entry) => entry.node.op),
    [],
  );
});

test('with optimisations off every node stands for itself', async () => {
  const { nodes, index } = await executed(block, 'none');
  assert.equal(nodes.length, index.entries.length);
  assert.ok(nodes.every((node) => node.how === 'same' && node.sources.length === 1));
});

test('a convolution in blocked layout keeps its sum and its activation', async () => {
  const conv = { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1) };
  const { nodes } = await executed(
    aModel({
      nodes: [
        aNode('Conv', ['x', 'w1'], ['a'], conv),
        aNode('Relu', ['a'], ['b']),
        aNode('Conv', ['b', 'w2'], ['c'], conv),
        aNode('Add', ['c', 'b'], ['d']),
        aNode('Relu', ['d'], ['e']),
        aNode('GlobalAveragePool', ['e'], ['y']),
      ],
      initializers: [weight('w1', 32, 32, 3, 3), weight('w2', 32, 32, 3, 3)],
      inputs: [aValue('x', 'float32', [1, 32, 8, 8])],
      outputs: [aValue('y', 'float32', [1, 32, 1, 1])],
    }),
  );
  const convs = nodes.filter((node) => node.op === 'Conv').map(named);
  assert.deepEqual(convs, ['fused Conv <- Conv Relu', 'fused Conv <- Conv Add Relu']);
  const inserted = nodes.filter((node) => node.how === 'inserted');
  assert.ok(inserted.every((node) => /^Reorder/.test(node.op) && node.sources.length > 0));
});

test('casts that float16 needs are inserted and serve their reader', async () => {
  const { nodes } = await executed(
    aModel({
      nodes: [aNode('Conv', ['x', 'w'], ['y'], { kernel_shape: ints(1, 1) })],
      initializers: [aTensor('w', 'float16', [2, 2, 1, 1], [1, 2, 3, 4])],
      inputs: [aValue('x', 'float16', [1, 2, 2, 2])],
      outputs: [aValue('y', 'float16', [1, 2, 2, 2])],
    }),
    'none',
  );
  const casts = nodes.filter((node) => node.op === 'Cast');
  assert.equal(casts.length, 3);
  assert.ok(casts.every((node) => node.how === 'inserted' && node.sources[0]?.node.op === 'Conv'));
});

test('an operator that the runtime spells out is found again', async () => {
  const { nodes } = await executed(
    aModel({
      nodes: [aNode('HardSwish', ['x'], ['y'])],
      inputs: [aValue('x', 'float32', [4])],
      outputs: [aValue('y', 'float32', [4])],
    }),
    'none',
  );
  assert.ok(nodes.length > 1);
  assert.ok(nodes.every((node) => node.sources[0]?.node.op === 'HardSwish'));
});

test('nodes in both branches keep apart though their values have the same names', async () => {
  const branch = (op: string) =>
    aModel({ nodes: [aNode(op, ['x'], ['r'])], outputs: [aValue('r', 'float32', [4])] }).graph;
  const { nodes } = await executed(
    aModel({
      nodes: [
        aNode('If', ['flag'], ['y'], {
          then_branch: { kind: 'graph', value: branch('Exp') },
          else_branch: { kind: 'graph', value: branch('Neg') },
        }),
      ],
      inputs: [aValue('flag', 'bool', []), aValue('x', 'float32', [4])],
      outputs: [aValue('y', 'float32', [4])],
    }),
  );
  assert.deepEqual(nodes.map(named).sort(), [
    'same Exp <- Exp',
    'same If <- If',
    'same Neg <- Neg',
  ]);
});

test('chains that the exporter repeats are not laid at the door of their readers', async () => {
  const chain = (end: string): Node[] => [
    aNode('Shape', ['x'], [`s${end}`]),
    aNode('Gather', [`s${end}`, 'zero'], [`g${end}`]),
    aNode('Unsqueeze', [`g${end}`, 'front'], [`u${end}`]),
    aNode('Concat', [`u${end}`, 'minus'], [`c${end}`], { axis: int(0) }),
    aNode('Reshape', ['x', `c${end}`], [`r${end}`]),
    aNode(end, [`r${end}`], [`y${end}`]),
  ];
  const { nodes } = await executed(
    aModel({
      nodes: [...chain('Exp'), ...chain('Neg')],
      initializers: [
        aTensor('zero', 'int64', [], [0]),
        aTensor('front', 'int64', [1], [0]),
        aTensor('minus', 'int64', [1], [-1]),
      ],
      inputs: [aValue('x', 'float32', ['n', 2, 3])],
      outputs: ['Exp', 'Neg'].map((end) => aValue(`y${end}`, 'float32', ['n', 6])),
    }),
  );
  const found = nodes.map(named);
  assert.ok(
    found.includes('same Neg <- Neg') && found.includes('same Exp <- Exp'),
    found.join('\n'),
  );
});

/** Layers cannot vanish: their products, convolutions and lookups must be found in what runs. */
const working =
  /^(MatMul|Gemm|Conv|LSTM|GRU|Gather|MatMulInteger|ConvInteger|QLinear.*|MatMulNBits|.*Attention|Softmax)$/;

test('in real models no node that does the work is lost', { skip: withoutModels }, async () => {
  const lost: string[] = [];
  const files = modelFiles().filter((file) =>
    /structures\/[^/]*\.onnx$/.test(file.replaceAll('\\', '/')),
  );
  assert.ok(files.length > 50);
  for (const file of files) {
    const { nodes, index, done } = await executedOf(file, 'all');
    const covered = new Set(nodes.flatMap((node) => node.sources));
    const weights = index.main.initializers;
    for (const entry of index.entries) {
      const hasWeight = entry.node.inputs.some(
        (name) => (weights.get(name)?.shape.length ?? 0) > 1,
      );
      const works = working.test(entry.node.op) && (hasWeight || entry.node.op === 'Softmax');
      if (works && !covered.has(entry)) lost.push(`${file} ${entry.node.op} ${entry.id}`);
    }
    done();
  }
  assert.deepEqual(lost, []);
});

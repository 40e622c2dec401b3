import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySource, type ByteSource } from '../../src/base/bytes';
import { computedTensor, rememberLast } from '../../src/onnx/builder';
import { readModel } from '../../src/onnx/read';
import { tensorBytes } from '../../src/onnx/weights';
import { planWrite, writePieces } from '../../src/onnx/write';
import { aModel, aNode, aTensor, modelSource } from '../support/build';

/** A source of any size whose bytes are made when they are read; counts what was. */
function madeUp(size: number) {
  const counted = { read: 0, largest: 0 };
  const source: ByteSource = {
    name: 'made up',
    size,
    read(offset, length) {
      counted.read += length;
      counted.largest = Math.max(counted.largest, length);
      return new Uint8Array(length).fill(offset % 251);
    },
  };
  return { source, counted };
}

const gigabyte = 2 ** 30;

test('a model of 3 GiB is planned without reading it and puts its weights outside by itself', () => {
  const { source, counted } = madeUp(3 * gigabyte);
  const initializers = Array.from({ length: 3 }, (_, i) => ({
    ...aTensor(`w${i}`, 'uint8', [gigabyte], []),
    data: { kind: 'raw', range: { source, offset: i * gigabyte, length: gigabyte } } as const,
  }));
  const plan = planWrite(aModel({ initializers }), { dataName: 'model.onnx.data' });
  assert.equal(counted.read, 0);
  assert.ok(plan.model.length < 1000);
  assert.equal(plan.data?.length, 3 * gigabyte);
});

test('writing streams: no more than a block is in memory at once', () => {
  const size = 64 << 20;
  const { source, counted } = madeUp(size);
  const range = { source, offset: 0, length: size };
  const tensor = { ...aTensor('w', 'uint8', [size], []), data: { kind: 'raw', range } as const };
  const plan = planWrite(aModel({ initializers: [tensor] }), { dataName: 'data' });
  let written = 0;
  writePieces(plan.model, { write: (bytes) => void (written += bytes.length) });
  assert.equal(written, plan.model.length);
  assert.equal(counted.read, size);
  assert.ok(counted.largest <= 1 << 20);
});

test('a computed weight is computed once, while its file is written', () => {
  let computed = 0;
  const remember = rememberLast();
  const values = remember(() => {
    computed++;
    return new Uint8Array(3 << 20).fill(7);
  });
  const initializers = [
    computedTensor('codes', 'uint8', [3 << 20], values),
    computedTensor('scales', 'uint8', [16], () => values().subarray(0, 16)),
  ];
  const plan = planWrite(aModel({ initializers }), { dataName: 'data' });
  assert.equal(computed, 0);
  const parts: Uint8Array[] = [];
  writePieces(plan.model, { write: (bytes) => parts.push(new Uint8Array(bytes)) });
  assert.equal(computed, 1);
  const model = readModel(memorySource('written', Buffer.concat(parts)));
  assert.deepEqual(
    model.graph.initializers.map((tensor) => tensorBytes(tensor)[0]),
    [7, 7],
  );
});

test('an edited node is made anew and its neighbours are copied', () => {
  const odd = aNode(
    'Relu',
    ['x'],
    ['y'],
    {},
    { unknown: Uint8Array.of(0xf8, 0x07, 1), domain: 'ai.onnx' },
  );
  const model = readModel(modelSource(aModel({ nodes: [odd, aNode('Neg', ['y'], ['z'])] })));
  const [first, second] = model.graph.nodes;
  const edited = {
    ...model,
    graph: { ...model.graph, nodes: [first!, { ...second!, op: 'Abs' }] },
  };
  const { pieces } = planWrite(edited, { dataName: 'data' }).model;
  const bytes = Buffer.concat(
    pieces.map((piece) => (piece instanceof Uint8Array ? piece : Buffer.alloc(0))),
  );
  assert.ok(bytes.includes('ai.onnx'), 'the spelling of the domain is kept');
  const nodes = readModel(memorySource('written', bytes)).graph.nodes;
  assert.deepEqual(
    nodes.map((node) => node.op),
    ['Relu', 'Abs'],
  );
  assert.deepEqual([...nodes[0]!.unknown], [0xf8, 0x07, 1]);
});

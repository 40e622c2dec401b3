import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySource, type ByteSource } from '../../src/base/bytes';
import { FileSource } from '../../src/engine/files';
import { stringAttribute } from '../../src/onnx/attributes';
import { modelMessage } from '../../src/onnx/modelMessage';
import { Output } from '../../src/onnx/output';
import { readModel } from '../../src/onnx/read';
import { tensorValues } from '../../src/onnx/weights';
import { aGraph, aModel, aNode, aTensor, modelBytes, modelSource } from '../support/build';
import { everything } from '../support/everything';
import { meaningOf } from '../support/meaning';
import { modelFiles, withoutModels } from '../support/models';
import { refuses } from '../support/refuses';

const bytesSource = (name: string, bytes: Uint8Array | string) =>
  memorySource(name, typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
const field = (number: number, content: readonly number[]) => [
  ...varint(number * 8 + 2),
  ...varint(content.length),
  ...content,
];

test('every model of the folder is read', { skip: withoutModels }, () => {
  for (const file of modelFiles()) {
    const source = new FileSource(file);
    const model = readModel(source);
    assert.ok(model.graph.nodes.length > 0, file);
    assert.ok((model.opsets.get('') ?? 0) > 0, file);
    source.dispose();
  }
});

test('a model with everything the format has is read and written without loss', () => {
  const model = everything();
  const read = readModel(modelSource(model));
  assert.deepEqual(meaningOf(read), meaningOf(model));
  for (const verbatim of [true, false]) {
    const output = new Output(verbatim);
    modelMessage.writeBody(output, read);
    assert.deepEqual(output.toBytes(), modelBytes(model));
  }
});

test('weights are stepped over, not read', () => {
  const weights = 40_000_000;
  const initializers = Array.from({ length: 4 }, (_, i) => ({
    ...aTensor(`w${i}`, 'uint8', [weights / 4], []),
    data: { kind: 'memory', bytes: new Uint8Array(weights / 4) } as const,
  }));
  const inner = modelSource(aModel({ nodes: [aNode('Relu', ['x'], ['y'])], initializers }));
  let read = 0;
  const source: ByteSource = {
    ...inner,
    read(offset, length) {
      read += length;
      return inner.read(offset, length);
    },
  };
  const model = readModel(source);
  assert.equal(model.graph.initializers.length, 4);
  assert.ok(read < 40_000, `${read} bytes read`);
});

test('the standard domain has one name', () => {
  const [named] = [aNode('Relu', ['x'], ['y'], {}, { domain: 'ai.onnx' })];
  const opsets = new Map([
    ['ai.onnx', 13],
    ['ml', 2],
  ]);
  const model = readModel(modelSource(aModel({ nodes: [named] }, { opsets })));
  assert.equal(model.graph.nodes[0]!.domain, '');
  assert.equal(model.opsets.get(''), 13);
  const output = new Output(true);
  modelMessage.writeBody(output, model);
  assert.deepEqual(output.toBytes(), modelBytes(aModel({ nodes: [named] }, { opsets })));
});

test('unknown fields are kept wherever they stand', () => {
  const extra = [0xf8, 0x3f, 7];
  const graph = [
    ...field(1, [...field(4, [82]), ...extra]),
    ...field(5, [16, 1, ...extra]),
    ...extra,
  ];
  const bytes = Uint8Array.from([
    8,
    9,
    ...extra,
    ...field(7, graph),
    ...field(99, [1, 2]),
    0xfd,
    0x3f,
    1,
    2,
    3,
    4,
  ]);
  const model = readModel(bytesSource('future.onnx', bytes));
  assert.deepEqual([...model.graph.nodes[0]!.unknown], extra);
  assert.deepEqual([...model.graph.initializers[0]!.unknown], extra);
  const edited = { ...model.graph.nodes[0]!, name: 'edited' };
  const output = new Output(true);
  modelMessage.writeBody(output, { ...model, graph: { ...model.graph, nodes: [edited] } });
  const again = readModel(memorySource('again', output.toBytes()));
  assert.deepEqual([...again.graph.nodes[0]!.unknown], extra);
  assert.deepEqual([...again.unknown], [...extra, ...field(99, [1, 2]), 0xfd, 0x3f, 1, 2, 3, 4]);
});

test('numbers may lie packed or one by one', () => {
  // Attribute ints packed, dims packed, and float_data as single elements.
  const attribute = field(5, [...field(1, [97]), ...field(8, [1, 2, 3]), 0xa0, 0x01, 7]);
  const tensor = field(5, [
    ...field(1, [2, 1]),
    16,
    1,
    0x25,
    0,
    0,
    0x80,
    0x3f,
    0x25,
    0,
    0,
    0,
    0x40,
  ]);
  const bytes = Uint8Array.from(field(7, [...field(1, attribute), ...tensor]));
  const { nodes, initializers } = readModel(bytesSource('packed.onnx', bytes)).graph;
  const a = nodes[0]!.attributes.get('a');
  assert.deepEqual(a?.kind === 'ints' && a.value, [1n, 2n, 3n]);
  assert.deepEqual(initializers[0]!.shape, [2, 1]);
  assert.deepEqual([...tensorValues(initializers[0]!)], [1, 2]);
});

test('an attribute of the first format version gets its kind from the field that is there', () => {
  const attribute = field(5, [...field(1, [97]), ...field(4, [104, 105])]);
  const bytes = Uint8Array.from(field(7, field(1, attribute)));
  const node = readModel(bytesSource('old.onnx', bytes)).graph.nodes[0]!;
  assert.equal(stringAttribute(node, 'a'), 'hi');
});

test('names that are not UTF-8 stay apart and survive', () => {
  const bytes = Uint8Array.from(
    field(7, field(1, [...field(1, [0x61, 0xff]), ...field(2, [0x61, 0xfe, 0xef, 0xbb, 0xbf])])),
  );
  const node = readModel(bytesSource('names.onnx', bytes)).graph.nodes[0]!;
  assert.notEqual(node.inputs[0], node.outputs[0]);
  const output = new Output(false);
  modelMessage.writeBody(output, aModel({ nodes: [node], name: '' }));
  assert.ok(Buffer.from(output.toBytes()).includes(Buffer.from(field(1, [0x61, 0xff]))));
  assert.ok(
    Buffer.from(output.toBytes()).includes(Buffer.from(field(2, [0x61, 0xfe, 0xef, 0xbb, 0xbf]))),
  );
});

test('files that are no models are told apart', () => {
  const refused = (
    content: Uint8Array | string,
    message: RegExp,
    code: 'badFile' | 'gitLfsPointer' = 'badFile',
  ) => refuses(() => readModel(bytesSource('model.onnx', content)), code, message);
  refused('', /^model\.onnx is empty\.$/);
  refused(
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 90959779\n',
    /is a Git LFS pointer: the model \(91\.0 MB\) itself has not been downloaded/,
    'gitLfsPointer',
  );
  refused('import torch\n', /it is a text file/);
  refused('<!DOCTYPE html><html></html>', /it is a web page/);
  refused('{"error": "not found"}', /it is JSON/);
  refused('ir_version: 7\ngraph {}', /a model in text form/);
  refused('PK\x03\x04rest', /a ZIP archive/);
  refused(Uint8Array.of(0x1c, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33, 0), /a TensorFlow Lite model/);
  refused(Uint8Array.of(8, 8), /ends without a graph/);
  refused(Uint8Array.of(8, 8, 58, 100, 1), /says that it is 100 bytes long where 1 are left/);
});

test('damage is named with its place', () => {
  const bytes = modelBytes(
    aModel({ nodes: [aNode('Relu', ['x'], ['y'], { a: { kind: 'int', value: 1n } })] }),
  );
  const at = Buffer.from(bytes).indexOf(Buffer.from(field(1, [97])));
  const broken = bytes.slice();
  broken[at + 1] = 100;
  refuses(
    () => readModel(bytesSource('model.onnx', broken)),
    'badFile',
    /at byte \d+ \(graph 0 › nodes 0 › attributes 0\) a field says that it is 100 bytes long/,
  );
});

test('bodies nested without end are refused, honest depth is not', () => {
  const nested = (depth: number) => {
    let graph = aGraph({ name: 'innermost' });
    for (let i = 0; i < depth; i++) {
      graph = aGraph({
        nodes: [aNode('If', ['c'], ['y'], { then_branch: { kind: 'graph', value: graph } })],
      });
    }
    return modelSource(aModel(graph));
  };
  assert.equal(readModel(nested(20)).graph.nodes.length, 1);
  refuses(() => readModel(nested(40)), 'badFile', /nested more than 100 deep/);
  const groups = Uint8Array.from([8, 8, ...Array.from({ length: 5000 }, () => 0x6b)]);
  refuses(
    () => readModel(bytesSource('groups.onnx', groups)),
    'badFile',
    /groups are nested too deep/,
  );
});

test('impossible tensors are refused with their name', () => {
  const initializer = (...content: number[]) =>
    bytesSource(
      'model.onnx',
      Uint8Array.from(field(7, field(5, [...content, ...field(8, [119])]))),
    );
  refuses(() => readModel(initializer(16, 0)), 'badFile', /tensor 'w' has no element type/);
  refuses(
    () => readModel(initializer(16, 77)),
    'unsupported',
    /tensor 'w' has an element type \(77\)/,
  );
  const minus = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
  refuses(
    () => readModel(initializer(16, 1, 8, ...minus)),
    'badFile',
    /tensor 'w' has an impossible dimension \(-1\)/,
  );
  refuses(
    () => readModel(initializer(16, 1, 0x70, 1)),
    'badFile',
    /'w' names no file for its external data/,
  );
});

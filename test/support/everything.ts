import type { Model, Node, Tensor } from '../../src/onnx/model';
import { encodeElements } from '../../src/tensor/decode';
import { dtypes, type DType } from '../../src/tensor/dtype';
import { aGraph, aModel, aNode, aTensor, aValue } from './build';

const text = (value: string) => new TextEncoder().encode(value);
const none = new Uint8Array(0);

/** The typed field that the specification gives each type, with the bytes of three elements on the wire. */
const typed: readonly { dtype: DType; field: number; wire: readonly number[] }[] = [
  { dtype: 'float32', field: 4, wire: [...encodeElements('float32', [1, 2, 3])] },
  { dtype: 'complex64', field: 4, wire: [...encodeElements('complex64', [1, 2, 3, 4, 5, 6])] },
  { dtype: 'float64', field: 10, wire: [...encodeElements('float64', [1, 2, 3])] },
  { dtype: 'int32', field: 5, wire: [1, 2, ...minus(1)] },
  { dtype: 'int8', field: 5, wire: [1, 2, ...minus(1)] },
  { dtype: 'bool', field: 5, wire: [1, 0, 1] },
  { dtype: 'float16', field: 5, wire: [0x80, 0x78, 0x80, 0x80, 0x01, 0x00] },
  { dtype: 'uint4', field: 5, wire: [0x21, 0x03] },
  { dtype: 'int2', field: 5, wire: [0x1b] },
  { dtype: 'float6e2m3', field: 5, wire: [1, 2, 3] },
  { dtype: 'int64', field: 7, wire: [1, 2, ...minus(1)] },
  { dtype: 'uint32', field: 11, wire: [1, 2, 0xff, 0xff, 0xff, 0xff, 0x0f] },
  { dtype: 'uint64', field: 11, wire: [1, 2, ...minus(1)] },
];

/** A negative number as a varint. */
function minus(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, -BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}

export function typedTensors(): readonly Tensor[] {
  return typed.map(({ dtype, field, wire }) => {
    const bytes = Uint8Array.from(wire);
    const source = {
      name: 'made',
      size: bytes.length,
      read: (from: number, length: number) => bytes.subarray(from, from + length),
    };
    return {
      ...aTensor(`typed ${dtype}`, dtype, [3], []),
      data: { kind: 'typed', field, ranges: [{ source, offset: 0, length: bytes.length }] },
    } satisfies Tensor;
  });
}

/** A model that has something of everything the format knows. */
export function everything(): Model {
  const numeric = (Object.keys(dtypes) as DType[]).filter((dtype) => dtype !== 'string');
  const strings: Tensor = {
    ...aTensor('strings', 'uint8', [2], []),
    dtype: 'string',
    data: { kind: 'strings', values: [text('één'), none] },
  };
  const external: Tensor = {
    ...aTensor('external', 'float32', [4], []),
    data: {
      kind: 'external',
      location: 'w.bin',
      offset: 8,
      length: 16,
      entries: [
        ['location', 'w.bin'],
        ['offset', '8'],
        ['length', '16'],
      ],
    },
  };
  const sparse = {
    values: aTensor('sparse', 'float32', [1], [5]),
    indices: aTensor('', 'int64', [1], [2]),
    shape: [4],
  };
  const tensorType = {
    kind: 'tensor',
    dtype: 'float32',
    shape: ['batch', 3, null],
    denotation: 'IMAGE',
  } as const;
  const branch = (op: string) =>
    aGraph({ name: op, nodes: [aNode(op, ['x'], [op])], outputs: [aValue(op, 'float32')] });
  const calls = {
    domain: 'local',
    name: 'call',
    metadata: [['pkg.torch.onnx.name_scopes', "['a', 'b']"]],
  } as const;
  const nodes: Node[] = [
    aNode('Twice', ['x'], ['t'], { factor: { kind: 'float', value: 2 } }, calls),
    aNode('If', ['t'], ['i'], {
      then_branch: { kind: 'graph', value: branch('Neg') },
      else_branch: { kind: 'graph', value: branch('Abs') },
    }),
    aNode(
      'Odd',
      ['i', '', 'strings'],
      ['o'],
      {
        int: { kind: 'int', value: -(2n ** 63n) },
        ints: { kind: 'ints', value: [1n, -1n, 2n ** 62n] },
        floats: { kind: 'floats', value: [0.5, -0, Infinity] },
        string: { kind: 'string', value: text('ü') },
        strings: { kind: 'strings', value: [text('a'), none] },
        tensor: { kind: 'tensor', value: aTensor('', 'float32', [], [1]) },
        tensors: { kind: 'tensors', value: [aTensor('a', 'int4', [3], [1, -2, 3])] },
        graphs: { kind: 'graphs', value: [branch('Relu')] },
        sparse: { kind: 'sparseTensor', value: sparse },
        sparses: { kind: 'sparseTensors', value: [sparse] },
        type: { kind: 'type', value: tensorType },
        types: { kind: 'types', value: [{ kind: 'sequence', element: tensorType }] },
      },
      { docString: 'a node', overload: 'second', configurations: [Uint8Array.of(10, 1, 99)] },
    ),
  ];
  const value = (name: string, type: Model['graph']['inputs'][number]['type']) => ({
    ...aValue(name, 'float32'),
    type,
  });
  return aModel(
    {
      nodes,
      initializers: [
        ...numeric.map((dtype) =>
          aTensor(
            `raw ${dtype}`,
            dtype,
            [5],
            [1, 0, 1, 1, 0, 1, 1, 1, 0, 0].slice(0, dtypes[dtype].class === 'complex' ? 10 : 5),
          ),
        ),
        ...typedTensors(),
        strings,
        external,
      ],
      sparseInitializers: [sparse],
      inputs: [value('x', tensorType)],
      outputs: [
        value('o', {
          kind: 'optional',
          element: {
            kind: 'map',
            key: 'int64',
            element: { kind: 'sparseTensor', dtype: 'int8', shape: undefined },
          },
        }),
      ],
      values: [
        value('t', { kind: 'other', bytes: Uint8Array.of(58, 3, 10, 1, 97) }),
        value('i', undefined),
      ],
      quantization: [Uint8Array.of(10, 1, 116)],
      metadata: [
        ['k', 'v'],
        ['k', 'w'],
      ],
      docString: 'a graph',
    },
    {
      functions: [
        {
          name: 'Twice',
          domain: 'local',
          overload: '',
          inputs: ['x'],
          outputs: ['y'],
          attributes: ['factor'],
          attributeDefaults: aNode('', [], [], { more: { kind: 'int', value: 1n } }).attributes,
          nodes: [
            aNode('Elu', ['x'], ['y'], { alpha: { kind: 'reference', value: 'factor', type: 1 } }),
          ],
          opsets: new Map([['', 21]]),
          values: [value('y', tensorType)],
          docString: 'a function',
          metadata: [['a', 'b']],
          unknown: none,
        },
      ],
      opsets: new Map([
        ['', 21],
        ['local', 1],
      ]),
      producerName: 'made',
      producerVersion: '1',
      domain: 'test',
      modelVersion: 3n,
      docString: 'a model',
      metadata: [['author', 'nobody']],
      training: [Uint8Array.of(26, 0)],
      configurations: [Uint8Array.of(10, 1, 97)],
      unknown: Uint8Array.of(0xf8, 0x07, 5),
    },
  );
}

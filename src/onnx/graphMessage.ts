import {
  bytes,
  float,
  int64,
  integer,
  many,
  message,
  one,
  text,
  type Codec,
  type Rest,
} from './codec';
import type { Attribute, AttributeValue, Graph, Node } from './model';
import { entryMessage, sparseTensorMessage, tensorMessage } from './tensorMessage';
import { typeMessage, valueInfoMessage } from './typeMessage';
import { wires } from './wire';

/** Read late: a node may hold graphs, which hold nodes. */
const nestedGraph: Codec<Graph> = {
  wire: wires.bytes,
  read: (reader, field, index) => graphMessage.read(reader, field, index),
  write: (output, value) => graphMessage.write(output, value),
};

const attributeFields = {
  name: one(1, text),
  float: one(2, float),
  int: one(3, int64),
  string: one(4, bytes),
  tensor: one(5, tensorMessage),
  graph: one(6, nestedGraph),
  floats: many(7, float),
  ints: many(8, int64),
  strings: many(9, bytes),
  tensors: many(10, tensorMessage),
  graphs: many(11, nestedGraph),
  docString: one(13, text),
  type: one(14, typeMessage),
  types: many(15, typeMessage),
  code: one(20, integer),
  reference: one(21, text),
  sparseTensor: one(22, sparseTensorMessage),
  sparseTensors: many(23, sparseTensorMessage),
};

type Kind = Exclude<AttributeValue['kind'], 'reference' | 'other'>;

/** `AttributeProto.AttributeType`; each kind has a field of the same name. */
const codes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  type: 13,
  types: 14,
} as const satisfies Record<Kind, number>;
const kinds = Object.keys(codes) as readonly Kind[];

/** Writers may leave out a field that has its default value. */
const defaults: Partial<Record<Kind, unknown>> = { float: 0, int: 0n, string: new Uint8Array(0) };

export const attributeMessage: Codec<Attribute> = message({
  fields: attributeFields,
  make(values, rest): Attribute {
    const { name, docString, code, reference } = values;
    const common = { name: name ?? '', docString: docString ?? '', unknown: rest.unknown };
    if (reference) return { ...common, kind: 'reference', value: reference, type: code ?? 0 };
    const kind = code
      ? kinds.find((each) => codes[each] === code)
      : // The first version of the format had no type field.
        kinds.find((each) => isPresent(values[each]));
    const value = kind && (values[kind] ?? defaults[kind]);
    return value === undefined
      ? { ...common, kind: 'other', value: contents(rest) }
      : ({ ...common, kind, value } as Attribute);
  },
  split(attribute) {
    const { kind, name, value, unknown } = attribute;
    const docString = attribute.docString || undefined;
    // The bytes are the whole message, so they stand for all its fields.
    if (kind === 'other') return { unknown: value };
    if (kind === 'reference') {
      return { name, docString, code: attribute.type || undefined, reference: value, unknown };
    }
    return { name, docString, code: codes[kind], [kind]: value, unknown };
  },
});

/** 'ai.onnx' is the standard domain's other name; records have only ''. */
export function standardDomain(domain: string | undefined): string {
  return domain === undefined || domain === 'ai.onnx' ? '' : domain;
}

const noAttributes: ReadonlyMap<string, Attribute> = new Map();

/** Attributes by name. Of two with one name the first counts, as it does for ONNX Runtime. */
export function byName(attributes: readonly Attribute[]): ReadonlyMap<string, Attribute> {
  if (attributes.length === 0) return noAttributes;
  const map = new Map<string, Attribute>();
  for (const attribute of attributes) {
    if (!map.has(attribute.name)) map.set(attribute.name, attribute);
  }
  return map;
}

export const nodeMessage: Codec<Node> = message({
  fields: {
    inputs: many(1, text),
    outputs: many(2, text),
    name: one(3, text),
    op: one(4, text),
    attributes: many(5, attributeMessage),
    docString: one(6, text),
    domain: one(7, text),
    overload: one(8, text),
    metadata: many(9, entryMessage),
    configurations: many(10, bytes),
  },
  verbatim: true,
  make: (values, { unknown }): Node => ({
    ...values,
    name: values.name ?? '',
    op: values.op ?? '',
    domain: standardDomain(values.domain),
    overload: values.overload ?? '',
    attributes: byName(values.attributes),
    docString: values.docString ?? '',
    unknown,
  }),
  split: (node) => ({
    ...node,
    name: node.name || undefined,
    domain: node.domain || undefined,
    overload: node.overload || undefined,
    attributes: [...node.attributes.values()],
    docString: node.docString || undefined,
  }),
});

export const graphMessage: Codec<Graph> = message({
  fields: {
    nodes: many(1, nodeMessage),
    name: one(2, text),
    initializers: many(5, tensorMessage),
    docString: one(10, text),
    inputs: many(11, valueInfoMessage),
    outputs: many(12, valueInfoMessage),
    values: many(13, valueInfoMessage),
    quantization: many(14, bytes),
    sparseInitializers: many(15, sparseTensorMessage),
    metadata: many(16, entryMessage),
  },
  make: (values, { unknown }): Graph => ({
    ...values,
    name: values.name ?? '',
    docString: values.docString ?? '',
    unknown,
  }),
  split: (graph) => ({ ...graph, docString: graph.docString || undefined }),
});

function isPresent(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

function contents({ range }: Rest): Uint8Array {
  return new Uint8Array(range.source.read(range.offset, range.length));
}

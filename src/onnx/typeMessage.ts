import { dtypeOf, dtypes, type DType } from '../tensor/dtype';
import { integer, many, message, one, text, type Codec, type Rest } from './codec';
import type { Dim, ValueInfo, ValueType } from './model';
import { entryMessage } from './tensorMessage';

interface ElementType {
  readonly code: number;
  readonly shape: readonly Dim[] | undefined;
}
interface Holder {
  readonly element: ValueType | undefined;
}

/** A message of one dimension; its denotation survives only where the type is written back as it was. */
const dimensionMessage = message({
  fields: { size: one(1, integer), symbol: one(2, text) },
  // Some exporters write -1 for a size they do not know.
  make: ({ size, symbol }): { dim: Dim } => ({
    dim: symbol || (size === undefined || size < 0 ? null : size),
  }),
  split: ({ dim }) =>
    typeof dim === 'number' ? { size: dim } : typeof dim === 'string' ? { symbol: dim } : {},
});

const shapeMessage = message({
  fields: { dims: many(1, dimensionMessage) },
  make: ({ dims }) => dims.map((entry) => entry.dim),
  split: (shape: readonly Dim[]) => ({ dims: shape.map((dim) => ({ dim })) }),
});

const elementMessage = message({
  fields: { code: one(1, integer), shape: one(2, shapeMessage) },
  make: ({ code, shape }): ElementType => ({ code: code ?? 0, shape }),
  split: ({ code, shape }) => ({ code, shape }),
});

/** Read late: a type may hold types. */
const nested: Codec<ValueType> = {
  wire: 2,
  read: (reader, field, index) => typeMessage.read(reader, field, index),
  write: (output, value) => typeMessage.write(output, value),
};

const holderMessage = message({
  fields: { element: one(1, nested) },
  make: ({ element }): Holder => ({ element }),
  split: ({ element }) => ({ element }),
});

const mapMessage = message({
  fields: { key: one(1, integer), element: one(2, nested) },
  make: ({ key, element }) => ({ key: key ?? 0, element }),
  split: ({ key, element }) => ({ key, element }),
});

export const typeMessage: Codec<ValueType> = message({
  fields: {
    tensor: one(1, elementMessage),
    sequence: one(4, holderMessage),
    map: one(5, mapMessage),
    denotation: one(6, text),
    sparseTensor: one(8, elementMessage),
    optional: one(9, holderMessage),
  },
  verbatim: true,
  make({ tensor, sequence, map, denotation, sparseTensor, optional }, rest): ValueType {
    const dense = tensor && elementType(tensor);
    if (dense) return { kind: 'tensor', ...dense, denotation: denotation ?? '' };
    const sparse = sparseTensor && elementType(sparseTensor);
    if (sparse) return { kind: 'sparseTensor', ...sparse };
    if (sequence) return { kind: 'sequence', element: sequence.element };
    if (optional) return { kind: 'optional', element: optional.element };
    const key = map && dtypeOf(map.key);
    if (key) return { kind: 'map', key, element: map.element };
    return { kind: 'other', bytes: contents(rest) };
  },
  split(type) {
    switch (type.kind) {
      case 'tensor':
        return { tensor: elementCode(type), denotation: type.denotation || undefined };
      case 'sparseTensor':
        return { sparseTensor: elementCode(type) };
      case 'sequence':
        return { sequence: { element: type.element } };
      case 'optional':
        return { optional: { element: type.element } };
      case 'map':
        return { map: { key: dtypes[type.key].code, element: type.element } };
      case 'other':
        // The bytes are the whole message, so they stand for all its fields.
        return { unknown: type.bytes };
    }
  },
});

export const valueInfoMessage: Codec<ValueInfo> = message({
  fields: {
    name: one(1, text),
    type: one(2, typeMessage),
    docString: one(3, text),
    metadata: many(4, entryMessage),
  },
  verbatim: true,
  make: ({ name, type, docString, metadata }, { unknown }): ValueInfo => ({
    name: name ?? '',
    type,
    docString: docString ?? '',
    metadata,
    unknown,
  }),
  split: (info) => ({ ...info, docString: info.docString || undefined }),
});

function elementType({ code, shape }: ElementType) {
  const dtype = dtypeOf(code);
  return dtype && { dtype, shape };
}

function elementCode(type: { readonly dtype: DType; readonly shape: ElementType['shape'] }) {
  return { code: dtypes[type.dtype].code, shape: type.shape };
}

function contents({ range }: Rest): Uint8Array {
  return new Uint8Array(range.source.read(range.offset, range.length));
}

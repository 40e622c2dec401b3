import { memorySource, type ByteRange } from '../base/bytes';
import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import { dtypeOf, dtypes, type DType } from '../tensor/dtype';
import {
  bytes,
  integer,
  many,
  message,
  one,
  packed,
  stretch,
  text,
  type Codec,
  type MessageCodec,
  type Rest,
  type Values,
} from './codec';
import type { Metadata, SparseTensor, Tensor, TensorData } from './model';
import { wires } from './wire';

/** StringStringEntryProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto has this and all that follow. */
export const entryMessage = message({
  fields: { key: one(1, text), value: one(2, text) },
  make: ({ key, value }): Metadata[number] => [key ?? '', value ?? ''],
  split: ([key, value]) => ({ key, value }),
});

/** `TensorProto.DataLocation.EXTERNAL`. */
const external = 1;

const tensorFields = {
  dims: many(1, integer),
  dataType: one(2, integer),
  floatData: many(4, packed(wires.fixed32)),
  int32Data: many(5, packed(wires.varint)),
  stringData: many(6, bytes),
  int64Data: many(7, packed(wires.varint)),
  name: one(8, text),
  rawData: one(9, stretch),
  doubleData: many(10, packed(wires.fixed64)),
  uint64Data: many(11, packed(wires.varint)),
  docString: one(12, text),
  externalData: many(13, entryMessage),
  dataLocation: one(14, integer),
  metadata: many(16, entryMessage),
};
type TensorValues = Values<typeof tensorFields>;

const typedFields = ['floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data'] as const;

export const tensorMessage: MessageCodec<Tensor> = message({
  fields: tensorFields,
  verbatim: true,
  make(values, rest): Tensor {
    const name = values.name ?? '';
    return {
      name,
      dtype: readDType(values.dataType ?? 0, name, rest),
      shape: readShape(values.dims, name, rest),
      data: readData(values, rest),
      docString: values.docString ?? '',
      metadata: values.metadata,
      unknown: rest.unknown,
    };
  },
  split: (tensor) => ({
    dims: tensor.shape,
    dataType: dtypes[tensor.dtype].code,
    name: tensor.name || undefined,
    docString: tensor.docString || undefined,
    metadata: tensor.metadata,
    ...splitData(tensor.data),
    unknown: tensor.unknown,
  }),
});

export const sparseTensorMessage: Codec<SparseTensor> = message({
  fields: { values: one(1, tensorMessage), indices: one(2, tensorMessage), dims: many(3, integer) },
  verbatim: true,
  make({ values, indices, dims }, rest): SparseTensor {
    if (!values || !indices) throw rest.reader.damage('a sparse tensor lacks values or indices');
    return { values, indices, shape: readShape(dims, values.name, rest) };
  },
  split: ({ values, indices, shape }) => ({ values, indices, dims: shape }),
});

function readDType(code: number, name: string, { reader }: Rest): DType {
  const dtype = dtypeOf(code);
  if (dtype) return dtype;
  if (code === 0) throw reader.damage(`tensor ${quoted(name)} has no element type`);
  throw new UserError(
    'unsupported',
    `${reader.name}: tensor ${quoted(name)} has an element type (${code}) that this version does not know.`,
  );
}

function readShape(dims: readonly number[], name: string, { reader }: Rest): readonly number[] {
  const wrong = dims.find((size) => size < 0 || size >= Number.MAX_SAFE_INTEGER);
  if (wrong === undefined) return dims;
  throw reader.damage(`tensor ${quoted(name)} has an impossible dimension (${wrong})`);
}

function readData(values: TensorValues, rest: Rest): TensorData {
  if (values.dataLocation === external)
    return readExternal(values.externalData, values.name ?? '', rest);
  if (values.rawData) return { kind: 'raw', range: values.rawData };
  if (values.stringData.length > 0 || values.dataType === dtypes.string.code) {
    return { kind: 'strings', values: values.stringData };
  }
  for (const field of typedFields) {
    const ranges = values[field];
    if (ranges.length > 0) return { kind: 'typed', field: tensorFields[field].number, ranges };
  }
  return { kind: 'memory', bytes: new Uint8Array(0) };
}

function readExternal(entries: Metadata, tensor: string, { reader }: Rest): TensorData {
  const find = (key: string) => entries.find((entry) => entry[0] === key)?.[1];
  const size = (key: string) => {
    const digits = find(key);
    if (digits === undefined || digits === '') return undefined;
    if (/^\d{1,15}$/.test(digits)) return Number(digits);
    throw reader.damage(
      `tensor ${quoted(tensor)} has an impossible ${key} (${quoted(digits)}) in its external data`,
    );
  };
  const location = find('location');
  if (!location)
    throw reader.damage(`tensor ${quoted(tensor)} names no file for its external data`);
  return {
    kind: 'external',
    location,
    offset: size('offset') ?? 0,
    length: size('length'),
    entries,
  };
}

function splitData(data: TensorData): Partial<TensorValues> {
  switch (data.kind) {
    case 'raw':
      return { rawData: data.range };
    case 'memory':
      return { rawData: memoryRange(data.bytes) };
    case 'strings':
      return { stringData: data.values };
    case 'external':
      return { dataLocation: external, externalData: externalEntries(data) };
    case 'typed': {
      const field = typedFields.find((name) => tensorFields[name].number === data.field);
      return field ? { [field]: data.ranges } : {};
    }
  }
}

function memoryRange(content: Uint8Array): ByteRange {
  return { source: memorySource('', content), offset: 0, length: content.length };
}

/** The file's own entries, with those that the record has in fields of its own brought up to date. */
function externalEntries(data: Extract<TensorData, { kind: 'external' }>): Metadata {
  const own = ['location', 'offset', 'length'];
  const kept = data.entries.filter(([key]) => !own.includes(key));
  const entries: Metadata = [
    ['location', data.location],
    ['offset', String(data.offset)],
  ];
  return data.length === undefined
    ? [...entries, ...kept]
    : [...entries, ['length', String(data.length)], ...kept];
}

import { createHash } from 'node:crypto';
import type { ByteRange } from '../../src/base/bytes';
import type { Model, Tensor } from '../../src/onnx/model';

/**
 * A model as plain data that can be compared: maps as lists, bytes as text, weights as the hash of what they hold. Two models with
 * equal meaning mean the same to every reader of ONNX.
 */
export function meaningOf(model: Model): unknown {
  return plain(model);
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'bigint') return `${value}n`;
  // JSON would make -0 and what is not finite into other values.
  if (typeof value === 'number') {
    return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value);
  }
  if (value instanceof Map) return [...value].map(([key, item]) => [key, plain(item)]);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('data' in value && 'dtype' in value)
    return { ...plainFields(value), data: plainData((value as Tensor).data) };
  return plainFields(value);
}

function plainFields(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'data')
      .map(([key, item]) => [key, plain(item)]),
  );
}

function plainData(data: Tensor['data']): unknown {
  switch (data.kind) {
    case 'raw':
      return ['raw', hash([data.range])];
    case 'memory':
      return ['raw', hash([data.bytes])];
    case 'typed':
      return ['typed', data.field, hash(data.ranges)];
    case 'strings':
    case 'external':
      return plainFields(data);
  }
}

function hash(pieces: readonly (ByteRange | Uint8Array)[]): string {
  const digest = createHash('sha1');
  for (const piece of pieces) {
    digest.update(
      piece instanceof Uint8Array ? piece : piece.source.read(piece.offset, piece.length),
    );
  }
  return digest.digest('hex');
}

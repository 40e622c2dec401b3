import { memorySource, type ByteRange, type ByteSource } from '../base/bytes';
import { UserError } from '../base/errors';
import { formatExact } from '../base/format';
import { quoted } from '../base/quote';
import { decodeElements, type Numbers } from '../tensor/decode';
import { byteLength } from '../tensor/dtype';
import { noExternal, type OpenExternal } from './external';
import { elementCount, type Tensor } from './model';
import { unpackTyped } from './typedData';

/**
 * The tensor's elements in the layout of `raw_data`: little-endian, types of less than 8 bits packed. Throws `badModel` where
 * there are more or fewer than the shape says, `badInput` for strings, and what `open` throws for external data.
 */
export function tensorBytes(tensor: Tensor, open: OpenExternal = noExternal): Uint8Array {
  const { source, offset, length } = tensorRange(tensor, open);
  return source.read(offset, length);
}

/** The tensor's elements as numbers, `[...shape]` flattened row by row; see `decodeElements`. Throws as `tensorBytes` does. */
export function tensorValues(tensor: Tensor, open: OpenExternal = noExternal): Numbers {
  return decodeElements(tensor.dtype, tensorBytes(tensor, open), elementCount(tensor.shape));
}

/** A tensor's elements as float32, `[...shape]` flattened row by row. Throws as `tensorBytes` does. */
export function floatValues(tensor: Tensor, open: OpenExternal = noExternal): Float32Array {
  const values = tensorValues(tensor, open);
  return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
}

/** The elements as numbers, up to `size` (a multiple of 8) at a time, so that a tensor of any size takes little memory. */
export function* tensorChunks(
  tensor: Tensor,
  open: OpenExternal = noExternal,
  size = 1 << 18,
): Generator<Numbers> {
  const { source, offset } = tensorRange(tensor, open);
  const count = elementCount(tensor.shape);
  for (let done = 0; done < count; done += size) {
    const here = Math.min(size, count - done);
    const start = offset + byteLength(tensor.dtype, done);
    const bytes = source.read(start, byteLength(tensor.dtype, here));
    yield decodeElements(tensor.dtype, bytes, here);
  }
}

/** Reads the elements from one index to before another, as numbers, and no more of the file than that; both are multiples of 8 for types of less than 8 bits. */
export function elementRange(
  tensor: Tensor,
  open: OpenExternal = noExternal,
): (from: number, to: number) => Numbers {
  const { dtype } = tensor;
  const { source, offset } = tensorRange(tensor, open);
  return (from, to) => {
    const start = byteLength(dtype, from);
    const bytes = source.read(offset + start, byteLength(dtype, to) - start);
    return decodeElements(dtype, bytes, to - from);
  };
}

/** Bytes the elements take as they are stored: for text the bytes of all strings. Reads nothing. */
export function storedBytes(tensor: Tensor): number {
  return tensor.data.kind === 'strings'
    ? tensor.data.values.reduce((sum, value) => sum + value.length, 0)
    : byteLength(tensor.dtype, elementCount(tensor.shape));
}

/** Where the elements lie in the layout of `raw_data`. Throws as `tensorBytes` does. */
export function tensorRange(tensor: Tensor, open: OpenExternal = noExternal): ByteRange {
  const { data, dtype, name } = tensor;
  const wrong = wrongLength(tensor);
  if (wrong) throw new UserError('badModel', wrong);
  const count = elementCount(tensor.shape);
  switch (data.kind) {
    case 'strings':
      throw new UserError('badInput', `Tensor ${quoted(name)} holds text, not numbers.`);
    case 'memory':
      return whole(name, data.bytes);
    case 'raw':
      return data.range;
    case 'external':
      return inside(name, open(data.location), data.offset, byteLength(dtype, count));
    case 'typed': {
      const bytes = unpackTyped(dtype, count, data.field, data.ranges);
      if (bytes) return whole(name, bytes);
      throw new UserError('badModel', mismatch(tensor, 'does not hold the elements of'));
    }
  }
}

/** What is wrong where more or fewer elements are stored than the shape says, as far as can be told without reading them. */
export function wrongLength(tensor: Tensor): string | undefined {
  const { data, dtype, shape } = tensor;
  const count = elementCount(shape);
  if (data.kind === 'typed') return undefined;
  if (data.kind === 'strings') {
    const found = data.values.length;
    return found === count
      ? undefined
      : mismatch(tensor, `holds ${formatExact(found)} strings, which does not fit`);
  }
  const length =
    data.kind === 'raw'
      ? data.range.length
      : data.kind === 'memory'
        ? data.bytes.length
        : data.length;
  return length === undefined || length === byteLength(dtype, count)
    ? undefined
    : mismatch(tensor, `has ${formatExact(length)} bytes, which does not fit`);
}

function inside(name: string, source: ByteSource, offset: number, length: number): ByteRange {
  if (offset + length <= source.size) return { source, offset, length };
  throw new UserError(
    'badModel',
    `The weights of tensor ${quoted(name)} should lie at bytes ${formatExact(offset)} to ${formatExact(offset + length)} of ${quoted(source.name)}, which has only ${formatExact(source.size)}.`,
    'That file belongs to another model or is cut off: copy it again from where the model came from.',
  );
}

function whole(name: string, bytes: Uint8Array): ByteRange {
  return { source: memorySource(name, bytes), offset: 0, length: bytes.length };
}

function mismatch({ name, dtype, shape }: Tensor, what: string): string {
  const sizes = shape.length > 8 ? [...shape.slice(0, 8), '…'] : shape;
  return `Tensor ${quoted(name)} ${what} its shape [${sizes.join(', ')}] of ${dtype}.`;
}

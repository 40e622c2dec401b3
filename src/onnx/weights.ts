import { memorySource, type ByteRange } from '../base/bytes';
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

/** Bytes the elements take as they are stored: for text the bytes of all strings. Reads nothing. */
export function storedBytes(tensor: Tensor): number {
  return tensor.data.kind === 'strings'
    ? tensor.data.values.reduce((sum, value) => sum + value.length, 0)
    : byteLength(tensor.dtype, elementCount(tensor.shape));
}

/** Where the elements lie in the layout of `raw_data`. Throws as `tensorBytes` does. */
export function tensorRange(tensor: Tensor, open: OpenExternal = noExternal): ByteRange {
  const { data, dtype } = tensor;
  const count = elementCount(tensor.shape);
  const length = byteLength(dtype, count);
  switch (data.kind) {
    case 'strings':
      throw new UserError('badInput', `Tensor ${quoted(tensor.name)} holds text, not numbers.`);
    case 'memory':
      return sized(tensor, whole(tensor.name, data.bytes), length);
    case 'raw':
      return sized(tensor, data.range, length);
    case 'external':
      return externalRange(tensor, data, length, open);
    case 'typed': {
      const bytes = unpackTyped(dtype, count, data.field, data.ranges);
      if (bytes) return whole(tensor.name, bytes);
      throw mismatch(tensor, 'does not hold as many elements of its type as its shape');
    }
  }
}

function externalRange(
  tensor: Tensor,
  data: Extract<Tensor['data'], { kind: 'external' }>,
  length: number,
  open: OpenExternal,
): ByteRange {
  if (data.length !== undefined && data.length !== length) {
    throw mismatch(
      tensor,
      `has ${formatExact(data.length)} bytes in ${quoted(data.location)} where`,
      length,
    );
  }
  const source = open(data.location);
  if (data.offset + length <= source.size) return { source, offset: data.offset, length };
  throw new UserError(
    'badModel',
    `The weights of tensor ${quoted(tensor.name)} should lie at bytes ${formatExact(data.offset)} to ${formatExact(data.offset + length)} of ${quoted(data.location)}, which has only ${formatExact(source.size)}.`,
    'That file belongs to another model or is cut off: copy it again from where the model came from.',
  );
}

function whole(name: string, bytes: Uint8Array): ByteRange {
  return { source: memorySource(name, bytes), offset: 0, length: bytes.length };
}

function sized(tensor: Tensor, range: ByteRange, length: number): ByteRange {
  if (range.length === length) return range;
  throw mismatch(tensor, `has ${formatExact(range.length)} bytes where`, length);
}

function mismatch(tensor: Tensor, what: string, length?: number): UserError {
  const shape = `[${tensor.shape.join(', ')}]`;
  const rest =
    length === undefined ? ` ${shape}` : ` its shape ${shape} asks for ${formatExact(length)}`;
  return new UserError(
    'badModel',
    `Tensor ${quoted(tensor.name)} (${tensor.dtype}) ${what}${rest}.`,
  );
}

import { intAttribute } from '../../onnx/attributes';
import type { Convolution } from './products';

/** With fewer input channels the runtime's integer convolution copies each patch byte by byte, which takes 1.7 times as long. */
const fewest = 4;

/** How many channels of zeros a convolution's input and weight get; 0 for most. */
export function addedChannels({ entry, weight }: Convolution): number {
  const [, channels = fewest, ...kernel] = weight.tensor.shape;
  const isPointwise = kernel.every((size) => size === 1);
  const isPlain = intAttribute(entry.node, 'group', 1) === 1;
  return isPlain && !isPointwise ? Math.max(0, fewest - channels) : 0;
}

/** A weight [M, C, …] with `added` channels of zeros behind its own. */
export function withChannels<T extends Int8Array | Uint8Array>(
  codes: T,
  shape: readonly number[],
  added: number,
): T | Int8Array {
  if (added === 0) return codes;
  const [filters = 0] = shape;
  const own = codes.length / filters;
  const kernel = shape.slice(2).reduce((product, size) => product * size, 1);
  const wide = new Int8Array(filters * (own + added * kernel));
  for (let filter = 0; filter < filters; filter++) {
    const row = codes.subarray(filter * own, (filter + 1) * own);
    wide.set(row, filter * (own + added * kernel));
  }
  return wide;
}

/** The shape of such a weight. */
export function widened(
  [filters = 0, channels = 0, ...kernel]: readonly number[],
  added: number,
): number[] {
  return [filters, channels + added, ...kernel];
}

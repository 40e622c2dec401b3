import type { JpegFrame } from './jpegFrame';

/**
 * Red, green and blue of a JPEG's luma and chroma [height, width, 3], in which every chroma value stands as often as it is shared (ITU T.871).
 * What lies between shared values is mixed 3 : 1 of the nearest, to the last bit as libjpeg's “fancy upsampling” does: its pictures are what
 * models were trained on.
 */
export function colours(planes: Uint8Array, frame: JpegFrame): Uint8Array {
  const [blue, red] = [1, 2].map((channel) => upsampled(planes, frame, channel));
  const result = new Uint8ClampedArray(planes.length);
  for (let pixel = 0, at = 0; at < planes.length; pixel++, at += 3) {
    const luma = planes[at] ?? 0;
    const cb = (blue?.[pixel] ?? 0) - 128;
    const cr = (red?.[pixel] ?? 0) - 128;
    result[at] = Math.round(luma + 1.402 * cr);
    result[at + 1] = Math.round(luma - 0.344136286 * cb - 0.714136286 * cr);
    result[at + 2] = Math.round(luma + 1.772 * cb);
  }
  return new Uint8Array(result.buffer);
}

/** A channel's values for every pixel. */
function upsampled(planes: Uint8Array, frame: JpegFrame, channel: number): Uint8Array {
  const { width, height, across, down } = frame;
  const isMixed = across === 2 && (down === 1 || down === 2);
  const [stepX, stepY] = isMixed ? [across, down] : [1, 1];
  const columns = Math.ceil(width / stepX);
  const rows = Math.ceil(height / stepY);
  const values = Uint8Array.from({ length: columns * rows }, (_, at) => {
    const pixel = Math.floor(at / columns) * stepY * width + (at % columns) * stepX;
    return planes[pixel * 3 + channel] ?? 0;
  });
  // libjpeg leaves pictures of two columns as they are.
  if (!isMixed || columns <= 2) return repeated(values, columns, frame, [stepX, stepY]);
  return mixed(values, columns, rows, frame);
}

function repeated(
  values: Uint8Array,
  columns: number,
  { width, height }: JpegFrame,
  [stepX, stepY]: readonly [number, number],
): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return values[Math.floor(y / stepY) * columns + Math.floor(x / stepX)] ?? 0;
  });
}

/** Between columns, and between rows where `down` is 2. Halves go up and down in turn, as libjpeg's `h2v1` and `h2v2` round them. */
function mixed(
  values: Uint8Array,
  columns: number,
  rows: number,
  { width, height, down }: JpegFrame,
): Uint8Array {
  const result = new Uint8Array(width * height);
  const sums = new Uint16Array(columns);
  const [shift, up, low] = down === 2 ? [4, 8, 7] : [2, 1, 2];
  for (let y = 0; y < height; y++) {
    columnSums(values, sums, { rows, y, down });
    for (let x = 0; x < width; x++) {
      const at = x >> 1;
      const own = sums[at] ?? 0;
      const isLeft = x % 2 === 0;
      const beside = sums[Math.min(columns - 1, Math.max(0, isLeft ? at - 1 : at + 1))] ?? 0;
      result[y * width + x] = (3 * own + beside + (isLeft ? up : low)) >> shift;
    }
  }
  return result;
}

/** Of every column three parts of the row's own value and one of the nearest other row's; its own alone where rows share nothing. */
function columnSums(
  values: Uint8Array,
  sums: Uint16Array,
  { rows, y, down }: { readonly rows: number; readonly y: number; readonly down: number },
): void {
  const columns = sums.length;
  const row = down === 2 ? y >> 1 : y;
  const near = Math.min(rows - 1, Math.max(0, y % 2 === 0 ? row - 1 : row + 1));
  for (let x = 0; x < columns; x++) {
    const own = values[row * columns + x] ?? 0;
    sums[x] = down === 2 ? 3 * own + (values[near * columns + x] ?? 0) : own;
  }
}

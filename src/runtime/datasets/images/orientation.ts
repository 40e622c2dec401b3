import type { Picture } from './decode';

/** How a picture is stored against how it is seen: a value of EXIF's tag 274, 1 for upright. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** For each orientation, where the pixel that is seen at (x, y) is stored in a picture of w × h. */
const storedAt = {
  1: (x, y) => [x, y],
  2: (x, y, w) => [w - 1 - x, y],
  3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
  4: (x, y, _, h) => [x, h - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, _, h) => [y, h - 1 - x],
  7: (x, y, w, h) => [w - 1 - y, h - 1 - x],
  8: (x, y, w) => [w - 1 - y, x],
} as const satisfies Record<
  Orientation,
  (x: number, y: number, w: number, h: number) => readonly [number, number]
>;

/** The picture as it is seen, which is what Pillow's `ImageOps.exif_transpose` makes of it. */
export function upright(picture: Picture, orientation: Orientation): Picture {
  if (orientation === 1) return picture;
  const { width: w, height: h, channels, data } = picture;
  const [width, height] = orientation >= 5 ? [h, w] : [w, h];
  const turned = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const [column, row] = storedAt[orientation](x, y, w, h);
      const from = (row * w + column) * channels;
      for (let channel = 0; channel < channels; channel++) {
        turned[to + channel] = data[from + channel] ?? 0;
      }
    }
  }
  return { width, height, channels, data: turned };
}

/** A segment of EXIF's is told by its first six bytes. */
const exifMark = 'Exif\0\0';
const orientationTag = 0x0112;
const shortType = 3;

/**
 * The orientation that a JPEG's segment from `at` to `end` states; 1 for one of EXIF's that states none, or is damaged; undefined for one of
 * another kind.
 */
export function orientationIn(bytes: Uint8Array, at: number, end: number): Orientation | undefined {
  const content = bytes.subarray(at, Math.min(end, bytes.length));
  if (String.fromCharCode(...content.subarray(0, 6)) !== exifMark) return undefined;
  const tiff = content.subarray(6);
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 8) return 1;
  const isLittle = tiff[0] === 0x49;
  const entries = view.getUint32(4, isLittle);
  if (entries + 2 > tiff.length) return 1;
  const count = view.getUint16(entries, isLittle);
  for (let entry = 0; entry < count; entry++) {
    const place = entries + 2 + 12 * entry;
    if (place + 12 > tiff.length) return 1;
    const isIt = view.getUint16(place, isLittle) === orientationTag;
    if (!isIt || view.getUint16(place + 2, isLittle) !== shortType) continue;
    const value = view.getUint16(place + 8, isLittle);
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}

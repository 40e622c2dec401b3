import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode as encodeJpeg } from 'jpeg-js';
import { decodeImage } from '../../../../src/runtime/datasets/images/decode';
import { type Orientation, upright } from '../../../../src/runtime/datasets/images/orientation';

/** What Pillow's `ImageOps.exif_transpose` makes of [0 1 2 / 3 4 5] by its orientation. */
const turned: readonly (readonly [Orientation, width: number, pixels: readonly number[]])[] = [
  [1, 3, [0, 1, 2, 3, 4, 5]],
  [2, 3, [2, 1, 0, 5, 4, 3]],
  [3, 3, [5, 4, 3, 2, 1, 0]],
  [4, 3, [3, 4, 5, 0, 1, 2]],
  [5, 2, [0, 3, 1, 4, 2, 5]],
  [6, 2, [3, 0, 4, 1, 5, 2]],
  [7, 2, [5, 2, 4, 1, 3, 0]],
  [8, 2, [2, 5, 1, 4, 0, 3]],
];

test('a picture is turned as Pillow turns it', () => {
  const stored = {
    width: 3,
    height: 2,
    channels: 1,
    data: Uint8Array.of(0, 1, 2, 3, 4, 5),
  } as const;
  for (const [orientation, width, pixels] of turned) {
    const found = upright(stored, orientation);
    assert.deepEqual([found.width, found.height, [...found.data]], [width, 6 / width, pixels]);
  }
});

/** A JPEG of 16 × 8, its left half dark, with this EXIF segment. */
function photograph(content: Uint8Array): Uint8Array {
  const data = Uint8Array.from({ length: 16 * 8 * 4 }, (_, at) => ((at >> 2) % 16 < 8 ? 20 : 220));
  const jpeg = encodeJpeg({ width: 16, height: 8, data }, 95).data;
  const segment = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), content]);
  const head = Buffer.of(0xff, 0xe1, 0, segment.length + 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, segment, jpeg.subarray(2)]);
}

const little = (orientation: number, type = 3, entries = 8, count = 1) =>
  Uint8Array.of(0x49, 0x49, 42, 0, entries, 0, 0, 0, count, count > 1 ? 255 : 0, 0x12, 1, type, 0, 1, 0, 0, 0, orientation, 0, 0, 0); // prettier-ignore
const big = (orientation: number) =>
  Uint8Array.of(0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0); // prettier-ignore

test('the orientation is read in either byte order', () => {
  for (const content of [little(6), big(6)]) {
    const { width, height, data, channels } = decodeImage(photograph(content), 'a.jpg');
    assert.deepEqual([width, height], [8, 16]);
    assert.ok(data[0]! < 60 && data[channels * 8 * 15]! > 180, 'dark is above');
  }
  const mirrored = decodeImage(photograph(little(2)), 'a.jpg');
  assert.ok(mirrored.width === 16 && mirrored.data[0]! > 180, 'dark is right');
});

test('a damaged orientation is none', () => {
  const damaged = [
    ...[little(0), little(9), little(6, 4), little(6, 3, 200), little(6).subarray(0, 18)],
    ...[little(9, 3, 8, 255), Uint8Array.of(), Uint8Array.of(0x49), little(6).subarray(0, 9)],
  ];
  for (const content of damaged) {
    const { width, height, data } = decodeImage(photograph(content), 'a.jpg');
    assert.deepEqual([width, height, data[0]! < 60], [16, 8, true]);
  }
});

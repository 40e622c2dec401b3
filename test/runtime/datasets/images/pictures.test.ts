import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { decodeImage, type Picture } from '../../../../src/runtime/datasets/images/decode';
import { prepare } from '../../../../src/runtime/datasets/images/prepare';
import type { Preprocessing } from '../../../../src/runtime/datasets/images/preprocessing';
import { type Interpolation, resize } from '../../../../src/runtime/datasets/images/resize';
import { refuses } from '../../../support/refuses';

/** 5 × 4 pixels of RGB: what Pillow 13.0 was given for the bytes and figures below. */
const pixels = Uint8Array.from({ length: 60 }, (_, at) => (at * 37) % 256);
const luma = [
  ...[30, 141, 73, 107, 189, 73, 184, 39, 150, 82],
  ...[116, 198, 82, 193, 48, 159, 91, 125, 207, 91],
];
const grey: Picture = { width: 5, height: 4, channels: 1, data: Uint8Array.from(luma) };

const plain: Preprocessing = {
  ...{ resize: undefined, crop: undefined, interpolation: 'bilinear', channels: 'RGB' },
  ...{ scale: 1, mean: [0], std: [1], layout: 'NCHW' },
};
const base64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

test('pictures get the sizes that Pillow gives them, to the last bit', () => {
  const wanted: Readonly<Record<Interpolation, [number[], number[]]>> = {
    nearest: [
      [73, 39, 82, 159, 125, 91],
      [30, 141, 141, 73, 107, 107, 189, 73, 184, 184, 39, 150, 150, 82],
    ],
    bilinear: [
      [107, 101, 129, 138, 129, 123],
      [30, 93, 122, 73, 97, 142, 189, 60, 123, 137, 49, 112, 127, 114],
    ],
    bicubic: [
      [104, 100, 128, 139, 134, 122],
      [22, 95, 131, 74, 90, 146, 199, 52, 130, 146, 45, 111, 131, 113],
    ],
    lanczos: [
      [104, 104, 124, 137, 139, 121],
      [17, 94, 137, 76, 79, 152, 201, 44, 129, 145, 46, 102, 139, 118],
    ],
    box: [
      [108, 56, 132, 141, 104, 135],
      [30, 141, 141, 73, 107, 107, 189, 73, 184, 184, 39, 150, 150, 82],
    ],
    hamming: [
      [96, 83, 132, 139, 122, 119],
      [30, 103, 134, 73, 103, 135, 189, 68, 141, 164, 43, 134, 128, 95],
    ],
  };
  for (const [name, [small, large]] of Object.entries(wanted)) {
    const filter = name as Interpolation;
    assert.deepEqual([...resize(grey, 3, 2, filter).data], small, name);
    assert.deepEqual([...resize(grey, 7, 5, filter).data.subarray(0, 14)], large, name);
  }
  assert.deepEqual(resize(grey, 5, 4, 'bicubic').data, grey.data);
});

test('PNG of every kind of pixel is read', () => {
  const png = (channels: number, data: Uint8Array) =>
    decodeImage(encodePng({ width: 5, height: 4, channels, data }), 'a.png');
  assert.deepEqual(png(3, pixels), { width: 5, height: 4, channels: 3, data: pixels });
  const clear = Uint8Array.from({ length: 80 }, (_, at) =>
    at % 4 === 3 ? 9 : (pixels[Math.floor(at / 4) * 3 + (at % 4)] ?? 0),
  );
  assert.deepEqual(png(4, clear).data, pixels, 'transparency is dropped');
  assert.deepEqual(png(1, grey.data), grey);
  const bits =
    'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAEAQAAAABuSMjtAAAAEElEQVR4nGPwYOJgYmDYAAAC7AEF3EghYQAAAABJRU5ErkJggg==';
  assert.deepEqual(
    [...decodeImage(base64(bits), 'bits.png').data],
    [0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0].map((bit) => bit * 255),
  );
  const palette =
    'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAEAgMAAAA7XR3TAAAADFBMVEWt0ndih6yhLVISN1xcG/UiAAAAFElEQVR4nGO4ycB4dzGD7wHGlDsAGu0Eqem6ajgAAAAASUVORK5CYII=';
  const indexed = decodeImage(base64(palette), 'palette.png');
  assert.equal(indexed.channels, 3);
  assert.deepEqual(
    [...indexed.data.subarray(0, 15)],
    [18, 55, 92, 98, 135, 172, 161, 45, 82, 98, 135, 172, 173, 210, 119],
  );
});

test('JPEG is read, whatever the file is called', () => {
  const data = Uint8Array.from({ length: 16 * 16 * 4 }, (_, at) =>
    at % 4 === 3 ? 255 : Math.floor(at / 64) * 12 + (at % 4) * 20,
  );
  const jpeg = encodeJpeg({ width: 16, height: 16, data }, 95).data;
  const found = decodeImage(jpeg, 'photo.png');
  assert.deepEqual([found.width, found.height, found.channels], [16, 16, 3]);
  found.data.forEach((value, at) => {
    const wanted = data[Math.floor(at / 3) * 4 + (at % 3)]!;
    assert.ok(Math.abs(value - wanted) <= 4, `${value} is not ${wanted}`);
  });
});

/** 16 × 16 pixels as Pillow 13.0 saves them with one chroma value for two pixels, and for four, and its reading of the row at 5. */
const shared: readonly (readonly [name: string, jpeg: string, row: readonly number[]])[] = [
  [
    '4:2:2',
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgr/wAARCAAQABADASEAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5I8FfAv7n+h/+O1674K+Bf3P9D/8AHa/tjxb8QP4nvn6X4EcU/wAL3ux7d4K+Bf3P9D/8dr13wV8C/uf6H6fw1/D/AIt+IH8T3z+bfAnin+F73Y//2Q==',
    [
      36, 78, 222, 42, 79, 220, 56, 80, 216, 66, 79, 209, 79, 79, 201, 90, 80, 195, 102, 80, 188,
      115, 80, 184, 127, 79, 179, 139, 77, 174, 152, 79, 168, 163, 80, 162, 175, 79, 153, 186, 79,
      147, 200, 80, 144, 206, 80, 143,
    ],
  ],
  [
    '4:2:0',
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgr/wAARCAAQABADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5I8FfAv7n+h/+O1674K+Bf3P9D/8AHa9u8FfAv7n+h/8Ajteu+CvgX9z/AEP0/hr9o8W/pAfxP3vfqV4E+Kn8L3+3U//Z',
    [
      36, 78, 224, 42, 79, 220, 56, 80, 214, 68, 79, 205, 80, 78, 201, 92, 79, 195, 103, 79, 191,
      115, 79, 185, 127, 79, 178, 139, 79, 169, 152, 80, 166, 163, 80, 160, 175, 78, 155, 186, 79,
      149, 200, 80, 142, 206, 81, 139,
    ],
  ],
];

test('between shared colours of a JPEG is mixed as libjpeg does', () => {
  for (const [name, jpeg, row] of shared) {
    const { data } = decodeImage(base64(jpeg), 'a.jpg');
    const off = row.map((value, at) => Math.abs(value - data[5 * 48 + at]!));
    assert.ok(Math.max(...off) <= 3, `${name}: ${off}`);
    assert.ok(off.reduce((sum, each) => sum + each) / off.length < 0.5, `${name}: ${off}`);
  }
});

test('colours that Adobe marks as they are stay so', () => {
  const { data: jpeg } = encodeJpeg(
    { width: 8, height: 8, data: new Uint8Array(256).fill(90) },
    95,
  );
  const marker = Buffer.from('ffee000e41646f626500640000000000', 'hex');
  const marked = Buffer.concat([jpeg.subarray(0, 2), marker, jpeg.subarray(2)]);
  const [red, green, blue] = decodeImage(marked, 'a.jpg').data;
  assert.deepEqual([red, green, blue], [90, 128, 128], 'luma and chroma, not made into colours');
});

test('what is damaged or not supported is told with the name of the file', () => {
  const png = encodePng({ width: 5, height: 4, channels: 3, data: pixels });
  const jpeg = new Uint8Array(
    encodeJpeg({ width: 8, height: 8, data: new Uint8Array(256).fill(90) }, 90).data,
  );
  for (const cut of [8, 20, 40, png.length - 14]) {
    refuses(
      () => decodeImage(png.subarray(0, cut), 'a.png'),
      'badInput',
      /a\.png is a damaged PNG/,
    );
  }
  for (const cut of [4, 30, 160, jpeg.length - 20]) {
    refuses(
      () => decodeImage(jpeg.subarray(0, cut), 'a.jpg'),
      'badInput',
      /a\.jpg is a damaged JPEG/,
    );
  }
  const flipped = png.slice();
  flipped[45]! ^= 0xff;
  refuses(() => decodeImage(flipped, 'a.png'), 'badInput', /a\.png is a damaged PNG file \(.*CRC/i);
  const wide = encodePng({ width: 2, height: 1, channels: 1, depth: 16, data: new Uint16Array(2) });
  refuses(
    () => decodeImage(wide, 'w.png'),
    'badInput',
    /w\.png has 16 bits a channel; 8 are taken/,
  );
  const cmyk = jpeg.slice();
  const frame = Buffer.from(cmyk).indexOf(Buffer.from([0xff, 0xc0]));
  cmyk[frame + 9] = 4;
  refuses(() => decodeImage(cmyk, 'c.jpg'), 'badInput', /c\.jpg is CMYK; grey or RGB is taken/);
  refuses(() => decodeImage(Buffer.from('GIF89a'), 'a.gif'), 'badInput', /neither PNG nor JPEG/);
  const claims = png.slice();
  new DataView(claims.buffer).setUint32(16, 1 << 30);
  refuses(() => decodeImage(claims, 'big.png'), 'badInput', /no more than 100 megapixels/);
});

test('no damaged picture ends in anything but a message', () => {
  const png = encodePng({ width: 5, height: 4, channels: 3, data: pixels });
  const jpeg = encodeJpeg({ width: 8, height: 8, data: new Uint8Array(256).fill(90) }, 90).data;
  for (const good of [png, new Uint8Array(jpeg)]) {
    for (let at = 0; at < good.length; at++) {
      const bytes = good.slice();
      bytes[at]! ^= 0x5a;
      try {
        decodeImage(bytes, 'x');
      } catch (error) {
        assert.equal((error as Error).name, 'UserError', String((error as Error).stack));
      }
    }
  }
});

test('grey is what Pillow makes of colours, and colours of grey are all alike', () => {
  const picture: Picture = { width: 5, height: 4, channels: 3, data: pixels };
  assert.deepEqual([...prepare(picture, { ...plain, channels: 'grey' }).values], luma);
  const { values } = prepare(grey, plain);
  assert.deepEqual([...values], [...luma, ...luma, ...luma]);
});

test('channels, layout, scale, mean and deviation are as stated', () => {
  const picture: Picture = {
    ...{ width: 2, height: 1, channels: 3 },
    data: Uint8Array.from([0, 51, 102, 153, 204, 255]),
  };
  const close = (found: Float32Array, wanted: readonly number[]) =>
    assert.deepEqual(
      [...found].map((value) => Math.round(value * 1e4) / 1e4),
      wanted,
    );
  close(prepare(picture, { ...plain, scale: 1 / 255 }).values, [0, 0.6, 0.2, 0.8, 0.4, 1]);
  const stated = { ...plain, scale: 1 / 255, mean: [0.1, 0.2, 0.4], std: [0.5, 1, 2] };
  close(prepare(picture, stated).values, [-0.2, 1, 0, 0.6, 0, 0.3]);
  close(prepare(picture, { ...plain, layout: 'NHWC' }).values, [0, 51, 102, 153, 204, 255]);
  close(
    prepare(picture, { ...plain, channels: 'BGR', mean: [1, 2, 3] }).values,
    [101, 254, 49, 202, -3, 150],
  );
});

test('a shorter edge keeps the shape, the middle is cut out, and black stands around', () => {
  const data = Uint8Array.from({ length: 12 }, (_, at) => at + 1);
  const picture: Picture = { width: 6, height: 2, channels: 1, data };
  const half = prepare(picture, { ...plain, channels: 'grey', resize: { shortest: 1 } });
  assert.deepEqual([half.width, half.height], [3, 1]);
  const middle = prepare(picture, { ...plain, channels: 'grey', crop: { height: 2, width: 2 } });
  assert.deepEqual([...middle.values], [3, 4, 9, 10]);
  const around = prepare(picture, { ...plain, channels: 'grey', crop: { height: 4, width: 4 } });
  assert.deepEqual([...around.values], [0, 0, 0, 0, 2, 3, 4, 5, 8, 9, 10, 11, 0, 0, 0, 0]);
});

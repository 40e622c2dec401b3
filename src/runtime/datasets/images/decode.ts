import { messageOf, UserError } from '../../../base/errors';
import { loadJpeg, loadPng } from '../lazy';
import { colours } from './chroma';
import { jpegFrame } from './jpegFrame';
import { upright } from './orientation';

/** Pixels row by row, their channels beside each other: 1 for grey, 3 for red, green and blue; 0 to 255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** A picture is not larger: a file of a few bytes may claim to be of any size. In pixels. */
const mostPixels = 100e6;
const jpegMegabytes = 2048;

/**
 * The pixels of a PNG or JPEG file, told apart by their content. Transparency is dropped; photographs are turned as their EXIF orientation
 * says. Throws `badInput` naming the file and what is wrong or not supported.
 */
export function decodeImage(bytes: Uint8Array, name: string): Picture {
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47;
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  if (!isPng && !isJpeg) throw bad(name, 'is neither PNG nor JPEG');
  try {
    return isPng ? decodePng(bytes, name) : decodeJpeg(bytes, name);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = messageOf(error).replace(/\s+/g, ' ').slice(0, 200);
    throw bad(name, `is a damaged ${isPng ? 'PNG' : 'JPEG'} file (${why})`);
  }
}

function decodePng(bytes: Uint8Array, name: string): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) throw new Error('it is cut off');
  checkSize(view.getUint32(16), view.getUint32(20), name);
  // Told before it is unpacked, which takes its time.
  if (bytes[24] === 16) throw bad(name, 'has 16 bits a channel; 8 are taken');
  const { decode, convertIndexedToRgb } = loadPng();
  const png = decode(bytes, { checkCrc: true });
  const { width, height, depth } = png;
  if (png.palette) {
    const data = convertIndexedToRgb(png);
    return { width, height, channels: 3, data: plain(data, data.length / (width * height), 3) };
  }
  const channels = png.channels >= 3 ? 3 : 1;
  const wide = depth < 8 ? spread(png.data, width, height, depth) : png.data;
  return { width, height, channels, data: plain(wide, png.channels, channels) };
}

/** Grey of 1, 2 or 4 bits a pixel, rows beginning with a byte of their own, as 0 to 255. */
function spread(packed: ArrayLike<number>, width: number, height: number, depth: number) {
  const rowBytes = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = packed[y * rowBytes + (bit >> 3)] ?? 0;
      data[y * width + x] = Math.round((((byte >> (8 - depth - (bit & 7))) & most) * 255) / most);
    }
  }
  return data;
}

/** The first `kept` of every `channels` values. */
function plain(data: ArrayLike<number>, channels: number, kept: number): Uint8Array {
  if (channels === kept && data instanceof Uint8Array) return data;
  const pixels = data.length / channels;
  const result = new Uint8Array(pixels * kept);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < kept; channel++) {
      result[pixel * kept + channel] = data[pixel * channels + channel] ?? 0;
    }
  }
  return result;
}

function decodeJpeg(bytes: Uint8Array, name: string): Picture {
  const frame = jpegFrame(bytes);
  const { width, height, components, bits, adobe, orientation } = frame;
  checkSize(width, height, name);
  if (components === 4) throw bad(name, 'is CMYK; grey or RGB is taken');
  if (bits !== 8) throw bad(name, `has ${bits} bits a channel; 8 are taken`);
  const { data } = loadJpeg().decode(adobe ? withoutMarker(bytes, adobe.at) : bytes, {
    useTArray: true,
    formatAsRGBA: false,
    colorTransform: false,
    tolerantDecoding: false,
    maxResolutionInMP: mostPixels / 1e6,
    maxMemoryUsageInMB: jpegMegabytes,
  });
  if (components === 1) {
    return upright({ width, height, channels: 1, data: plain(data, 3, 1) }, orientation);
  }
  const colour = adobe?.transform === 0 ? data : colours(data, frame);
  return upright({ width, height, channels: 3, data: colour }, orientation);
}

/** Adobe's marker makes the decoder change colours whatever it is told; one that nobody reads takes its place. */
function withoutMarker(bytes: Uint8Array, at: number): Uint8Array {
  const result = bytes.slice();
  result[at + 1] = 0xe9;
  return result;
}

function checkSize(width: number, height: number, name: string): void {
  if (width < 1 || height < 1) throw bad(name, 'has no pixels');
  if (width * height <= mostPixels) return;
  throw bad(name, `is ${width} × ${height}; no more than ${mostPixels / 1e6} megapixels are taken`);
}

const bad = (name: string, why: string) => new UserError('badInput', `${name} ${why}.`);

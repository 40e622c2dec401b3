import type { Picture } from './decode';
import type { Preprocessing } from './preprocessing';
import { resize } from './resize';

/** A picture's values as the model takes them: [channels, height, width] or [height, width, channels]. */
export interface Prepared {
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** Makes of a picture what the model is fed. */
export function prepare(picture: Picture, how: Preprocessing): Prepared {
  const coloured = inChannels(picture, how.channels);
  const { width, height, channels, data } = cropped(resized(coloured, how), how);
  const values = new Float32Array(data.length);
  const pixels = width * height;
  for (let channel = 0; channel < channels; channel++) {
    // Models that see blue first have their means in that order, too.
    const from = how.channels === 'BGR' ? channels - 1 - channel : channel;
    const mean = how.mean[channel] ?? how.mean[0] ?? 0;
    const std = how.std[channel] ?? how.std[0] ?? 1;
    const [start, step] = how.layout === 'NCHW' ? [channel * pixels, 1] : [channel, channels];
    for (let pixel = 0; pixel < pixels; pixel++) {
      const value = (data[pixel * channels + from] ?? 0) * how.scale;
      values[start + pixel * step] = (value - mean) / std;
    }
  }
  return { height, width, values };
}

/** Grey as Pillow makes it: 0.299 red, 0.587 green, 0.114 blue (ITU-R 601-2), in 16-bit fixed point. */
function inChannels(picture: Picture, wanted: Preprocessing['channels']): Picture {
  const channels = wanted === 'grey' ? 1 : 3;
  const { width, height, data } = picture;
  if (picture.channels === channels) return picture;
  const result = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (channels === 3) result.fill(data[pixel] ?? 0, pixel * 3, pixel * 3 + 3);
    else {
      const [red = 0, green = 0, blue = 0] = data.subarray(pixel * 3, pixel * 3 + 3);
      result[pixel] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    }
  }
  return { width, height, channels, data: result };
}

function resized(picture: Picture, { resize: to, interpolation }: Preprocessing): Picture {
  if (!to) return picture;
  const { width, height } = 'shortest' in to ? shortestTo(picture, to.shortest) : to;
  return resize(picture, width, height, interpolation);
}

/** The longer edge is rounded down, as torchvision does. */
function shortestTo({ width, height }: Picture, edge: number) {
  return width <= height
    ? { width: edge, height: Math.max(1, Math.floor((edge * height) / width)) }
    : { width: Math.max(1, Math.floor((edge * width) / height)), height: edge };
}

function cropped(picture: Picture, { crop }: Preprocessing): Picture {
  if (!crop || (crop.width === picture.width && crop.height === picture.height)) return picture;
  const { channels, data } = picture;
  const { width, height } = crop;
  const left = Math.floor((picture.width - width) / 2);
  const top = Math.floor((picture.height - height) / 2);
  const [from, to] = [Math.max(0, left), Math.min(picture.width, left + width)];
  const result = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const row = y + top;
    if (row < 0 || row >= picture.height) continue;
    const start = row * picture.width;
    const line = data.subarray((start + from) * channels, (start + to) * channels);
    result.set(line, (y * width + from - left) * channels);
  }
  return { width, height, channels, data: result };
}

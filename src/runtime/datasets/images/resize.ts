import type { Picture } from './decode';

/** A filter's weight at a distance, and the distance from which on it is 0. In pixels of the coarser of the two pictures. */
interface Filter {
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The filters of Pillow, in which nearly every model's images were resized, under its names. `nearest` has no weights. */
export const filters = {
  nearest: undefined,
  box: { reach: 0.5, weight: (x) => Number(x > -0.5 && x <= 0.5) },
  bilinear: { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    reach: 1,
    weight: (x) => (Math.abs(x) >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x))),
  },
  bicubic: { reach: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos: { reach: 3, weight: (x) => (Math.abs(x) >= 3 ? 0 : sinc(x) * sinc(x / 3)) },
} as const satisfies Record<string, Filter | undefined>;
export type Interpolation = keyof typeof filters;

/** Keys' cubic with a = −0.5. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/**
 * The picture at another size as Pillow's `Image.resize` makes it: first across, then down, rounded to bytes each time; when it becomes
 * smaller, the filter widens with the pixels (antialiasing).
 */
export function resize(
  picture: Picture,
  width: number,
  height: number,
  interpolation: Interpolation,
): Picture {
  const filter: Filter | undefined = filters[interpolation];
  if (!filter) return nearest(picture, width, height);
  const across = width === picture.width ? picture : filterAcross(picture, width, filter);
  if (height === picture.height) return across;
  return transposed(filterAcross(transposed(across), height, filter));
}

function nearest(picture: Picture, width: number, height: number): Picture {
  const { channels, data } = picture;
  const result = new Uint8Array(width * height * channels);
  const place = (at: number, to: number, from: number) =>
    Math.min(from - 1, Math.floor(((at + 0.5) * from) / to));
  for (let y = 0, at = 0; y < height; y++) {
    const row = place(y, height, picture.height) * picture.width;
    for (let x = 0; x < width; x++, at += channels) {
      const from = (row + place(x, width, picture.width)) * channels;
      for (let channel = 0; channel < channels; channel++) {
        result[at + channel] = data[from + channel] ?? 0;
      }
    }
  }
  return { width, height, channels, data: result };
}

/** Of one pixel of the result: where its neighbourhood begins, and the weights of the pixels there. */
interface Neighbourhood {
  readonly from: number;
  /** In Pillow's fixed point. */
  readonly weights: Float64Array;
}

/** 1 in Pillow's fixed point: what bytes leave of 32 bits, and 2 more for sums. */
const one = 1 << 22;

/** Halves away from zero. */
const roundAway = (value: number) => Math.trunc(value + Math.sign(value) / 2);

function neighbourhoods(from: number, to: number, { reach, weight }: Filter): Neighbourhood[] {
  const step = from / to;
  const widening = Math.max(1, step);
  return Array.from({ length: to }, (_, at) => {
    const centre = (at + 0.5) * step;
    const first = Math.max(0, Math.trunc(centre - reach * widening + 0.5));
    const last = Math.min(from, Math.trunc(centre + reach * widening + 0.5));
    const weights = Float64Array.from({ length: last - first }, (_, k) =>
      weight((first + k - centre + 0.5) / widening),
    );
    const sum = weights.reduce((all, each) => all + each, 0);
    return { from: first, weights: weights.map((each) => roundAway((each * one) / (sum || 1))) };
  });
}

function filterAcross(picture: Picture, width: number, filter: Filter): Picture {
  const { channels, data, height } = picture;
  const places = neighbourhoods(picture.width, width, filter);
  const result = new Uint8ClampedArray(width * height * channels);
  for (let y = 0, at = 0; y < height; y++) {
    const row = y * picture.width * channels;
    for (const { from, weights } of places) {
      for (let channel = 0; channel < channels; channel++, at++) {
        let sum = one / 2;
        for (let k = 0, read = row + from * channels + channel; k < weights.length; k++) {
          sum += (weights[k] ?? 0) * (data[read] ?? 0);
          read += channels;
        }
        result[at] = sum >> 22;
      }
    }
  }
  return { width, height, channels, data: new Uint8Array(result.buffer) };
}

function transposed({ width, height, channels, data }: Picture): Picture {
  const result = new Uint8Array(data.length);
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++, from++) {
        result[(x * height + y) * channels + channel] = data[from] ?? 0;
      }
    }
  }
  return { width: height, height: width, channels, data: result };
}

import type { Interpolation } from './resize';

/** What is done to a picture before a model sees it, in this order. */
export interface Preprocessing {
  /** To an exact size, or so that the shorter edge has a length; undefined leaves it as it is. */
  readonly resize:
    { readonly height: number; readonly width: number } | { readonly shortest: number } | undefined;
  readonly interpolation: Interpolation;
  /** The middle of it; where the picture is smaller, black is added around. */
  readonly crop: { readonly height: number; readonly width: number } | undefined;
  readonly channels: 'RGB' | 'BGR' | 'grey';
  /** What values of 0 to 255 are multiplied by. */
  readonly scale: number;
  /** Taken off after scaling, then divided by: one for each channel, or one for all. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly layout: 'NCHW' | 'NHWC';
}

/** What somebody stated of it; the rest follows from the model or is assumed. */
export type StatedPreprocessing = { -readonly [K in keyof Preprocessing]?: Preprocessing[K] };

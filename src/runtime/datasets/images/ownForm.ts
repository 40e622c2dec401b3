import { isEdge, type JsonFields } from './fields';
import type { StatedPreprocessing } from './preprocessing';
import { filters, type Interpolation } from './resize';

/** The fields of `featherweight.images.json`, with what each takes. */
const ownFields = {
  resize: 'the shorter edge, or [height, width]',
  crop: 'an edge, or [height, width], cut from the middle',
  interpolation: Object.keys(filters).join(', '),
  channels: 'RGB, BGR or grey',
  scale: 'what values of 0 to 255 are multiplied by',
  mean: 'a number, or one for each channel, taken off after scaling',
  std: 'a number, or one for each channel, divided by at last',
  layout: 'NCHW or NHWC',
} as const;

/** Reads this product's own form. Throws `badInput` for fields it does not have, so that nothing mistyped is passed over. */
export function ownForm(fields: JsonFields): { stated: StatedPreprocessing; assumed: string[] } {
  const known = Object.keys(ownFields);
  const strange = fields.keys.find((key) => !known.includes(key));
  if (strange !== undefined) throw fields.unknown(strange, known);
  const stated: StatedPreprocessing = {
    resize: resizeIn(fields),
    crop: cropIn(fields),
    interpolation: fields.word('interpolation', Object.keys(filters) as Interpolation[]),
    channels: fields.word('channels', ['RGB', 'BGR', 'grey']),
    scale: fields.number('scale'),
    mean: fields.perChannel('mean'),
    std: stdIn(fields, 'std'),
    layout: fields.word('layout', ['NCHW', 'NHWC']),
  };
  return { stated, assumed: [] };
}

/** Deviations, none of them 0. */
export function stdIn(fields: JsonFields, key: string): readonly number[] | undefined {
  const std = fields.perChannel(key);
  if (std?.includes(0)) throw fields.wrong(key, 'a number other than 0');
  return std;
}

function resizeIn(fields: JsonFields): StatedPreprocessing['resize'] {
  const value = fields.value('resize');
  if (value === undefined) return undefined;
  if (isEdge(value)) return { shortest: value };
  return pairIn(fields, 'resize');
}

function cropIn(fields: JsonFields): StatedPreprocessing['crop'] {
  const value = fields.value('crop');
  if (value === undefined) return undefined;
  if (isEdge(value)) return { height: value, width: value };
  return pairIn(fields, 'crop');
}

function pairIn(fields: JsonFields, key: string): { height: number; width: number } {
  const value = fields.value(key);
  const [height, width, ...more] = Array.isArray(value) ? value : [];
  if (isEdge(height) && isEdge(width) && more.length === 0) return { height, width };
  throw fields.wrong(key, 'a number of pixels, or [height, width]');
}

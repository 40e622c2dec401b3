import { isEdge, type JsonFields } from './fields';
import { stdIn } from './ownForm';
import type { StatedPreprocessing } from './preprocessing';
import type { Interpolation } from './resize';

/** Pillow's numbers for its filters. */
const resamples: readonly Interpolation[] = [
  ...(['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const),
];

/** Processors that take a size of one number as the shorter edge; the others make a square of it. */
const byShorterEdge = /clip|convnext|levit|poolformer|bit|mobilenet|blip|align|owl|flava|siglip/i;
/** Of these, `size` is what is left after cropping to this share. */
const croppedShare = /convnext/i;

/**
 * Reads a `preprocessor_config.json` as Hugging Face's image processors take it. Values it leaves out are those that nearly all processors
 * have, and are told as assumed. Throws `badInput` for sizes that are given in another way.
 */
export function huggingFaceForm(fields: JsonFields): {
  stated: StatedPreprocessing;
  assumed: string[];
} {
  const assumed: string[] = [];
  const type = String(
    fields.value('image_processor_type') ?? fields.value('feature_extractor_type') ?? '',
  );
  const isScaled = fields.flag('do_rescale') ?? true;
  const isNormalized = fields.flag('do_normalize') ?? fields.value('image_mean') !== undefined;
  const stated: StatedPreprocessing = {
    ...sizesIn(fields, type, assumed),
    interpolation: interpolationIn(fields, assumed),
    channels: fields.flag('do_flip_channel_order') ? 'BGR' : undefined,
    scale: isScaled ? (fields.number('rescale_factor') ?? 1 / 255) : 1,
    mean: (isNormalized ? fields.perChannel('image_mean') : undefined) ?? [0],
    std: (isNormalized ? stdIn(fields, 'image_std') : undefined) ?? [1],
  };
  return { stated, assumed };
}

function interpolationIn(fields: JsonFields, assumed: string[]): Interpolation | undefined {
  const value = fields.value('resample');
  if (value === undefined) {
    if (fields.flag('do_resize') ?? true) assumed.push('resized bilinearly, as no filter is named');
    return 'bilinear';
  }
  const found = typeof value === 'number' ? resamples[value] : undefined;
  if (found) return found;
  throw fields.wrong('resample', 'a number from 0 to 5');
}

function sizesIn(
  fields: JsonFields,
  type: string,
  assumed: string[],
): Pick<StatedPreprocessing, 'resize' | 'crop'> {
  const cropsOwn = fields.value('crop_size') !== undefined;
  const crop = (fields.flag('do_center_crop') ?? cropsOwn) ? cropIn(fields) : undefined;
  if (!(fields.flag('do_resize') ?? true)) return { crop };
  const share = fields.number('crop_pct');
  const edge = shortestIn(fields);
  if (croppedShare.test(type) && edge !== undefined && share !== undefined) {
    return sharedSizes(edge, share);
  }
  return { crop, resize: resizeIn(fields, type, assumed) };
}

/** ConvNeXt's way: small pictures are made larger than needed and cropped, large ones squeezed. */
function sharedSizes(edge: number, share: number) {
  const square = { height: edge, width: edge };
  const isCropped = edge < 384 && share > 0 && share <= 1;
  return isCropped
    ? { resize: { shortest: Math.floor(edge / share) }, crop: square }
    : { resize: square };
}

function shortestIn(fields: JsonFields): number | undefined {
  const size = fields.value('size');
  return isEdge(size) ? size : fields.inside('size')?.edge('shortest_edge');
}

function resizeIn(
  fields: JsonFields,
  type: string,
  assumed: string[],
): StatedPreprocessing['resize'] {
  const size = fields.value('size');
  if (size === undefined) return undefined;
  if (isEdge(size)) {
    if (byShorterEdge.test(type)) return { shortest: size };
    assumed.push(`a size of ${size} is taken for a square`);
    return { height: size, width: size };
  }
  const inside = fields.inside('size');
  const [height, width] = [inside?.edge('height'), inside?.edge('width')];
  if (height !== undefined && width !== undefined) return { height, width };
  const shortest = inside?.edge('shortest_edge');
  if (shortest !== undefined && inside?.value('longest_edge') === undefined) return { shortest };
  throw fields.wrong('size', 'height and width, or shortest_edge alone,');
}

function cropIn(fields: JsonFields): StatedPreprocessing['crop'] {
  const size = fields.value('crop_size');
  if (size === undefined) return undefined;
  if (isEdge(size)) return { height: size, width: size };
  const inside = fields.inside('crop_size');
  const [height, width] = [inside?.edge('height'), inside?.edge('width')];
  if (height !== undefined && width !== undefined) return { height, width };
  throw fields.wrong('crop_size', 'a number, or height and width,');
}

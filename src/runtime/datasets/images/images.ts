import { basename, join } from 'node:path';
import { UserError } from '../../../base/errors';
import type { Dim } from '../../../onnx/model';
import { isArrayType, tensorOf } from '../../arrays';
import { describeSpec } from '../../inputs';
import type { RunTensor } from '../../runner';
import { type Dataset, datasetOf } from '../dataset';
import { wholeFile } from '../files';
import type { ModelInputs } from '../model';
import { decodeImage } from './decode';
import type { ImageFile, ImageFiles } from './folder';
import { type ImagePlan, imagePlan } from './plan';
import { prepare, type Prepared } from './prepare';
import type { Statement } from './stated';

/** Larger files are no images that a model would be shown whole. */
const longestFile = 512e6;

/**
 * Images as samples, each read and decoded when it is asked for. Throws `badInput` for an image that cannot be decoded, or that does not
 * become what the model takes.
 */
export function imageDataset(
  folder: string,
  { images, assumed }: ImageFiles,
  model: ModelInputs,
  statement: Statement,
): Dataset {
  const name = basename(folder);
  const plan = imagePlan(model, statement, name);
  const [batch] = plan.spec.shape ?? [];
  const atOnce = plan.hasBatch ? (typeof batch === 'number' ? batch : undefined) : 1;
  const feeds = (places: readonly number[]) => {
    const chosen = places.flatMap((place) => images[place] ?? []);
    return { [plan.spec.name]: tensorFor(folder, chosen, plan) };
  };
  return datasetOf({
    ...{ name, kind: 'images', count: images.length, atOnce, feeds },
    assumed: [...plan.assumed, ...assumed, ...turning(images)],
    maskInput: undefined,
    lengthInput: undefined,
    lengths: () => undefined,
    labels: (places) => {
      const labels = places.map((place) => images[place]?.label);
      return labels.every((label) => label !== undefined) ? labels : undefined;
    },
  });
}

/** Pipelines differ in this, and none of their forms of statement has a field for it. */
const turning = (images: readonly ImageFile[]) =>
  images.some(({ path }) => /\.jpe?g$/i.test(path))
    ? ['photographs are turned as their EXIF orientation says']
    : [];

function tensorFor(folder: string, images: readonly ImageFile[], plan: ImagePlan): RunTensor {
  const { spec, how, hasBatch } = plan;
  const prepared = images.map(({ path }) => {
    const bytes = wholeFile(join(folder, path), path, longestFile);
    return fitting(prepare(decodeImage(bytes, path), how), path, plan);
  });
  const [first] = prepared;
  const { height, width } = first ?? { height: 0, width: 0 };
  const other = prepared.findIndex((each) => each.height !== height || each.width !== width);
  if (other >= 0) throw unequal(images, prepared, other);
  const size = first?.values.length ?? 0;
  const values = new Float32Array(size * prepared.length);
  for (const [at, each] of prepared.entries()) values.set(each.values, at * size);
  const channels = how.channels === 'grey' ? 1 : 3;
  const shape = how.layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  const dtype = isArrayType(spec.dtype) ? spec.dtype : 'float32';
  return tensorOf(dtype, hasBatch ? [prepared.length, ...shape] : shape, values);
}

/** Pictures that are only resized to a shorter edge, or not at all, have sizes of their own. */
function fitting(prepared: Prepared, path: string, { spec, how }: ImagePlan): Prepared {
  const sizes = (spec.shape ?? []).slice(-3);
  const [height, width] = how.layout === 'NCHW' ? sizes.slice(1) : sizes;
  const isOther = (got: number, wanted: Dim | undefined) =>
    typeof wanted === 'number' && wanted !== got;
  if (!isOther(prepared.height, height) && !isOther(prepared.width, width)) return prepared;
  throw new UserError(
    'badInput',
    `${path} becomes ${prepared.width} × ${prepared.height} pixels; the model takes ${describeSpec(spec)}.`,
    'State how images are resized or cropped.',
  );
}

function unequal(images: readonly ImageFile[], prepared: readonly Prepared[], at: number) {
  const told = (index: number) =>
    `${images[index]?.path ?? ''} is ${prepared[index]?.width ?? 0} × ${prepared[index]?.height ?? 0}`;
  return new UserError(
    'badInput',
    `${told(0)} pixels and ${told(at)}; the model takes images of one size at once.`,
    'State how images are resized or cropped.',
  );
}

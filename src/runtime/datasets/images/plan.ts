import { UserError } from '../../../base/errors';
import { quoted } from '../../../base/quote';
import type { Dim } from '../../../onnx/model';
import { dtypes } from '../../../tensor/dtype';
import { describeSpec, type InputSpec } from '../../inputs';
import { isOptional, type ModelInputs } from '../model';
import type { Preprocessing } from './preprocessing';
import type { Statement } from './stated';

/** How pictures become what one input of the model takes. */
export interface ImagePlan {
  readonly spec: InputSpec;
  readonly how: Preprocessing;
  /** Whether the input has an axis for samples. */
  readonly hasBatch: boolean;
  /** What nobody stated, a sentence each. */
  readonly assumed: readonly string[];
}

/** Sizes of one picture as the input declares them. */
interface Declared {
  readonly layout: Preprocessing['layout'];
  readonly channels: Dim;
  readonly height: Dim;
  readonly width: Dim;
}

/**
 * Completes what was stated from what the model declares: layout, channels and size. What is left is assumed, and told. Throws `badInput`
 * where the two contradict each other, and for models that do not take pictures.
 */
export function imagePlan(model: ModelInputs, statement: Statement, name: string): ImagePlan {
  const spec = imageInput(model, name);
  const hasBatch = spec.shape?.length === 4;
  const { stated, file } = statement;
  const declared = declaredBy(spec, stated.layout);
  const assumed = statement.assumed.map((each) => `${file ?? ''}: ${each}`);
  const channels = stated.channels ?? (declared.channels === 1 ? 'grey' : 'RGB');
  const fixed = fixedSize(declared);
  const isSized = stated.resize !== undefined || stated.crop !== undefined;
  const isByte = spec.dtype === 'uint8';
  const how: Preprocessing = {
    channels,
    resize: isSized ? stated.resize : fixed,
    crop: stated.crop,
    interpolation: stated.interpolation ?? 'bilinear',
    scale: stated.scale ?? (isByte ? 1 : 1 / 255),
    mean: stated.mean ?? [0],
    std: stated.std ?? [1],
    layout: declared.layout,
  };
  if (file === undefined) assumed.push(assumption(how));
  else if (!isSized && fixed) assumed.push(`stretched to ${sizeText(fixed)}, the model’s size`);
  checkFit(spec, how, declared, file ?? name);
  return { spec, how, hasBatch, assumed };
}

function assumption({ channels, scale, resize, interpolation }: Preprocessing): string {
  const size =
    resize && 'height' in resize ? `, stretched to ${sizeText(resize)} (${interpolation})` : '';
  return `no preprocessing is stated: ${channels}${size}, values from 0 to ${scale === 1 ? 255 : 1}`;
}

const sizeText = ({ height, width }: { height: number; width: number }) => `${width} × ${height}`;

function imageInput(model: ModelInputs, name: string): InputSpec {
  const needed = model.specs.filter((spec) => !isOptional(model, spec));
  const [only] = needed;
  const rank = only?.shape?.length ?? 0;
  const isNumber = only && (dtypes[only.dtype].class === 'float' || only.dtype === 'uint8');
  if (only && needed.length === 1 && isNumber && (rank === 3 || rank === 4)) return only;
  const takes = needed.map((spec) => `${quoted(spec.name)} (${describeSpec(spec)})`).join(', ');
  throw new UserError(
    'badInput',
    `The images of ${name} do not fit the model, which takes ${takes || 'nothing'}; one input of [batch, channels, height, width] is expected.`,
    'Give the inputs as arrays in an .npz file.',
  );
}

/** Channels are the axis that can be few; first, where the model does not tell. */
function declaredBy(spec: InputSpec, stated: Preprocessing['layout'] | undefined): Declared {
  const [a = 0, b = 0, c = 0] = (spec.shape ?? []).slice(-3);
  const isLast = (c === 1 || c === 3) && a !== 1 && a !== 3;
  const layout = stated ?? (isLast ? 'NHWC' : 'NCHW');
  return layout === 'NCHW'
    ? { layout, channels: a, height: b, width: c }
    : { layout, channels: c, height: a, width: b };
}

function fixedSize({ height, width }: Declared) {
  return typeof height === 'number' && typeof width === 'number' ? { height, width } : undefined;
}

function checkFit(spec: InputSpec, how: Preprocessing, declared: Declared, file: string): void {
  const channels = how.channels === 'grey' ? 1 : 3;
  const per = Math.max(how.mean.length, how.std.length);
  if (typeof declared.channels === 'number' && declared.channels !== channels) {
    throw misfit(spec, file, `images of ${channels} ${channels === 1 ? 'channel' : 'channels'}`);
  }
  if (per > channels) throw misfit(spec, file, `a mean or deviation for ${per} channels`);
  const size = how.crop ?? (how.resize && 'height' in how.resize ? how.resize : undefined);
  const isOther = (got: number, wanted: Dim) => typeof wanted === 'number' && wanted !== got;
  if (size && (isOther(size.height, declared.height) || isOther(size.width, declared.width))) {
    throw misfit(spec, file, `images of ${sizeText(size)}`);
  }
}

function misfit(spec: InputSpec, file: string, what: string): UserError {
  return new UserError(
    'badInput',
    `${file} makes ${what}; the model takes ${describeSpec(spec)} as ${quoted(spec.name)}.`,
  );
}

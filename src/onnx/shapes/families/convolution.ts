import { intAttribute, intsAttribute, stringAttribute } from '../../attributes';
import type { DType } from '../../../tensor/dtype';
import type { Dim } from '../../model';
import { multiplyDims, unknownDims, type Shape } from '../dims';
import { dtypeOf, fact, shapeOf, type NodeView, type Rule } from '../fact';

/** Convolutions and pools: windows that move over space. */

interface Windows {
  readonly kernel: Shape;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly autoPad: string;
  readonly ceil: boolean;
}

function windowsOf(view: NodeView, kernel: Shape): Windows {
  const ones = kernel.map(() => 1);
  return {
    kernel,
    strides: intsAttribute(view.node, 'strides') ?? ones,
    dilations: intsAttribute(view.node, 'dilations') ?? ones,
    pads: intsAttribute(view.node, 'pads') ?? [...ones, ...ones].map(() => 0),
    autoPad: stringAttribute(view.node, 'auto_pad', 'NOTSET'),
    ceil: intAttribute(view.node, 'ceil_mode', 0) === 1,
  };
}

/** How many places a window takes along one axis; null where it does not fit even once. */
function placesAlong(size: Dim, windows: Windows, axis: number): Dim {
  const stride = windows.strides[axis] ?? 1;
  if (windows.autoPad.startsWith('SAME')) {
    return typeof size === 'number' ? Math.ceil(size / stride) : stride === 1 ? size : null;
  }
  const kernel = windows.kernel[axis];
  if (typeof kernel !== 'number' || size === null) return null;
  const extent = (kernel - 1) * (windows.dilations[axis] ?? 1) + 1;
  const explicit = windows.autoPad !== 'VALID';
  const before = explicit ? (windows.pads[axis] ?? 0) : 0;
  const after = explicit ? (windows.pads[axis + windows.kernel.length] ?? 0) : 0;
  const slack = before + after - extent;
  if (typeof size === 'string') return stride === 1 && slack === -1 ? size : null;
  return countPlaces(size, slack, stride, before, windows.ceil);
}

function countPlaces(
  size: number,
  slack: number,
  stride: number,
  before: number,
  ceil: boolean,
): Dim {
  const steps = (size + slack) / stride;
  let places = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
  // A window that would start in the padding after the data is left out.
  if (ceil && (places - 1) * stride >= size + before) places--;
  return places > 0 ? places : null;
}

function spatial(source: Shape, windows: Windows): Shape {
  return source.map((size, axis) => placesAlong(size, windows, axis));
}

/** Batch, channels and space of an image, whichever way round it lies. */
function splitImage(shape: Shape, channelsLast: boolean) {
  const [batch = null, ...rest] = shape;
  const channels = (channelsLast ? rest.at(-1) : rest[0]) ?? null;
  return { batch, channels, space: channelsLast ? rest.slice(0, -1) : rest.slice(1) };
}

function joinImage(batch: Dim, channels: Dim, space: Shape, channelsLast: boolean): Shape {
  return channelsLast ? [batch, ...space, channels] : [batch, channels, ...space];
}

/** Images [batch, height, width, channels]. */
function isChannelsLast(view: NodeView): boolean {
  return intAttribute(view.node, 'channels_last', 0) === 1 || view.node.op.startsWith('Nhwc');
}

/** Sizes of the kernel in space, from the weight [out, in / group, …] or the attribute. */
function kernelOf(view: NodeView, weight: Shape | undefined, rank: number): Shape {
  return weight?.slice(2) ?? intsAttribute(view.node, 'kernel_shape') ?? unknownDims(rank);
}

function convolution(weightAt: number, dtype: (view: NodeView) => DType | undefined): Rule {
  return (view) => {
    const source = shapeOf(view, 0);
    const weight = shapeOf(view, weightAt);
    const shape = source ?? (weight && unknownDims(weight.length));
    if (!shape || shape.length < 2) return [fact(dtype(view), undefined)];
    const last = isChannelsLast(view);
    const { batch, space } = splitImage(shape, last);
    const windows = windowsOf(view, kernelOf(view, weight, space.length));
    const result = joinImage(batch, weight?.[0] ?? null, spatial(space, windows), last);
    return [fact(dtype(view), result)];
  };
}

const either = (view: NodeView) => dtypeOf(view, 0) ?? dtypeOf(view, 1);

const convTranspose: Rule = (view) => {
  const source = shapeOf(view, 0);
  const weight = shapeOf(view, 1);
  const rank = source?.length ?? weight?.length;
  if (rank === undefined || rank < 2) return [fact(either(view), undefined)];
  const windows = windowsOf(view, kernelOf(view, weight, rank - 2));
  const channels = multiplyDims(weight?.[1] ?? null, intAttribute(view.node, 'group', 1));
  const given = intsAttribute(view.node, 'output_shape');
  const extra = intsAttribute(view.node, 'output_padding') ?? [];
  const space = (source?.slice(2) ?? unknownDims(rank - 2)).map(
    (size, axis) => given?.at(axis - rank + 2) ?? widened(size, windows, axis, extra[axis] ?? 0),
  );
  return [fact(either(view), [source?.[0] ?? null, channels, ...space])];
};

/** Places that windows laid at every input element cover, less the padding. */
function widened(size: Dim, windows: Windows, axis: number, extra: number): Dim {
  const stride = windows.strides[axis] ?? 1;
  if (typeof size !== 'number') return null;
  if (windows.autoPad.startsWith('SAME')) return size * stride;
  const kernel = windows.kernel[axis];
  if (typeof kernel !== 'number') return null;
  const extent = (kernel - 1) * (windows.dilations[axis] ?? 1) + 1;
  const pads = (windows.pads[axis] ?? 0) + (windows.pads[axis + windows.kernel.length] ?? 0);
  return stride * (size - 1) + extent + extra - (windows.autoPad === 'VALID' ? 0 : pads);
}

/** The second output of a max pool holds indices. */
const pool: Rule = (view) => {
  const source = shapeOf(view, 0);
  const kernel = intsAttribute(view.node, 'kernel_shape');
  const rank = source?.length ?? (kernel && kernel.length + 2);
  if (rank === undefined || rank < 2) return [fact(dtypeOf(view, 0), undefined)];
  const last = isChannelsLast(view);
  const { batch, channels, space } = splitImage(source ?? unknownDims(rank), last);
  const windows = windowsOf(view, kernel ?? unknownDims(space.length));
  const shape = joinImage(batch, channels, spatial(space, windows), last);
  return [fact(dtypeOf(view, 0), shape), fact('int64', shape)];
};

const maxUnpool: Rule = (view) => {
  const source = shapeOf(view, 0);
  if (view.node.inputs[2]) {
    const target = view.inputs[2] && view.decode(view.inputs[2]);
    return [fact(dtypeOf(view, 0), target ?? (source && unknownDims(source.length)))];
  }
  if (!source) return [fact(dtypeOf(view, 0), undefined)];
  const windows = windowsOf(view, intsAttribute(view.node, 'kernel_shape') ?? []);
  const space = source.slice(2).map((size, axis) => widened(size, windows, axis, 0));
  return [fact(dtypeOf(view, 0), [...source.slice(0, 2), ...space])];
};

const columnsToImage: Rule = (view) => {
  const source = shapeOf(view, 0);
  const image = view.inputs[1] && view.decode(view.inputs[1]);
  const block = view.inputs[2] && view.decode(view.inputs[2]);
  const area = block?.reduce<Dim>((a, b) => multiplyDims(a, b), 1) ?? null;
  const channels = source?.[1] ?? null;
  const whole = typeof channels === 'number' && typeof area === 'number' && area > 0;
  const shape = image && [source?.[0] ?? null, whole ? channels / area : null, ...image];
  return [fact(dtypeOf(view, 0), shape)];
};

/** Depthwise and causal: as long as its input; the state holds what the next call needs. */
const causalConv: Rule = (view) => {
  const source = shapeOf(view, 0);
  const kernel = shapeOf(view, 1)?.at(-1);
  const kept = typeof kernel === 'number' ? kernel - 1 : null;
  const state = shapeOf(view, 3) ?? (source && [source[0] ?? null, source[1] ?? null, kept]);
  return [fact(dtypeOf(view, 0), source), fact(dtypeOf(view, 0), state)];
};

/** One result a region: [regions, channels, height, width]. */
const roiAlign: Rule = (view) => {
  const regions = shapeOf(view, 1)?.[0] ?? null;
  const height = intAttribute(view.node, 'output_height', 1);
  const width = intAttribute(view.node, 'output_width', 1);
  return [fact(dtypeOf(view, 0), [regions, shapeOf(view, 0)?.[1] ?? null, height, width])];
};

const maxRoiPool: Rule = (view) => {
  const pooled = intsAttribute(view.node, 'pooled_shape') ?? [null, null];
  const shape = [shapeOf(view, 1)?.[0] ?? null, shapeOf(view, 0)?.[1] ?? null, ...pooled];
  return [fact(dtypeOf(view, 0), shape)];
};

/** The runtime's blocked layout comes and goes; only the channels may be padded in between. */
const reorderOutput: Rule = (view) => {
  const source = shapeOf(view, 0);
  const channels = intAttribute(view.node, 'channels') ?? null;
  const last = intAttribute(view.node, 'channels_last', 0) === 1;
  const shape = source && joinImage(source[0] ?? null, channels, source.slice(2), last);
  return [fact(dtypeOf(view, 0), shape)];
};

const conv = convolution(1, either);
const quantized = convolution(3, (view) => dtypeOf(view, 7));

/** The rules of convolutions and pools. */
export const convolutionRules = {
  Conv: conv,
  ConvInteger: convolution(1, () => 'int32'),
  QLinearConv: quantized,
  DeformConv: conv,
  ConvTranspose: convTranspose,
  CausalConvWithState: causalConv,
  AveragePool: pool,
  MaxPool: pool,
  LpPool: pool,
  MaxUnpool: maxUnpool,
  MaxRoiPool: maxRoiPool,
  RoiAlign: roiAlign,
  Col2Im: columnsToImage,
  'com.microsoft.FusedConv': conv,
  'com.microsoft.NhwcConv': conv,
  'com.microsoft.NhwcFusedConv': conv,
  'com.microsoft.QLinearConv': quantized,
  'com.microsoft.ConvTransposeWithDynamicPads': (view) => [
    fact(either(view), shapeOf(view, 0) && unknownDims(shapeOf(view, 0)?.length ?? 0)),
  ],
  'com.microsoft.MaxpoolWithMask': (view) => pool(view).slice(0, 1),
  'com.microsoft.NhwcMaxPool': (view) => pool(view).slice(0, 1),
  'com.microsoft.QLinearAveragePool': (view) => pool(view).slice(0, 1),
  'com.microsoft.CausalConvWithState': causalConv,
  'com.microsoft.nchwc.Conv': conv,
  'com.microsoft.nchwc.MaxPool': (view) => pool(view).slice(0, 1),
  'com.microsoft.nchwc.AveragePool': pool,
  'com.microsoft.nchwc.ReorderOutput': reorderOutput,
} satisfies Record<string, Rule>;

import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../onnx/attributes';
import { makeAttribute, makeNode, type AttributeInput } from '../../onnx/builder';
import { consumersOf, type NodeEntry } from '../../onnx/graph';
import type { Node } from '../../onnx/model';
import type { Shapes } from '../../onnx/shapes/shapes';
import type { DType } from '../../tensor/dtype';
import type { Constants } from './constants';
import { fromFront, withAttributes } from './whole';

/** What a rewrite of one node may use. */
export interface Rewriting {
  readonly entry: NodeEntry;
  readonly shapes: Shapes;
  readonly constants: Constants;
  readonly fresh: (wanted: string) => string;
  /** Operator set that the model is written in. */
  readonly from: number;
}

/** The node as the newer operator set writes it, or why there is no such form: the end of a sentence that names the node. */
export type Rewrite = (node: Node, rewriting: Rewriting) => readonly Node[] | string;

/** The node with attributes set as well. */
function setting(node: Node, attributes: Record<string, AttributeInput>): Node {
  const set = Object.entries(attributes).map(
    ([name, value]) => [name, makeAttribute(name, value)] as const,
  );
  return withAttributes(node, Object.keys(attributes), new Map(set));
}

/** A list of integers that was an attribute becomes an input at this position. */
function listToInput(attribute: string, position: number): Rewrite {
  return (node, { constants }) => {
    const values = intsAttribute(node, attribute);
    if (!values) return [node];
    const inputs = [...node.inputs];
    while (inputs.length < position) inputs.push('');
    inputs[position] = constants.integers(`${node.outputs[0] ?? node.op}_${attribute}`, values);
    return [{ ...withAttributes(node, [attribute]), inputs }];
  };
}

const slice: Rewrite = (node, rewriting) => {
  const lists = ['starts', 'ends', 'axes'];
  return lists.reduce<readonly Node[]>(
    ([each = node], attribute, i) =>
      listToInput(attribute, i + 1)(each, rewriting) as readonly Node[],
    [node],
  );
};

const topK: Rewrite = (node, { constants }) => {
  const k = constants.integers(`${node.outputs[0] ?? 'topk'}_k`, [intAttribute(node, 'k', 1)]);
  return [{ ...withAttributes(node, ['k']), inputs: [node.inputs[0] ?? '', k] }];
};

/** Type of the first input, which limits and fillings must have too. */
function typeOfInput(node: Node, { entry, shapes }: Rewriting): DType | undefined {
  return shapes.typeOf(entry.scope, node.inputs[0] ?? '')?.dtype;
}

const clip: Rewrite = (node, rewriting) => {
  const dtype = typeOfInput(node, rewriting);
  if (!dtype) return 'limits values whose type is not known';
  const limits = ['min', 'max'].map((limit) => {
    const value = floatAttribute(node, limit);
    const name = `${node.outputs[0] ?? 'clip'}_${limit}`;
    return value === undefined ? '' : rewriting.constants.add(name, dtype, [], [value]);
  });
  const inputs = [node.inputs[0] ?? '', ...limits];
  while (inputs.at(-1) === '') inputs.pop();
  return [{ ...withAttributes(node, ['min', 'max']), inputs }];
};

const pad: Rewrite = (node, rewriting) => {
  const dtype = typeOfInput(node, rewriting);
  if (!dtype) return 'pads values whose type is not known';
  const base = node.outputs[0] ?? 'pad';
  const pads = rewriting.constants.integers(`${base}_pads`, intsAttribute(node, 'pads') ?? []);
  const value = rewriting.constants.add(
    `${base}_value`,
    dtype,
    [],
    [floatAttribute(node, 'value', 0)],
  );
  const inputs = [node.inputs[0] ?? '', pads, value];
  return [{ ...withAttributes(node, ['pads', 'value']), inputs }];
};

/** Before 13 it took all axes from `axis` on together. */
const softmax: Rewrite = (node, { entry, shapes, fresh }) => {
  const axis = intAttribute(node, 'axis', 1);
  const rank = shapes.typeOf(entry.scope, node.inputs[0] ?? '')?.shape?.length;
  if (axis === -1 || (rank !== undefined && fromFront(axis, rank) === rank - 1)) {
    return [setting(node, { axis: -1 })];
  }
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const [shape, flat, scaled] = ['shape', 'flat', 'scaled'].map((what) =>
    fresh(`${output}_${what}`),
  ) as [string, string, string];
  return [
    makeNode('Shape', [input], [shape], { name: shape }),
    makeNode('Flatten', [input], [flat], { name: flat, axis }),
    { ...setting(node, { axis: -1 }), inputs: [flat], outputs: [scaled] },
    makeNode('Reshape', [scaled, shape], [output], { name: fresh(`${output}_Reshape`) }),
  ];
};

const upsampleScales: Rewrite = (node, { constants }) => {
  const scales = node.attributes.get('scales');
  if (scales?.kind !== 'floats') return [node];
  const name = `${node.outputs[0] ?? 'upsample'}_scales`;
  const tensor = constants.add(name, 'float32', [scales.value.length], scales.value);
  return [{ ...withAttributes(node, ['scales']), inputs: [node.inputs[0] ?? '', tensor] }];
};

/** Upsample counted from the corner of an image and took the pixel before. */
const upsample: Rewrite = (node) => {
  const linear = stringAttribute(node, 'mode', 'nearest') !== 'nearest';
  const [input = '', scales = ''] = node.inputs;
  const resize = setting(withAttributes(node, ['mode']), {
    mode: linear ? 'linear' : 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    ...(linear ? {} : { nearest_mode: 'floor' }),
  });
  return [{ ...resize, op: 'Resize', inputs: [input, '', scales] }];
};

const resize10: Rewrite = (node) => {
  const linear = stringAttribute(node, 'mode', 'nearest') === 'linear';
  if (!linear) return 'rounds to the nearest pixel in a way of its own';
  const [input = '', scales = ''] = node.inputs;
  const next = setting(node, { coordinate_transformation_mode: 'asymmetric' });
  return [{ ...next, inputs: [input, '', scales] }];
};

/** Identity at inference, whatever the ratio; its mask had another type before 10. */
const dropout: Rewrite = (node, { entry, from }) => {
  const [, mask = ''] = node.outputs;
  const isRead = mask !== '' && consumersOf(entry.scope, mask).length > 0;
  if (isRead && from < 10) return 'gives out a mask of another type';
  const outputs = isRead ? node.outputs : node.outputs.slice(0, 1);
  return [{ ...withAttributes(node, ['ratio', 'seed', 'is_test']), outputs }];
};

/** Running statistics were outputs too, of which inference makes no use. */
const batchNorm: Rewrite = (node, { entry }) => {
  const isRead = node.outputs
    .slice(1)
    .some((name) => name !== '' && consumersOf(entry.scope, name).length > 0);
  return isRead
    ? 'is written for training'
    : [{ ...withAttributes(node, ['spatial']), outputs: node.outputs.slice(0, 1) }];
};

const reduce = listToInput('axes', 1);
const refuse =
  (why: string): Rewrite =>
  () =>
    why;

const reductions = ['Max', 'Min', 'Mean', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'];

/**
 * What changed in the standard operators, by operator and the version that changed it, from
 * https://github.com/onnx/onnx/blob/main/docs/Changelog.md; operators that are not here only took in more types.
 */
export const rewrites: Readonly<Record<string, Readonly<Record<number, Rewrite>>>> = {
  Slice: { 10: slice },
  TopK: { 10: topK },
  Upsample: { 9: upsampleScales, 11: upsample },
  Resize: { 11: resize10 },
  Dropout: { 12: dropout },
  Clip: { 11: clip },
  Pad: { 11: pad },
  Scatter: { 11: (node) => [{ ...node, op: 'ScatterElements' }] },
  Scan: { 9: refuse('takes a batch of its own') },
  BatchNormalization: {
    9: (node) =>
      intAttribute(node, 'spatial', 1) === 1 ? [node] : 'normalises every place by itself',
    14: batchNorm,
  },
  Softmax: { 13: softmax },
  LogSoftmax: { 13: softmax },
  Hardmax: { 13: softmax },
  Squeeze: { 13: listToInput('axes', 1) },
  Unsqueeze: { 13: listToInput('axes', 1) },
  ReduceSum: { 13: reduce },
  Split: {
    13: listToInput('split', 1),
    18: (node) => [node.inputs[1] ? node : setting(node, { num_outputs: node.outputs.length })],
  },
  RoiAlign: {
    16: (node) => [
      node.attributes.has('coordinate_transformation_mode')
        ? node
        : setting(node, { coordinate_transformation_mode: 'output_half_pixel' }),
    ],
  },
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, { 18: reduce }])),
  AveragePool: {
    19: (node) => (intAttribute(node, 'ceil_mode', 0) === 0 ? [node] : 'rounds its size up'),
  },
  DFT: { 20: refuse('takes its axis in another way') },
  GridSample: {
    20: (node) => {
      const modes: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };
      const mode = stringAttribute(node, 'mode', 'bilinear');
      return [setting(node, { mode: modes[mode] ?? mode })];
    },
  },
  GroupNormalization: { 21: refuse('scales groups, not channels') },
};

import { dtypeOf as dtypeByCode, type DType } from '../../../tensor/dtype';
import { intAttribute, intsAttribute, tensorAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { axisOf, broadcast, withDim, type Shape } from '../dims';
import {
  dtypeOf,
  fact,
  factOf,
  isGiven,
  scalarOf,
  shapeOf,
  type NodeView,
  type Rule,
} from '../fact';
import { same, sameShape } from './elementwise';

/** Constants, random numbers, signals and text. */

function typeBy(
  view: NodeView,
  attribute: string,
  otherwise: DType | undefined,
): DType | undefined {
  const code = intAttribute(view.node, attribute);
  return code === undefined ? otherwise : dtypeByCode(code);
}

const constant: Rule = (view) => {
  const tensor = tensorAttribute(view.node, 'value');
  if (tensor) return [{ dtype: tensor.dtype, shape: tensor.shape, tensor }];
  for (const attribute of view.node.attributes.values()) {
    if (attribute.kind === 'sparseTensor') {
      return [fact(attribute.value.values.dtype, attribute.value.shape)];
    }
    if (attribute.kind === 'int') return [factOf('int64', [], [Number(attribute.value)])];
    if (attribute.kind === 'float') return [factOf('float32', [], [attribute.value])];
    if (attribute.kind === 'string') return [fact('string', [])];
    if (attribute.kind === 'strings') return [fact('string', [attribute.value.length])];
    if (attribute.kind === 'floats') {
      return [factOf('float32', [attribute.value.length], attribute.value)];
    }
    if (attribute.kind === 'ints') {
      return [factOf('int64', [attribute.value.length], attribute.value.map(Number))];
    }
  }
  return [undefined];
};

const random: Rule = (view) => [
  fact(typeBy(view, 'dtype', 'float32'), intsAttribute(view.node, 'shape')),
];

const randomLike: Rule = (view) => [
  fact(typeBy(view, 'dtype', dtypeOf(view, 0)), shapeOf(view, 0)),
];

const multinomial: Rule = (view) => {
  const samples = intAttribute(view.node, 'sample_size', 1);
  return [fact(typeBy(view, 'dtype', 'int32'), [shapeOf(view, 0)?.[0] ?? null, samples])];
};

const window: Rule = (view) => [
  fact(typeBy(view, 'output_datatype', 'float32'), [scalarOf(view, 0) ?? null]),
];

/** Bins that differ in the spectrum of a real signal. */
function onesidedBins(length: Dim): Dim {
  return typeof length === 'number' ? Math.floor(length / 2) + 1 : null;
}

const melWeights: Rule = (view) => [
  fact(typeBy(view, 'output_datatype', 'float32'), [
    onesidedBins(scalarOf(view, 1) ?? null),
    scalarOf(view, 0) ?? null,
  ]),
];

/** The last dimension holds real and imaginary parts; one-sided inverse transforms are real. */
const fourier: Rule = (view) => {
  const source = shapeOf(view, 0);
  const axis = source && axisOf(fourierAxis(view), source.length);
  if (!source || axis === undefined) return [fact(dtypeOf(view, 0), undefined)];
  const length = isGiven(view, 1) ? (scalarOf(view, 1) ?? null) : (source[axis] ?? null);
  const onesided = intAttribute(view.node, 'onesided', 0) === 1;
  const inverse = intAttribute(view.node, 'inverse', 0) === 1;
  const inverted = inverse ? inverseLength(view, length) : onesidedBins(length);
  const result = withDim(source, axis, onesided ? inverted : length);
  return [fact(dtypeOf(view, 0), withDim(result, source.length - 1, onesided && inverse ? 1 : 2))];
};

/** An attribute of default 1 until opset 20, then an input of default -2. */
function fourierAxis(view: NodeView): Dim {
  const attribute = intAttribute(view.node, 'axis');
  if (attribute !== undefined) return attribute;
  if (isGiven(view, 2)) return scalarOf(view, 2) ?? null;
  return view.opset < 20 ? 1 : -2;
}

function inverseLength(view: NodeView, length: Dim): Dim {
  if (isGiven(view, 1)) return length;
  return typeof length === 'number' ? 2 * (length - 1) : null;
}

const shortFourier: Rule = (view) => {
  const signal = shapeOf(view, 0);
  const step = scalarOf(view, 1);
  const frame = isGiven(view, 3) ? scalarOf(view, 3) : (shapeOf(view, 2)?.[0] ?? signal?.[1]);
  const samples = signal?.[1];
  const known =
    typeof samples === 'number' && typeof frame === 'number' && typeof step === 'number';
  const frames = known && step > 0 ? Math.floor((samples - frame) / step) + 1 : null;
  const onesided = intAttribute(view.node, 'onesided', 1) === 1;
  const bins = onesided ? onesidedBins(frame ?? null) : (frame ?? null);
  return [fact(dtypeOf(view, 0), [signal?.[0] ?? null, frames, bins, 2])];
};

const stringSplit: Rule = (view) => {
  const source = shapeOf(view, 0);
  return [fact('string', source && [...source, null]), fact('int64', source)];
};

const stringNormalizer: Rule = (view) => {
  const source = shapeOf(view, 0);
  const drops = view.node.attributes.has('stopwords');
  const shape: Shape | undefined =
    source?.length === 2 ? [1, drops ? null : (source[1] ?? null)] : drops ? [null] : source;
  return [fact('string', shape)];
};

const tfIdf: Rule = (view) => {
  const columns = intsAttribute(view.node, 'ngram_indexes');
  const source = shapeOf(view, 0);
  const width = columns && columns.length > 0 ? columns.reduce((a, b) => Math.max(a, b)) + 1 : null;
  return [fact('float32', source && [...source.slice(0, -1), width])];
};

const imageDecoder: Rule = (view) => {
  const format = view.node.attributes.get('pixel_format');
  const gray = format?.kind === 'string' && format.value[0] === 'G'.charCodeAt(0);
  return [fact('uint8', [null, null, gray ? 1 : 3])];
};

/** State tensors of an optimiser keep their shapes: inputs after rate and step come out again without the gradients. */
function optimiser(perTensor: number): Rule {
  return (view) => {
    const count = (view.node.inputs.length - 2) / perTensor;
    if (!Number.isInteger(count)) return [];
    const group = (at: number) => view.inputs.slice(2 + at * count, 2 + (at + 1) * count);
    // The second group holds the gradients, which are used up.
    return [0, ...Array.from({ length: perTensor - 2 }, (_, i) => i + 2)].flatMap((at) =>
      group(at).map((input) => input && fact(input.dtype, input.shape)),
    );
  };
}

/** One gradient for every input that is differentiated by, in the order of `xs`. */
const gradient: Rule = (view) => {
  const names = view.node.attributes.get('xs');
  if (names?.kind !== 'strings') return [];
  return names.value.map(
    (_, i) => view.inputs[i] && fact(view.inputs[i].dtype, view.inputs[i].shape),
  );
};

/** The rules of constants, random numbers, signals and text. */
export const generationRules = {
  Constant: constant,
  RandomNormal: random,
  RandomUniform: random,
  RandomNormalLike: randomLike,
  RandomUniformLike: randomLike,
  Bernoulli: randomLike,
  Multinomial: multinomial,
  BlackmanWindow: window,
  HammingWindow: window,
  HannWindow: window,
  MelWeightMatrix: melWeights,
  DFT: fourier,
  STFT: shortFourier,
  StringConcat: (view) => [fact('string', broadcast([shapeOf(view, 0), shapeOf(view, 1)]))],
  StringNormalizer: stringNormalizer,
  StringSplit: stringSplit,
  RegexFullMatch: sameShape('bool'),
  TfIdfVectorizer: tfIdf,
  ImageDecoder: imageDecoder,
  SequenceLength: () => [fact('int64', [])],
  OptionalHasElement: () => [fact('bool', [])],
  'ai.onnx.preview.training.Adagrad': optimiser(3),
  'ai.onnx.preview.training.Adam': optimiser(4),
  'ai.onnx.preview.training.Momentum': optimiser(3),
  'ai.onnx.preview.training.Gradient': gradient,
  'com.microsoft.MurmurHash3': (view) => [
    fact(intAttribute(view.node, 'positive', 1) ? 'uint32' : 'int32', shapeOf(view, 0)),
  ],
  'com.microsoft.BitmaskDropout': same,
} satisfies Record<string, Rule>;

import { dtypeOf as dtypeByCode } from '../../../tensor/dtype';
import { intAttribute } from '../../attributes';
import { axisOf, broadcast, unknownDims } from '../dims';
import { dtypeOf, fact, isGiven, shapeOf, type NodeView, type Rule } from '../fact';
import { joined } from './movement';

/** Between floats and codes, and arithmetic on codes. */

/** The codes' type: of the zero point, or by attribute, or uint8. */
const quantize: Rule = (view) => {
  const code = intAttribute(view.node, 'output_dtype', 0);
  const byDefault = code ? dtypeByCode(code) : 'uint8';
  const dtype = isGiven(view, 2) ? dtypeOf(view, 2) : byDefault;
  return [fact(dtype, shapeOf(view, 0))];
};

const dequantize: Rule = (view) => {
  const code = intAttribute(view.node, 'output_dtype', 0);
  return [fact(code ? dtypeByCode(code) : dtypeOf(view, 1), shapeOf(view, 0))];
};

const dynamicQuantize: Rule = (view) => [
  fact('uint8', shapeOf(view, 0)),
  fact('float32', []),
  fact('uint8', []),
];

/** Two tensors, each followed by its scale and zero point. */
const quantizedBinary: Rule = (view) => [
  fact(dtypeOf(view, 0), broadcast([shapeOf(view, 0), shapeOf(view, 3)])),
];

const quantizedUnary: Rule = (view) => [fact(dtypeOf(view, 0), shapeOf(view, 0))];

/** The output's scale and zero point come first, then tensors in threes. */
const quantizedConcat: Rule = (view) => {
  const at = view.node.inputs.flatMap((_, i) => (i >= 2 && i % 3 === 2 ? [i] : []));
  const shapes = at.map((i) => shapeOf(view, i));
  const rank = shapes.find((shape) => shape)?.length;
  const axis = rank === undefined ? undefined : axisOf(intAttribute(view.node, 'axis', 0), rank);
  if (rank === undefined || axis === undefined) return [fact(dtypeOf(view, 1), undefined)];
  return [
    fact(
      dtypeOf(view, 1),
      joined(
        shapes.map((shape) => shape ?? unknownDims(rank)),
        axis,
      ),
    ),
  ];
};

const quantizedWhere: Rule = (view: NodeView) => [
  fact(dtypeOf(view, 1), broadcast([shapeOf(view, 0), shapeOf(view, 1), shapeOf(view, 4)])),
];

/** The rules of arithmetic on codes. */
export const quantizationRules = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
  'com.microsoft.QuantizeLinear': quantize,
  'com.microsoft.DequantizeLinear': dequantize,
  'com.microsoft.DequantizeBFP': () => [],
  'com.microsoft.QLinearAdd': quantizedBinary,
  'com.microsoft.QLinearMul': quantizedBinary,
  'com.microsoft.QLinearSigmoid': quantizedUnary,
  'com.microsoft.QLinearLeakyRelu': quantizedUnary,
  'com.microsoft.QLinearSoftmax': quantizedUnary,
  'com.microsoft.QLinearConcat': quantizedConcat,
  'com.microsoft.QLinearWhere': quantizedWhere,
} satisfies Record<string, Rule>;

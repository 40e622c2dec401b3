import { intAttribute, stringAttribute } from '../onnx/attributes';
import { countOf, type Shape } from '../onnx/shapes/dims';
import { parseEinsum } from '../onnx/shapes/einsum';
import { shapeOf } from '../onnx/shapes/fact';
import { fusedOperand, productShape } from '../onnx/shapes/families/products';
import { writesAngles } from './angles';
import { plus, sizeAt, times, type MacRule, type Site } from './site';

/** Multiply-adds of matrix products, convolutions and recurrences. */

/** Every element of A·B adds up as many products as A has columns. */
function productMacs(a: Shape | undefined, b: Shape | undefined, site: Site): number | undefined {
  const columns = sizeAt(a, -1) ?? sizeAt(b, (b?.length ?? 0) > 1 ? -2 : -1);
  if (columns === 1 && writesAngles(site.entry)) return 0;
  return times(countOf(productShape(a, b)), columns);
}

/** The product of the inputs at these places. */
export function product(a: number, b: number): MacRule {
  return (site) => productMacs(shapeOf(site.view, a), shapeOf(site.view, b), site);
}

/** As `product`, with operands turned as the node says. */
export const fusedMatMul: MacRule = (site) =>
  productMacs(fusedOperand(site.view, 0), fusedOperand(site.view, 1), site);

/** [M, K] · [K, N], the first operand at this input. */
export function gemm(a: number): MacRule {
  return ({ view, outputs }) => {
    const transposed = intAttribute(view.node, 'transA', 0) === 1;
    return times(countOf(outputs[0]), sizeAt(shapeOf(view, a), transposed ? 0 : 1));
  };
}

/** Weights packed in blocks; K is an attribute. */
export const packedProduct: MacRule = ({ view, outputs }) =>
  times(countOf(outputs[0]), intAttribute(view.node, 'K'));

/** Every output element adds up one window over the channels of its group: what a filter [out, in / group, …] holds. */
export function convolution(weight: number): MacRule {
  return ({ view, outputs }) =>
    times(countOf(outputs[0]), countOf(shapeOf(view, weight)?.slice(1)));
}

/** Every input element is spread over one window: what a filter [in, out / group, …] holds. */
export const convTranspose: MacRule = ({ view }) =>
  times(countOf(shapeOf(view, 0)), countOf(shapeOf(view, 1)?.slice(1)));

/** Operands are combined from left to right; each step costs all indices that take part in it. */
export const einsum: MacRule = ({ view }) => {
  const text = stringAttribute(view.node, 'equation', '');
  const shapes = view.inputs.map((input) => input?.shape);
  const equation = parseEinsum(
    text,
    shapes.map((shape) => shape?.length),
  );
  const [first, ...rest] = equation?.inputs ?? [];
  if (!equation || !first) return undefined;
  const sizes = labelSizes(equation.inputs, shapes);
  let left = new Set(first);
  let total: number | undefined = 0;
  rest.forEach((labels, i) => {
    const joint = new Set([...left, ...labels]);
    const later = new Set([...rest.slice(i + 1).flat(), ...equation.output]);
    const sums = [...joint].some((label) => !later.has(label));
    // Without a sum there is nothing to add up: the operands are multiplied one by one.
    if (sums) total = plus(total, times(...[...joint].map((label) => sizes.get(label))));
    left = new Set([...joint].filter((label) => later.has(label)));
  });
  return total;
};

/** Sizes of the indices; where the dots broadcast, a size of 1 gives way. */
function labelSizes(
  inputs: readonly (readonly string[])[],
  shapes: readonly (Shape | undefined)[],
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((labels, i) => {
    labels.forEach((label, axis) => {
      const size = shapes[i]?.[axis];
      if (typeof size === 'number' && (sizes.get(label) ?? 1) === 1) sizes.set(label, size);
    });
  });
  return sizes;
}

/** Both weights of a recurrent layer are used once in every step of every example; padding is counted too. */
export const recurrent: MacRule = ({ view }) => {
  const source = shapeOf(view, 0);
  if (source?.length !== 3) return undefined;
  const perStep = plus(countOf(shapeOf(view, 1)), countOf(shapeOf(view, 2)));
  return times(countOf(source.slice(0, 2)), perStep);
};

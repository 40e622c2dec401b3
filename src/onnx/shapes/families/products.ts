import type { Dim } from '../../model';
import { intAttribute, stringAttribute } from '../../attributes';
import type { DType } from '../../../tensor/dtype';
import { broadcast, mergeDims, type Shape } from '../dims';
import { dtypeOf, fact, isGiven, shapeOf, type NodeView, type Rule } from '../fact';
import { parseEinsum } from '../einsum';

/** Matrix products. */

/** Both are numbers, and not the same one. */
function differ(a: Dim | undefined, b: Dim | undefined): boolean {
  return typeof a === 'number' && typeof b === 'number' && a !== b;
}

/** Shape of A·B as NumPy's `matmul` has it: vectors lose the dimension that was added for them. */
export function productShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || !b || a.length === 0 || b.length === 0) return undefined;
  if (differ(a.at(-1), b[Math.max(0, b.length - 2)])) return undefined;
  const rows = a.length === 1 ? [] : [a[a.length - 2] ?? null];
  const columns = b.length === 1 ? [] : [b[b.length - 1] ?? null];
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)]);
  return batch && [...batch, ...rows, ...columns];
}

function product(
  inputs: readonly [a: number, b: number],
  dtype: (view: NodeView) => DType | undefined,
): Rule {
  return (view) => [
    fact(dtype(view), productShape(shapeOf(view, inputs[0]), shapeOf(view, inputs[1]))),
  ];
}

const either = (view: NodeView) => dtypeOf(view, 0) ?? dtypeOf(view, 1);

function swapped(shape: Shape | undefined, swap: boolean): Shape | undefined {
  if (!swap || !shape || shape.length < 2) return shape;
  return [...shape.slice(0, -2), shape.at(-1) ?? null, shape.at(-2) ?? null];
}

/** `transBatch`: the matrix's rows stand before the batch, [M, batch, K] for [batch, M, K]. */
function unbatched(shape: Shape | undefined, move: boolean): Shape | undefined {
  if (!move || !shape || shape.length < 3) return shape;
  return [...shape.slice(1, -1), shape[0] ?? null, shape.at(-1) ?? null];
}

/** Operand of FusedMatMul as it enters the product. */
export function fusedOperand(view: NodeView, input: 0 | 1): Shape | undefined {
  const side = input === 0 ? 'A' : 'B';
  const batched = unbatched(
    shapeOf(view, input),
    intAttribute(view.node, `transBatch${side}`, 0) === 1,
  );
  return swapped(batched, intAttribute(view.node, `trans${side}`, 0) === 1);
}

const fusedMatMul: Rule = (view) => [
  fact(either(view), productShape(fusedOperand(view, 0), fusedOperand(view, 1))),
];

/** [M, N] of a Gemm whose operands are these inputs. */
function gemmShape(view: NodeView, a: number, b: number): Shape | undefined {
  const left = swapped(shapeOf(view, a), intAttribute(view.node, 'transA', 0) === 1);
  const right = swapped(shapeOf(view, b), intAttribute(view.node, 'transB', 0) === 1);
  return differ(left?.[1], right?.[0]) ? undefined : [left?.[0] ?? null, right?.[1] ?? null];
}

const gemm: Rule = (view) => [fact(either(view), gemmShape(view, 0, 1))];

/** Int8 when its own scale is given for the output, else float. */
const quantizedGemm: Rule = (view) => {
  const dtype = isGiven(view, 8)
    ? dtypeOf(view, 8)
    : isGiven(view, 7)
      ? dtypeOf(view, 0)
      : 'float32';
  return [fact(dtype, gemmShape(view, 0, 3))];
};

/** Weights packed in blocks: K and N stand in attributes. */
const packedProduct: Rule = (view) => {
  const source = shapeOf(view, 0);
  const columns = intAttribute(view.node, 'N') ?? null;
  return [fact(dtypeOf(view, 0), source && [...source.slice(0, -1), columns])];
};

const einsum: Rule = (view) => {
  const equation = parseEinsum(
    stringAttribute(view.node, 'equation', ''),
    view.inputs.map((input) => input?.shape?.length),
  );
  if (!equation) return [fact(either(view), undefined)];
  const sizes = new Map<string, Shape[number]>();
  equation.inputs.forEach((labels, i) =>
    labels.forEach((label, axis) => {
      const dim = shapeOf(view, i)?.[axis] ?? null;
      const known = sizes.get(label) ?? null;
      // The dots broadcast, so a size of 1 there gives way to any other.
      sizes.set(
        label,
        known === 1 ? (dim ?? known) : dim === 1 ? (known ?? dim) : mergeDims(known, dim),
      );
    }),
  );
  return [
    fact(
      either(view),
      equation.output.map((label) => sizes.get(label) ?? null),
    ),
  ];
};

/** The rules of matrix products. */
export const productRules = {
  MatMul: product([0, 1], either),
  MatMulInteger: product([0, 1], () => 'int32'),
  QLinearMatMul: product([0, 3], (view) => dtypeOf(view, 7)),
  Gemm: gemm,
  Einsum: einsum,
  'com.microsoft.FusedMatMul': fusedMatMul,
  'com.microsoft.FusedMatMulActivation': fusedMatMul,
  'com.microsoft.TransposeMatMul': fusedMatMul,
  'com.microsoft.FusedGemm': gemm,
  'com.microsoft.GemmFastGelu': product([0, 1], either),
  'com.microsoft.QGemm': quantizedGemm,
  'com.microsoft.MatMulNBits': packedProduct,
  'com.microsoft.MatMulBnb4': packedProduct,
  'com.microsoft.MatMulFpQ4': (view) => [fact(dtypeOf(view, 0), undefined)],
  'com.microsoft.MatMulInteger16': product([0, 1], () => 'int32'),
  'com.microsoft.MatMulIntegerToFloat': product(
    [0, 1],
    (view) => dtypeOf(view, 2) ?? dtypeOf(view, 3),
  ),
  'com.microsoft.DynamicQuantizeMatMul': product([0, 1], (view) => dtypeOf(view, 0)),
  'com.microsoft.QLinearMatMul': product([0, 3], (view) => dtypeOf(view, 7)),
  'com.microsoft.SparseToDenseMatMul': product([0, 1], either),
} satisfies Record<string, Rule>;

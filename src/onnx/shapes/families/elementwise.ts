import { intAttribute } from '../../attributes';
import { dtypeOf as dtypeByCode, type DType } from '../../../tensor/dtype';
import type { Dim } from '../../model';
import { addDims, broadcast, divideProducts, multiplyDims, subtractDims } from '../dims';
import { dtypeOf, fact, isGiven, shapeOf, type Fact, type NodeView, type Rule } from '../fact';
import { combine } from '../elements';

/** Operators that work on each element by itself, and those whose inputs broadcast. */

/** One output like the first input. */
export const same: Rule = (view) => [fact(dtypeOf(view, 0), shapeOf(view, 0))];

/** As `same`, with another element type. */
export function sameShape(dtype: DType): Rule {
  return (view) => [fact(dtype, shapeOf(view, 0))];
}

type Arithmetic = (values: readonly Dim[], integer: boolean, view: NodeView) => Dim;

function isInteger(dtype: DType | undefined): boolean {
  return dtype !== undefined && /int/.test(dtype);
}

/** Inputs broadcast against each other; `evaluate` computes elements where all inputs are small and known. */
function elementwise(evaluate?: Arithmetic, dtype?: DType): Rule {
  return (view) => {
    const type = view.inputs.find((input) => input)?.dtype;
    return [combine(view, dtype ?? type, evaluate && bind(evaluate, isInteger(type), view))];
  };
}

function bind(evaluate: Arithmetic, integer: boolean, view: NodeView) {
  return (values: readonly Dim[]) => evaluate(values, integer, view);
}

/** Arithmetic on numbers alone; symbols give nothing. */
function numeric(compute: (a: number, b: number) => number): Arithmetic {
  return ([a, b = 0]) =>
    typeof a === 'number' && typeof b === 'number' ? finite(compute(a, b)) : null;
}

function finite(value: number): Dim {
  return Number.isFinite(value) ? value : null;
}

/** Comparison of numbers; `equal` is the answer for one symbol beside itself. */
function comparison(compute: (a: number, b: number) => boolean, equal: boolean): Arithmetic {
  return ([a = null, b = null]) => {
    if (typeof a === 'number' && typeof b === 'number') return Number(compute(a, b));
    return a !== null && a === b ? Number(equal) : null;
  };
}

const divide: Arithmetic = ([a = null, b = null], integer) => {
  if (typeof a !== 'number' || typeof b !== 'number') return divideProducts([a], [b]);
  return b === 0 ? null : integer ? Math.trunc(a / b) : a / b;
};

const modulo: Arithmetic = ([a, b], _, view) => {
  if (typeof a !== 'number' || typeof b !== 'number' || b === 0) return null;
  return intAttribute(view.node, 'fmod', 0) ? a % b : a - b * Math.floor(a / b);
};

/** A symbol stands for a size, so it differs from every negative number. */
const equals: Arithmetic = ([a = null, b = null]) => {
  const negative = (dim: Dim) => typeof dim === 'number' && dim < 0;
  if ((typeof a === 'string' && negative(b)) || (typeof b === 'string' && negative(a))) return 0;
  if (typeof a === 'number' && typeof b === 'number') return Number(a === b);
  return a !== null && a === b ? 1 : null;
};

const choose: Arithmetic = ([condition, yes = null, no = null]) =>
  yes === no ? yes : typeof condition === 'number' ? (condition ? yes : no) : null;

const where: Rule = (view) => [
  combine(view, dtypeOf(view, 1) ?? dtypeOf(view, 2), bind(choose, true, view)),
];

/** The largest or smallest: one that equals all others needs no order. */
function extreme(compute: (...values: number[]) => number): Arithmetic {
  return (values) => {
    const first = values[0] ?? null;
    if (values.every((value) => value === first)) return first;
    const numbers = values.filter((value) => typeof value === 'number');
    return numbers.length === values.length ? compute(...numbers) : null;
  };
}

const cast: Rule = (view) => [convert(view, dtypeByCode(intAttribute(view.node, 'to', 0)))];
const castLike: Rule = (view) => [convert(view, dtypeOf(view, 1))];

function convert(view: NodeView, dtype: DType | undefined): Fact | undefined {
  const one: NodeView = { ...view, inputs: view.inputs.slice(0, 1) };
  return combine(one, dtype, ([value = null]) => convertElement(value, dtype));
}

function convertElement(value: Dim, dtype: DType | undefined): Dim {
  if (dtype === 'bool') return typeof value === 'number' ? Number(value !== 0) : null;
  if (dtype === 'string') return null;
  return typeof value === 'number' && isInteger(dtype) ? Math.trunc(value) : value;
}

const bitCast: Rule = (view) => [
  fact(dtypeByCode(intAttribute(view.node, 'to', 0)), shapeOf(view, 0)),
];

/** Limits that broadcast; without them, or with a symbol, the value is unknown. */
const clip: Rule = (view) => [fact(dtypeOf(view, 0), shapeOf(view, 0))];

const dropout: Rule = (view) => {
  const [output] = same(view);
  // The mask had the data's type until opset 10; nobody reads it at inference.
  const mask = isGiven(view, 0) ? fact('bool', shapeOf(view, 0)) : undefined;
  return [output, mask];
};

/** Two inputs, the shape of the first: the second only broadcasts into it. */
const first: Rule = same;

/** Half of the last dimension gates the other half. */
const halve: Rule = (view) => {
  const shape = shapeOf(view, 0);
  const half = shape && [...shape.slice(0, -1), divideProducts([shape.at(-1) ?? null], [2])];
  return [fact(dtypeOf(view, 0), half)];
};

function table<const Name extends string>(names: readonly Name[], rule: Rule) {
  return Object.fromEntries(names.map((name) => [name, rule])) as Record<Name, Rule>;
}

const logical = (compute: (a: number, b: number) => number) =>
  elementwise(
    numeric((a, b) => compute(a, b) & 1),
    'bool',
  );

/** The rules of operators on single elements. */
export const elementwiseRules = {
  ...table(
    [
      'Acos',
      'Acosh',
      'Asin',
      'Asinh',
      'Atan',
      'Atanh',
      'Cos',
      'Cosh',
      'Sin',
      'Sinh',
      'Tan',
      'Tanh',
    ],
    same,
  ),
  ...table(
    [
      'Celu',
      'Elu',
      'Erf',
      'Exp',
      'Gelu',
      'HardSigmoid',
      'HardSwish',
      'Hardmax',
      'LeakyRelu',
      'Log',
    ],
    same,
  ),
  ...table(['LogSoftmax', 'Mish', 'Relu', 'Selu', 'Shrink', 'Sigmoid', 'Softmax'], same),
  ...table(
    ['Softplus', 'Softsign', 'Swish', 'ThresholdedRelu', 'Affine', 'ParametricSoftplus'],
    same,
  ),
  ...table(['BitwiseNot', 'CumSum', 'CumProd', 'Trilu', 'ScaledTanh', 'ImageScaler'], same),
  ...table(['SwiGLU', 'PRelu'], first),
  ...table(['IsInf', 'IsNaN'], sameShape('bool')),
  Clip: clip,
  Dropout: dropout,
  Abs: elementwise(numeric(Math.abs)),
  Neg: elementwise(numeric((a) => -a)),
  Floor: elementwise(numeric(Math.floor)),
  Ceil: elementwise(numeric(Math.ceil)),
  Sign: elementwise(numeric(Math.sign)),
  Sqrt: elementwise(numeric(Math.sqrt)),
  Reciprocal: elementwise(numeric((a) => 1 / a)),
  Round: elementwise(numeric(roundHalfEven)),
  Not: elementwise(
    numeric((a) => Number(a === 0)),
    'bool',
  ),
  Add: elementwise(([a = null, b = null]) => addDims(a, b)),
  Sub: elementwise(([a = null, b = null]) => subtractDims(a, b)),
  Mul: elementwise(([a = null, b = null]) => multiplyDims(a, b)),
  Div: elementwise(divide),
  Mod: elementwise(modulo),
  Pow: (view) => [combine(view, dtypeOf(view, 0), bind(numeric(Math.pow), false, view))],
  Max: elementwise(extreme(Math.max)),
  Min: elementwise(extreme(Math.min)),
  Sum: elementwise(),
  Mean: elementwise(),
  And: logical((a, b) => a & b),
  Or: logical((a, b) => a | b),
  Xor: logical((a, b) => a ^ b),
  ...table(['BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor'], elementwise()),
  Equal: elementwise(equals, 'bool'),
  Greater: elementwise(
    comparison((a, b) => a > b, false),
    'bool',
  ),
  GreaterOrEqual: elementwise(
    comparison((a, b) => a >= b, true),
    'bool',
  ),
  Less: elementwise(
    comparison((a, b) => a < b, false),
    'bool',
  ),
  LessOrEqual: elementwise(
    comparison((a, b) => a <= b, true),
    'bool',
  ),
  Where: where,
  Cast: cast,
  CastLike: castLike,
  BitCast: bitCast,
  ...table(
    ['BiasAdd', 'BiasDropout', 'BiasGelu', 'BiasSoftmax', 'FastGelu', 'Gelu', 'QuickGelu'].map(
      (name) => `com.microsoft.${name}` as const,
    ),
    same,
  ),
  'com.microsoft.ComplexMul': elementwise(),
  'com.microsoft.ComplexMulConj': elementwise(),
  'com.microsoft.MulInteger': (view) => [
    fact('int32', broadcast([shapeOf(view, 0), shapeOf(view, 2)])),
  ],
  'com.microsoft.BiasSplitGelu': halve,
  'com.microsoft.Inverse': same,
  'com.microsoft.Trilu': same,
  'com.microsoft.NGramRepeatBlock': same,
  'com.microsoft.IsAllFinite': () => [fact('bool', [])],
} satisfies Record<string, Rule>;

/** Halves go to the even neighbour, as the runtime rounds. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

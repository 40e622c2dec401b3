import { quantizeAffine } from '../kernels/affine';
import { computedTensor, makeNode, makeTensor } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import { scopeOf } from '../onnx/graph';
import type { Layer } from '../structure/structure';
import type { Workbench } from './action';
import { type Linear, readWeight } from './linear';
import { isSame } from './storedValue';
import type { QuantizedRows } from './table';

/** A product's weight as int8 codes [K, N] and float32 scales [N], by the names of the values. */
export interface QuantizedWeight {
  readonly linear: Linear;
  readonly codes: string;
  readonly scales: string;
  readonly factors?: Float32Array | undefined;
  /** What makes them; nothing where another layer has made them. */
  readonly edits: readonly Edit[];
}

export interface WeightOptions {
  /** Those made so far, to which this one is added. */
  readonly weights: QuantizedWeight[];
  readonly reduceRange: boolean;
  /** What the input's channels were divided by. */
  readonly factors: Float32Array | undefined;
}

/** The weight of a product, quantized once for all products that read it alike. Those made are added to `weights`. */
export function sharedWeight(
  bench: Workbench,
  layer: Layer,
  linear: Linear,
  { weights, reduceRange, factors }: WeightOptions,
): QuantizedWeight {
  const known = weights.find((each) => readAlike(each.linear, linear) && each.factors === factors);
  if (known) return { ...known, edits: [] };
  const { names, remember, open } = bench;
  const { weight, k, n } = linear;
  const codes = names.fresh(`${weight.name}_quantized`);
  const scales = names.fresh(`${weight.name}_scale`);
  const options = { dtype: 'int8', symmetric: true, axis: 1, reduceRange } as const;
  const quantize = remember(() =>
    quantizeAffine(multiplied(readWeight(linear, open), n, factors), [k, n], options),
  );
  const tensors = [
    computedTensor(codes, 'int8', [k, n], () => quantize().codes),
    computedTensor(scales, 'float32', [n], () => quantize().scales),
  ];
  const { node, scope: own } = layer.main;
  const scope = scopeOf(own, node.inputs[1] ?? '') ?? own;
  const edits: Edit[] = tensors.map((tensor) => ({ kind: 'setTensor', scope, tensor }));
  const made = { linear, codes, scales, factors, edits };
  weights.push(made);
  return made;
}

/** The rows of a weight [K, N] times one factor each. */
function multiplied(
  values: Float32Array,
  n: number,
  factors: Float32Array | undefined,
): Float32Array {
  return factors ? values.map((value, i) => value * (factors[Math.floor(i / n)] ?? 1)) : values;
}

function readAlike(a: Linear, b: Linear): boolean {
  return a.transposed === b.transposed && a.alpha === b.alpha && isSame(a.stored, b.stored);
}

/**
 * The weight of a head that reads the rows of an embedding: its codes are the table's, turned when the model is loaded, so that the
 * file stores them once. Undefined where no such table was quantized.
 */
export function tiedWeight(
  { names, structure }: Workbench,
  layer: Layer,
  linear: Linear,
  tables: readonly QuantizedRows[],
): QuantizedWeight | undefined {
  const table = tables.find((each) => isSame(each.stored, linear.stored));
  if (!table || !linear.transposed || linear.alpha !== 1) return undefined;
  const codes = names.fresh(`${table.codes}_turned`);
  const floats = names.fresh(`${table.scales}_floats`);
  const scales = names.fresh(`${table.scales}_list`);
  const shape = names.fresh(`${table.scales}_shape`);
  const nodes = [
    makeNode('Transpose', [table.codes], [codes], { perm: [1, 0] }),
    makeNode('Cast', [table.scales], [floats], { to: 1 }),
    makeNode('Reshape', [floats, shape], [scales]),
  ];
  const all = makeTensor(shape, 'int64', [1], BigInt64Array.of(-1n));
  const edits: Edit[] = [
    { kind: 'setTensor', scope: structure.index.main, tensor: all },
    { kind: 'insertBefore', entry: layer.main, nodes },
  ];
  return { linear, codes, scales, edits };
}

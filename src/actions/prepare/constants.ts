import { makeTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { initializerOf, producerOf, type Scope } from '../../onnx/graph';
import { elementCount, type Tensor } from '../../onnx/model';
import { floatValues } from '../../onnx/weights';
import { constantTensor } from '../../structure/constants';
import { encodeElements } from '../../tensor/decode';
import type { DType } from '../../tensor/dtype';
import type { Workbench } from '../action';
import { isOp } from './whole';

/** A small tensor of these numbers. */
export function smallTensor(
  name: string,
  dtype: DType,
  shape: readonly number[],
  values: readonly number[],
): Tensor {
  if (elementCount(shape) !== values.length) throw new Error(`${name}: shape and values differ.`);
  return makeTensor(name, dtype, shape, encodeElements(dtype, values));
}

/** Gathers edits that add constants beside the nodes that read them. */
export class Constants {
  readonly edits: Edit[] = [];

  constructor(
    private readonly bench: Workbench,
    private readonly scope: Scope,
  ) {}

  /** Adds a tensor and gives its name. */
  add(wanted: string, dtype: DType, shape: readonly number[], values: readonly number[]): string {
    const tensor = smallTensor(this.bench.names.fresh(wanted), dtype, shape, values);
    this.edits.push({ kind: 'setTensor', scope: this.scope, tensor });
    return tensor.name;
  }

  /** Adds a list of integers, as axes and shapes are given. */
  integers(wanted: string, values: readonly number[]): string {
    return this.add(wanted, 'int64', [values.length], values);
  }
}

/** The tensor that a name stands for: an initializer, what a Constant node holds, or either under another name; undefined for what is computed. */
export function storedTensor(scope: Scope, name: string): Tensor | undefined {
  const producer = producerOf(scope, name);
  if (!producer) return initializerOf(scope, name);
  if (isOp(producer, 'Constant')) return constantTensor(producer.node);
  return isOp(producer, 'Identity')
    ? storedTensor(producer.scope, producer.node.inputs[0] ?? '')
    : undefined;
}

/** A stored float32 tensor; undefined for other types and what is computed. */
export function storedFloats(scope: Scope, name: string): Tensor | undefined {
  const tensor = storedTensor(scope, name);
  return tensor?.dtype === 'float32' ? tensor : undefined;
}

/** The only element of a stored tensor of numbers; undefined where there are more, and for what is computed. */
export function storedScalar({ open }: Workbench, scope: Scope, name: string): number | undefined {
  const tensor = storedTensor(scope, name);
  const isNumber = tensor && tensor.dtype !== 'string' && elementCount(tensor.shape) === 1;
  return isNumber ? floatValues(tensor, open)[0] : undefined;
}

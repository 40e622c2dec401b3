import type { Dim, Model } from '../onnx/model';
import { fedInputs, unnamedSymbol } from '../onnx/shapes/roles';
import type { DType } from '../tensor/dtype';

/** An input that the model must be given. */
export interface InputSpec {
  readonly name: string;
  readonly dtype: DType;
  /** As declared, dimensions without a name under one made up for them; undefined where the model does not say. */
  readonly shape: readonly Dim[] | undefined;
}

/** The tensors that a model asks its caller for, in its order. */
export function inputSpecs(model: Model): readonly InputSpec[] {
  return fedInputs(model);
}

/** Whether the model itself gives this dimension no name. */
export function isUnnamed(spec: InputSpec, axis: number): boolean {
  return spec.shape?.[axis] === unnamedSymbol(spec.name, axis);
}

/** `int64 [batch, sequence]`, for messages. */
export function describeSpec(spec: InputSpec): string {
  const sizes = spec.shape?.map((size, axis) => (isUnnamed(spec, axis) ? '?' : size));
  return sizes ? `${spec.dtype} [${sizes.join(', ')}]` : spec.dtype;
}

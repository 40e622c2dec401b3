import { printable } from '../../base/text';
import type { TensorType, ValueType } from '../../onnx/model';
import { dtypes, type DType } from '../../tensor/dtype';

/** `f32[1, 128, 384]`; symbols by name, `?` for a size that is not known, `f32[…]` without a known rank. */
export function typeText({ dtype, shape }: { dtype: DType; shape: TensorType['shape'] }): string {
  const sizes = shape?.map((size) =>
    size === null ? '?' : typeof size === 'number' ? String(size) : printable(size, 40),
  );
  return `${dtypes[dtype].short}[${sizes ? sizes.join(', ') : '…'}]`;
}

/** The type of an input or output as it is declared. */
export function valueTypeText(type: ValueType | undefined): string {
  if (!type) return '?';
  switch (type.kind) {
    case 'tensor':
      return typeText(type);
    case 'sparseTensor':
      return `sparse ${typeText(type)}`;
    case 'sequence':
    case 'optional':
      return `${type.kind}(${valueTypeText(type.element)})`;
    case 'map':
      return `map(${dtypes[type.key].short}, ${valueTypeText(type.element)})`;
    case 'other':
      return '?';
  }
}

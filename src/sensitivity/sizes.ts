import type { DType } from '../tensor/dtype';
import type { RunTensor } from '../runtime/runner';

interface Known {
  readonly clean: ReadonlyMap<string, RunTensor>;
}

/** What all tensors of a name have in common; null for sizes that differ. */
export interface Size {
  readonly dtype: DType;
  readonly shape: readonly (number | null)[];
}

/** The sizes that values were seen to have. */
export class Sizes {
  private readonly byName = new Map<string, Size>();

  of(name: string): Size | undefined {
    return this.byName.get(name);
  }

  /** Takes in what the batches know of these values; tells whether that refutes what was known of one. */
  note(names: readonly string[], batches: readonly Known[]): boolean {
    let isRefuted = false;
    for (const { clean } of batches) {
      for (const name of names) {
        const tensor = clean.get(name);
        if (tensor) isRefuted = this.noteOne(name, tensor) || isRefuted;
      }
    }
    return isRefuted;
  }

  private noteOne(name: string, { dtype, shape }: RunTensor): boolean {
    const known = this.byName.get(name);
    if (!known) {
      this.byName.set(name, { dtype, shape });
      return false;
    }
    const isSame = (size: number | null, axis: number) => size === null || size === shape[axis];
    if (known.shape.every(isSame)) return false;
    const common = known.shape.map((size, axis) => (isSame(size, axis) ? size : null));
    this.byName.set(name, { dtype, shape: common });
    return true;
  }
}

/** The sizes that these batches know. */
export function sizesIn(names: readonly string[], batches: readonly Known[]): Sizes {
  const sizes = new Sizes();
  sizes.note(names, batches);
  return sizes;
}

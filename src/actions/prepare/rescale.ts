import { computedTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import type { NodeEntry } from '../../onnx/graph';
import type { Tensor } from '../../onnx/model';
import { intAttribute } from '../../onnx/attributes';
import { floatValues } from '../../onnx/weights';
import type { Workbench } from '../action';
import { storedFloats } from './constants';
import type { Division } from './divide';

/** Factors on a stored tensor: its rows [K] are inputs, its columns [N] outputs of a linear; a vector has columns only. */
interface Factors {
  times?: Float32Array;
  by?: Float32Array;
}

interface Change {
  readonly inputs: string[];
  readonly factors: Map<number, Factors>;
}

/**
 * Gathers factors on weights and divisions by channel, so that a linear between two others takes those of both at once, and every
 * node is replaced once.
 */
export class Rescaling {
  readonly #changes = new Map<NodeEntry, Change>();

  constructor(private readonly bench: Workbench) {}

  /** Multiplies the rows of a linear's weight, and lets it read its input under another name. */
  multiply(entry: NodeEntry, times: Float32Array, input: string): void {
    this.#change(entry).inputs[0] = input;
    this.#factors(entry, 1).times = times;
  }

  divide({ entry, at }: Division, by: Float32Array): void {
    this.#factors(entry, at).by = by;
  }

  edits(): Edit[] {
    return [...this.#changes].flatMap(([entry, change]) => this.#written(entry, change));
  }

  #change(entry: NodeEntry): Change {
    const known = this.#changes.get(entry);
    if (known) return known;
    const change = { inputs: [...entry.node.inputs], factors: new Map<number, Factors>() };
    this.#changes.set(entry, change);
    return change;
  }

  #factors(entry: NodeEntry, at: number): Factors {
    const { factors } = this.#change(entry);
    const known = factors.get(at) ?? {};
    factors.set(at, known);
    return known;
  }

  #written(entry: NodeEntry, { inputs, factors }: Change): Edit[] {
    const { names, open, remember } = this.bench;
    const { node, scope } = entry;
    const tensors = [...factors].flatMap(([at, of]): Edit[] => {
      const tensor = storedFloats(scope, inputs[at] ?? '');
      if (!tensor) return [];
      const turned = at === 1 && intAttribute(node, 'transB', 0) === 1;
      const values = remember(() => scaled(tensor, floatValues(tensor, open), of, turned));
      const name = names.fresh(`${inputs[at] ?? ''}_scaled`);
      inputs[at] = name;
      return [
        { kind: 'setTensor', scope, tensor: computedTensor(name, 'float32', tensor.shape, values) },
      ];
    });
    return [...tensors, { kind: 'replaceNode', entry, nodes: [{ ...node, inputs }] }];
  }
}

function scaled(
  { shape }: Tensor,
  values: Float32Array,
  { times, by }: Factors,
  turned: boolean,
): Float32Array {
  const width = shape.at(-1) ?? 1;
  return values.map((value, at) => {
    const [row, column] = [Math.floor(at / width), at % width];
    const [input, output] = turned ? [column, row] : [row, column];
    return (value * (times?.[input] ?? 1)) / (by?.[output] ?? 1);
  });
}

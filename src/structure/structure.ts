import type { Family, Part, Role } from '../base/terms';
import type { GraphIndex, NodeEntry } from '../onnx/graph';
import type { Tensor } from '../onnx/model';

/** A learnt weight as a layer uses it. */
export interface Weight {
  /** The initializer's name, or the output of the Constant node that holds it. */
  readonly name: string;
  readonly tensor: Tensor;
  /** Shape of the float weight that the storage stands for: a packed 4-bit [N, blocks, bytes] is its [K, N]. */
  readonly shape: readonly number[];
  /** What it is to the layer's operator. `scale`s and the like count as bytes but are not parameters; `constant` is the exporter's own. */
  readonly kind: 'weight' | 'bias' | 'scale' | 'zeroPoint' | 'table' | 'statistics' | 'constant';
  /** What it does where one operator does several layers' work: the position table of EmbedLayerNormalization. */
  readonly role?: Role;
  /** Learnt elements: those of `shape`; 0 for scales, zero points, running statistics and exporters' constants. */
  readonly parameters: number;
  /** The tensor whose elements this one stores once more (a tied head, transposed): sums count the two once. */
  readonly original?: Tensor;
}

/** Weights with equal keys are one weight: sums count it once. */
export const sharingKey = (weight: Weight): Tensor => weight.original ?? weight.tensor;

export interface Layer {
  /** Unique and stable for the same file: `name`, with `#2`, `#3` … where a name repeats. */
  readonly id: string;
  /** Dotted module path; made from the pattern (`block.0.attention.query`) where the file has no names. */
  readonly name: string;
  /** The operator that does the layer's work: MatMul, Conv, LayerNormalization, LSTM, Gather, Softmax … */
  readonly op: string;
  readonly part: Part;
  readonly role: Role;
  /** Index into `Structure.blocks`, or undefined outside blocks. */
  readonly block: number | undefined;
  /** `encoder` or `decoder` where a model has both. */
  readonly stack: string | undefined;
  /** In file order; the one that does the work is `main`. */
  readonly nodes: readonly NodeEntry[];
  readonly main: NodeEntry;
  readonly weights: readonly Weight[];
  /** The first layer with which this one shares a weight's storage (a tied head, ALBERT's blocks). */
  readonly tiedTo: string | undefined;
  /** What the exporter said about where it comes from: PyTorch class, source line. */
  readonly className: string | undefined;
  readonly source: SourceLine | undefined;
}

export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

/** A repeated group of layers: a transformer block, a residual block. */
export interface Block {
  readonly id: string;
  readonly index: number;
  readonly name: string;
  readonly stack: string | undefined;
  readonly layers: readonly string[];
  /** Blocks of equal pattern carry the same number. */
  readonly kind: number;
}

/** Sizes read off the graph; undefined where the model has no such thing or it cannot be told. */
export interface Widths {
  readonly hiddenSize: number | undefined;
  readonly heads: number | undefined;
  readonly kvHeads: number | undefined;
  readonly headSize: number | undefined;
  readonly feedForwardSize: number | undefined;
}

export interface Structure {
  readonly index: GraphIndex;
  readonly family: Family;
  readonly widths: Widths;
  /** In the order of the file. Every node belongs to exactly one layer. */
  readonly layers: readonly Layer[];
  readonly blocks: readonly Block[];
  /** Node id → layer. */
  readonly layerOf: ReadonlyMap<string, Layer>;
}

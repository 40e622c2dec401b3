import { intAttribute } from '../onnx/attributes';
import { consumersOf, initializerOf, type NodeEntry, producerOf, type Scope } from '../onnx/graph';
import type { Node } from '../onnx/model';
import type { Layer, Weight } from '../structure/structure';
import { type DType, dtypes } from '../tensor/dtype';
import { isSmall, learntTensors } from './stored';

/** A layer whose weights are stored in fewer bits, and how its main operator is handed them. */
export interface Compressed {
  readonly layer: Layer;
  readonly main: Node;
  readonly scope: Scope;
  /** The largest of its weights that is not stored as float32. */
  readonly packed: Weight;
  /** Operators of the layer, its unpacking included. */
  readonly ops: ReadonlySet<string>;
  /** The node that makes the packed weight floats for the main operator; undefined where this reads the codes itself. */
  readonly unpacking: NodeEntry | undefined;
  /** The main operator's data comes out of a DequantizeLinear too. */
  readonly quantizedData: boolean;
}

/** The layer as a compressed one; undefined where its weights are float32 or wider, vectors, or none. */
export function compressedLayer(layer: Layer): Compressed | undefined {
  const packed = learntTensors(layer).find((weight) => isSmall(weight) && isMatrix(weight));
  if (!packed) return undefined;
  const { node: main, scope } = layer.main;
  const makers = main.inputs.flatMap((name) => (name && producerOf(scope, name)) || []);
  const own = new Set(layer.nodes.map(({ node }) => node));
  return {
    ...{ layer, main, scope, packed },
    ops: new Set(layer.nodes.map(({ node }) => node.op)),
    unpacking: makers.find((maker) => own.has(maker.node) && reads(maker, packed.name, 6)),
    quantizedData: makers.some(
      ({ node, scope: at }) =>
        node.op === 'DequantizeLinear' && !initializerOf(at, node.inputs[0] ?? ''),
    ),
  };
}

const isMatrix = ({ tensor }: Weight) => tensor.shape.filter((size) => size > 1).length > 1;
/** Float types of 16 bits. */
export const isHalf = (dtype: DType) => dtype === 'float16' || dtype === 'bfloat16';
/** Integer types of 16 bits. */
export const isSixteenBit = (dtype: DType) => dtype === 'int16' || dtype === 'uint16';

/** Whether the data's scale is found when the model runs. */
export function scalesAtRunTime({ main, scope }: Compressed): boolean {
  const [data = ''] = main.inputs;
  return (
    main.op === 'DynamicQuantizeMatMul' ||
    producerOf(scope, data)?.node.op === 'DynamicQuantizeLinear'
  );
}

/** Whether a node's first result is made of a stored tensor, within so many steps. */
function reads(entry: NodeEntry, tensor: string, steps: number): boolean {
  if (entry.node.op === 'Constant') return entry.node.outputs[0] === tensor;
  return entry.node.inputs.some((name) => {
    if (name === tensor) return entry.node.op !== 'Constant';
    const maker = name && steps > 0 ? producerOf(entry.scope, name) : undefined;
    return maker !== undefined && reads(maker, tensor, steps - 1);
  });
}

/** Whether a value comes out of a DequantizeLinear. */
export function isDequantized(scope: Scope, name = ''): boolean {
  return producerOf(scope, name)?.node.op === 'DequantizeLinear';
}

/** Whether an operand is dequantized from 16-bit codes: their type is that of the zero point. */
export function readsSixteenBits({ main, scope }: Compressed): boolean {
  return main.inputs.some((name) => {
    const maker = name === '' ? undefined : producerOf(scope, name);
    const zeroPoint = maker?.node.op === 'DequantizeLinear' ? maker.node.inputs[2] : undefined;
    const stored = zeroPoint === undefined ? undefined : initializerOf(scope, zeroPoint);
    return stored !== undefined && isSixteenBit(stored.dtype);
  });
}

/** Through what may stand between a convolution and its QuantizeLinear. */
const passed: readonly string[] = ['Relu', 'Clip', 'Add'];

/** Whether a layer's result goes into a QuantizeLinear, through at most a sum and an activation. */
export function isOutputQuantized({ scope, main }: Compressed): boolean {
  let [name = ''] = main.outputs;
  for (let step = 0; step < 3; step++) {
    const readers = consumersOf(scope, name);
    const [reader] = readers;
    if (readers.some(({ node }) => node.op === 'QuantizeLinear')) return true;
    if (readers.length !== 1 || !reader || !passed.includes(reader.node.op)) return false;
    [name = ''] = reader.node.outputs;
  }
  return false;
}

/** Bits that a weight takes, its share of the scales not counted. */
export const bitsOf = ({ main, packed }: Compressed) =>
  intAttribute(main, 'bits') ?? dtypes[packed.tensor.dtype].bits;

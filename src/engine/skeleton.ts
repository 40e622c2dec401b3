import { modelMessage } from '../onnx/modelMessage';
import type { Model, Tensor, ValueInfo } from '../onnx/model';
import { Output } from '../onnx/output';
import { readModel } from '../onnx/read';
import { updated } from '../onnx/records';
import { mapTensors } from '../onnx/tensors';
import { storedBytes, tensorBytes } from '../onnx/weights';
import { ExternalFiles, FileSource } from './files';

/** Weights of at least this, in bytes, are left out; smaller tensors may be shapes and axes, without which types cannot be told. */
const leastLeftOut = 16 << 10;

/**
 * The model in the file without its large weights, which become inputs of the same type and shape: the runtime can tell from it whether
 * every operator, type and shape fits, in the memory of a small model. Weights inside bodies stay. Throws what reading the files throws.
 */
export function skeletonOf(file: string): Uint8Array {
  const source = new FileSource(file);
  const external = new ExternalFiles(file);
  try {
    const model = withoutWeights(readModel(source));
    const inside = mapTensors(model, (tensor) =>
      tensor.data.kind === 'external'
        ? { ...tensor, data: { kind: 'memory', bytes: tensorBytes(tensor, external.open) } }
        : tensor,
    );
    const output = new Output(true);
    modelMessage.writeBody(output, inside);
    return output.toBytes();
  } finally {
    external.dispose();
    source.dispose();
  }
}

function withoutWeights(model: Model): Model {
  const { graph } = model;
  const large = graph.initializers.filter((tensor) => storedBytes(tensor) >= leastLeftOut);
  const names = new Set(large.map(({ name }) => name));
  const kept = graph.initializers.filter(({ name }) => !names.has(name));
  const inputs = graph.inputs.filter(({ name }) => !names.has(name));
  const after = updated(graph, { initializers: kept, inputs: [...inputs, ...large.map(asInput)] });
  return updated(model, { graph: after });
}

function asInput({ name, dtype, shape }: Tensor): ValueInfo {
  const type = { kind: 'tensor', dtype, shape, denotation: '' } as const;
  return { name, type, docString: '', metadata: [], unknown: new Uint8Array() };
}

import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { locationParts } from '../onnx/external';
import type { Graph, Tensor, ValueInfo } from '../onnx/model';
import type { ModelFacts, ValueFacts } from '../protocol/types';
import type { OpenedModel } from './models';

/** What the file says about itself, and which of its files are there. */
export function modelFacts({ file, bytes, model, index }: OpenedModel): ModelFacts {
  const given = new Set(model.graph.initializers.map((tensor) => tensor.name));
  return {
    file,
    bytes,
    irVersion: model.irVersion,
    opsets: Object.fromEntries(model.opsets),
    producer: [model.producerName, model.producerVersion].filter((part) => part).join(' '),
    externalData: externalFiles(
      file,
      index.scopes.map((scope) => scope.graph),
    ),
    inputs: model.graph.inputs.filter(({ name }) => !given.has(name)).map(valueFacts),
    outputs: model.graph.outputs.map(valueFacts),
  };
}

function valueFacts({ name, type }: ValueInfo): ValueFacts {
  if (type?.kind !== 'tensor' && type?.kind !== 'sparseTensor') {
    return { name, dtype: type?.kind ?? 'unknown', shape: null };
  }
  return { name, dtype: type.dtype, shape: type.shape ? [...type.shape] : null };
}

function externalFiles(file: string, graphs: readonly Graph[]): ModelFacts['externalData'] {
  const tensors = graphs.flatMap((graph) => [...graph.initializers, ...constants(graph)]);
  const locations = tensors.flatMap(({ data }) => (data.kind === 'external' ? data.location : []));
  return [...new Set(locations)].map((location) => {
    const size = sizeOf(file, location);
    return { location, bytes: size, missing: size === null };
  });
}

function constants(graph: Graph): Tensor[] {
  return graph.nodes.flatMap(({ attributes }) =>
    [...attributes.values()].flatMap((attribute) =>
      attribute.kind === 'tensor' ? attribute.value : [],
    ),
  );
}

/** Null where the file is not there; a location outside the model's folder is not looked for. */
function sizeOf(file: string, location: string): number | null {
  try {
    const stats = statSync(join(dirname(file), ...locationParts(location)));
    return stats.isFile() ? stats.size : null;
  } catch {
    return null;
  }
}

import type { Model } from '../../src/onnx/model';
import { indexGraph } from '../../src/onnx/graph';
import type { OpenExternal } from '../../src/onnx/shapes/shapes';
import { resolveSizes } from '../../src/onnx/shapes/dimensions';
import { inferShapes } from '../../src/onnx/shapes/infer';
import { buildStructure } from '../../src/structure/build';
import { sharingKey, type Structure } from '../../src/structure/structure';
import { knownModel } from '../support/facts';

/** The structure of a model of the folder with known facts. */
export function structureOf(file: string): Structure {
  const { model, open } = knownModel(file);
  return structureOfModel(model, open);
}

export function structureOfModel(model: Model, open?: OpenExternal): Structure {
  const index = indexGraph(model);
  const shapes = inferShapes(index, { ...resolveSizes(model), ...(open ? { open } : {}) });
  return buildStructure(index, shapes, open);
}

/** Learnt elements of the whole model, shared ones once. */
export function parametersOf(structure: Structure): number {
  const counted = new Map(
    structure.layers.flatMap((layer) =>
      layer.weights.map((weight) => [sharingKey(weight), weight.parameters] as const),
    ),
  );
  return [...counted.values()].reduce((sum, parameters) => sum + parameters, 0);
}

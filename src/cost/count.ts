import type { NodeEntry } from '../onnx/graph';
import type { Tensor } from '../onnx/model';
import type { Shapes } from '../onnx/shapes/shapes';
import { storedBytes } from '../onnx/weights';
import { sharingKey, type Layer, type Structure, type Weight } from '../structure/structure';
import { followActivations, type Activations, type Storage } from './activations';
import { unchosenNodes } from './branches';
import type { Cost, CostTable, Unknown } from './cost';
import { sum } from './site';
import { countMacs, listUnknownShapes } from './unknowns';

/**
 * What every node, layer and the whole model cost at the sizes that `shapes` were inferred for. Multiply-adds are those of the
 * products of matrices, convolutions, attention and recurrences; bodies of loops count as often as they run. Linear in the model.
 */
export function countCost(structure: Structure, shapes: Shapes): CostTable {
  const unknown: Unknown[] = [];
  const macs = countMacs(structure.index, shapes, unknown);
  const activations = followActivations(structure.index, shapes);
  listUnknownShapes(structure.index, shapes, unknown);
  const left = unchosenNodes(structure.index, shapes, macs);
  const nodes = nodeCosts(structure, macs, activations);
  const layers = layerCosts(structure, macs, activations, left);
  const table = { nodes, layers, leftOut: left, unknown };
  const { peak } = activations;
  return {
    ...table,
    total: {
      ...sumLayers(structure.layers, table),
      peakActivationBytes: peak?.bytes,
      peakByLayer: peakByLayer(structure, peak?.byWriter ?? new Map()),
    },
  };
}

/**
 * What several layers cost together: weights that they share count once, and of the branches of If only one counts. Activations are
 * what each layer hands on.
 */
export function sumLayers(
  layers: readonly Layer[],
  table: Pick<CostTable, 'nodes' | 'layers' | 'leftOut'>,
): Cost {
  const entries = layers
    .flatMap((layer) => layer.nodes)
    .filter((entry) => !table.leftOut.has(entry.id));
  return {
    ...weightCost(layers.flatMap((layer) => layer.weights)),
    macs: sum(entries.map((entry) => table.nodes.get(entry.id)?.macs)),
    activationBytes: sum(
      layers
        .filter((layer) => !layer.nodes.every((entry) => table.leftOut.has(entry.id)))
        .map((layer) => table.layers.get(layer.id)?.activationBytes),
    ),
  };
}

/** Elements count once for all tensors that hold the same ones; bytes count for each that is stored. */
function weightCost(weights: readonly Weight[]): Pick<Cost, 'parameters' | 'weightBytes'> {
  if (weights.length === 0) return { parameters: 0, weightBytes: 0 };
  const learnt = new Map<Tensor, number>();
  const stored = new Set<Tensor>();
  for (const weight of weights) {
    const key = sharingKey(weight);
    learnt.set(key, Math.max(learnt.get(key) ?? 0, weight.parameters));
    stored.add(weight.tensor);
  }
  return {
    parameters: [...learnt.values()].reduce((a, b) => a + b, 0),
    weightBytes: [...stored].reduce((bytes, tensor) => bytes + storedBytes(tensor), 0),
  };
}

function nodeCosts(
  structure: Structure,
  macs: ReadonlyMap<string, number | undefined>,
  activations: Activations,
): ReadonlyMap<string, Cost> {
  const written = new Map<NodeEntry, number | undefined>();
  for (const { writer, bytes, scope } of activations.storages) {
    // A body's inputs are the work of the node around it, but not what it writes for others.
    if (!writer || writer.scope !== scope) continue;
    written.set(writer, sum([written.has(writer) ? written.get(writer) : 0, bytes]));
  }
  const weights = weightsByNode(structure);
  return new Map(
    structure.index.entries.map((entry) => [
      entry.id,
      {
        ...weightCost(weights.get(entry) ?? []),
        macs: macs.get(entry.id),
        activationBytes: written.has(entry) ? written.get(entry) : 0,
      },
    ]),
  );
}

/** A layer's weight belongs to the first of its nodes that reads it, or to the one that does its work. */
function weightsByNode(structure: Structure): ReadonlyMap<NodeEntry, readonly Weight[]> {
  const weights = new Map<NodeEntry, Weight[]>();
  for (const layer of structure.layers) {
    for (const weight of layer.weights) {
      const reader =
        layer.nodes.find(({ node }) => node.inputs.includes(weight.name)) ?? layer.main;
      weights.set(reader, [...(weights.get(reader) ?? []), weight]);
    }
  }
  return weights;
}

function layerCosts(
  structure: Structure,
  macs: ReadonlyMap<string, number | undefined>,
  activations: Activations,
  left: ReadonlySet<string>,
): ReadonlyMap<string, Cost> {
  const handedOn = new Map<Layer, (number | undefined)[]>();
  for (const storage of activations.storages) {
    const layer = storage.writer && structure.layerOf.get(storage.writer.id);
    if (!layer || !isHandedOn(storage, layer, structure)) continue;
    // A layer that is left out as a whole shows what it would write; one in part only what it does.
    const isLeft = left.has(storage.writer?.id ?? '');
    if (isLeft && !layer.nodes.every((entry) => left.has(entry.id))) continue;
    const bytes = handedOn.get(layer);
    if (bytes) bytes.push(storage.bytes);
    else handedOn.set(layer, [storage.bytes]);
  }
  return new Map(
    structure.layers.map((layer) => [
      layer.id,
      {
        ...weightCost(layer.weights),
        macs: sum(layer.nodes.map((entry) => macs.get(entry.id))),
        activationBytes: sum(handedOn.get(layer) ?? []),
      },
    ]),
  );
}

function isHandedOn(storage: Storage, layer: Layer, structure: Structure): boolean {
  if (storage.writer?.scope !== storage.scope) return false;
  return (
    storage.leaves || storage.readers.some((reader) => structure.layerOf.get(reader.id) !== layer)
  );
}

function peakByLayer(
  structure: Structure,
  byWriter: ReadonlyMap<NodeEntry | undefined, number>,
): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const [writer, bytes] of byWriter) {
    const layer = writer && structure.layerOf.get(writer.id);
    if (layer && bytes > 0) shares.set(layer.id, (shares.get(layer.id) ?? 0) + bytes);
  }
  return shares;
}

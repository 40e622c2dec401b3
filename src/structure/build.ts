import type { GraphIndex } from '../onnx/graph';
import type { OpenExternal, Shapes } from '../onnx/shapes/shapes';
import { newBench, type Bench, type Draft } from './drafts';
import { familyOf } from './family';
import { buildFlow } from './flow';
import { nameBlocks, nameLayers } from './layerNames';
import { claimRest } from './leftovers';
import { settleNatures } from './natures';
import { classOf, sourceOf } from './names';
import { recognisers } from './recognisers';
import type { Block, Layer, Structure, Weight } from './structure';
import { findCopies } from './ties';
import { weightsOf } from './weights';
import { readWidths } from './widths';

/**
 * Groups the nodes of a model into layers and the layers into blocks, from the pattern of the graph; names only name. Every node
 * is in exactly one layer. `open` lets it look at a few elements of weights, to find tied ones; without it those stay two.
 */
export function buildStructure(index: GraphIndex, shapes: Shapes, open?: OpenExternal): Structure {
  const { flow, steps } = buildFlow(index);
  settleNatures(steps);
  const bench = newBench(flow, shapes, open);
  for (const recognise of Object.values(recognisers)) recognise(bench);
  const weights = collectWeights(bench);
  const drafts = bench.drafts
    .filter((draft) => draft.steps.size > 0)
    .sort((a, b) => a.main.at - b.main.at);
  const layers = finishLayers(bench, drafts, weights);
  const blocks = finishBlocks(bench, layers);
  const layerOf = new Map(layers.flatMap((layer) => layer.nodes.map((node) => [node.id, layer])));
  return { index, family: familyOf(bench), widths: readWidths(bench), layers, blocks, layerOf };
}

/** The weights of every layer; what unpacks them joins it, and what then is left joins what the model shares. */
function collectWeights(bench: Bench): Map<Draft, Weight[]> {
  const weights = new Map(bench.drafts.map((draft) => [draft, weightsOf(bench, draft)]));
  const sizes = new Map(bench.drafts.map((draft) => [draft, draft.steps.size]));
  claimRest(bench);
  for (const draft of bench.drafts) {
    if (draft.steps.size !== sizes.get(draft)) weights.set(draft, weightsOf(bench, draft));
  }
  return weights;
}

function finishLayers(
  bench: Bench,
  drafts: readonly Draft[],
  weights: ReadonlyMap<Draft, readonly Weight[]>,
): Layer[] {
  const names = nameLayers(bench, drafts, weights);
  // In file order, so that the first of two copies is the original.
  const all = drafts.flatMap((draft) => weights.get(draft) ?? []);
  const copies = findCopies(bench, all);
  const firstUse = new Map<unknown, string>();
  return drafts.map((draft, i) => {
    const id = names.ids[i] ?? '';
    const own = (weights.get(draft) ?? []).map((weight) => {
      const original = copies.get(weight.tensor);
      return original ? { ...weight, original } : weight;
    });
    const layer: Layer = {
      id,
      name: names.names[i] ?? '',
      op: draft.main.entry.node.op,
      part: draft.part,
      role: draft.role,
      block: draft.block && bench.blocks.indexOf(draft.block),
      stack: draft.block?.stack,
      nodes: [...draft.steps].sort((a, b) => a.at - b.at).map((step) => step.entry),
      main: draft.main.entry,
      weights: own,
      tiedTo: tiedLayer(own, id, firstUse),
      className: classOf(draft.main.entry.node),
      source: sourceOf(draft.main.entry.node),
    };
    return layer;
  });
}

/** The layer that used one of these weights before; vectors of equal contents that an exporter merged do not count. */
function tiedLayer(
  weights: readonly Weight[],
  id: string,
  firstUse: Map<unknown, string>,
): string | undefined {
  let tied: string | undefined;
  for (const weight of weights) {
    if (weight.parameters === 0 || weight.shape.length < 2) continue;
    const key = weight.original ?? weight.tensor;
    const first = firstUse.get(key);
    if (first === undefined) firstUse.set(key, id);
    else tied ??= first;
  }
  return tied;
}

function finishBlocks(bench: Bench, layers: readonly Layer[]): Block[] {
  const names = nameBlocks(bench, layers);
  const kinds = new Map<string, number>();
  return bench.blocks.map((block, i) => {
    const own = layers.filter((layer) => layer.block === i);
    const pattern = own
      .filter((layer) => layer.role !== 'other')
      .map((layer) => `${layer.role}:${layer.op}`)
      .join(' ');
    const kind = kinds.get(pattern) ?? kinds.size;
    kinds.set(pattern, kind);
    const name = names[i] ?? `block.${i}`;
    return {
      id: name,
      index: block.index,
      name,
      stack: block.stack,
      layers: own.map((layer) => layer.id),
      kind,
    };
  });
}

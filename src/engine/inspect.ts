import { partNames, type Part } from '../base/terms';
import { version } from '../../package.json';
import type { Cost } from '../cost/cost';
import { sumLayers } from '../cost/count';
import type { NodeEntry } from '../onnx/graph';
import { storedBytes } from '../onnx/weights';
import type {
  BlockFacts,
  Figures,
  Inspection,
  LayerFacts,
  NodeFacts,
  PartFigures,
  StructureFacts,
  TotalFigures,
  WeightFacts,
} from '../protocol/types';
import type { Layer, Weight } from '../structure/structure';
import { modelFacts } from './modelFacts';
import type { SizedModel } from './models';

/** Everything that is known of a model without running it, as plain facts. */
export function inspect(sized: SizedModel): Inspection {
  const { structure, cost, resolved } = sized;
  const blocks = structure.blocks.map((block, at) => {
    // A layer knows its block by its place in the list; a block's own index counts within its stack.
    const members = structure.layers.filter((layer) => layer.block === at);
    return blockFacts(block, figures(sumLayers(members, cost)));
  });
  return {
    featherweight: version,
    model: modelFacts(sized),
    dimensions: { ...resolved.named },
    structure: structureFacts(sized),
    totals: totalFigures(sized),
    parts: partFigures(sized),
    blocks,
    layers: structure.layers.map((layer) => layerFacts(layer, sized)),
    nodes: structure.index.entries.map((entry) => nodeFacts(entry, sized)),
    unknown: cost.unknown.map(({ node, what, why }) => ({ node, what, why })),
  };
}

function structureFacts({ structure: { family, blocks, widths } }: SizedModel): StructureFacts {
  return {
    family,
    blocks: blocks.length,
    hiddenSize: widths.hiddenSize ?? null,
    heads: widths.heads ?? null,
    kvHeads: widths.kvHeads ?? null,
    headSize: widths.headSize ?? null,
    feedForwardSize: widths.feedForwardSize ?? null,
  };
}

function figures({ parameters, weightBytes, macs, activationBytes }: Cost): Figures {
  return {
    parameters,
    weightBytes,
    macs: macs ?? null,
    activationBytes: activationBytes ?? null,
  };
}

function totalFigures({ cost: { total } }: SizedModel): TotalFigures {
  return { ...figures(total), peakActivationBytes: total.peakActivationBytes ?? null };
}

function partFigures({ structure, cost }: SizedModel): Record<Part, PartFigures> {
  const entries = partNames.map((part): [Part, PartFigures] => {
    const layers = structure.layers.filter((layer) => layer.part === part);
    const { peakActivationBytes, peakByLayer } = cost.total;
    const peak = layers.reduce((sum, layer) => sum + (peakByLayer.get(layer.id) ?? 0), 0);
    return [
      part,
      {
        ...figures(sumLayers(layers, cost)),
        peakActivationBytes: peakActivationBytes === undefined ? null : peak,
      },
    ];
  });
  return Object.fromEntries(entries) as Record<Part, PartFigures>;
}

function blockFacts(block: SizedModel['structure']['blocks'][number], sum: Figures): BlockFacts {
  const { id, index, name, layers, kind } = block;
  return { id, index, name, layers: [...layers], kind, ...sum };
}

const noCost: Cost = {
  parameters: 0,
  weightBytes: 0,
  macs: undefined,
  activationBytes: undefined,
};

function layerFacts(layer: Layer, { cost }: SizedModel): LayerFacts {
  return {
    id: layer.id,
    name: layer.name,
    op: layer.op,
    part: layer.part,
    role: layer.role,
    block: layer.block ?? null,
    nodes: layer.nodes.map((entry) => entry.id),
    weights: layer.weights.map(weightFacts),
    ...figures(cost.layers.get(layer.id) ?? noCost),
    tiedTo: layer.tiedTo ?? null,
    className: layer.className ?? null,
    source: layer.source ? { file: layer.source.file, line: layer.source.line } : null,
  };
}

function weightFacts({ name, tensor, shape, parameters }: Weight): WeightFacts {
  return { name, shape: [...shape], dtype: tensor.dtype, bytes: storedBytes(tensor), parameters };
}

function nodeFacts(entry: NodeEntry, { structure, cost, shapes }: SizedModel): NodeFacts {
  const { node, scope } = entry;
  const outputs = node.outputs.filter((name) => name !== '');
  return {
    name: entry.id,
    op: node.op,
    domain: node.domain,
    outputs,
    layer: structure.layerOf.get(entry.id)?.id ?? '',
    macs: cost.nodes.get(entry.id)?.macs ?? null,
    outputShapes: outputs.map((name) => {
      const shape = shapes.typeOf(scope, name)?.shape;
      return shape ? [...shape] : null;
    }),
  };
}

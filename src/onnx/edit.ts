import { subgraphs } from './attributes';
import { type GraphIndex, indexGraph, type NodeEntry, type Scope } from './graph';
import type { Graph, Model, Node, Tensor } from './model';
import { renameInGraph } from './names';
import { mapBodies, mapList, updated } from './records';

/** A change to a model. Nodes and scopes are those of the index that the edits were made on; several edits are applied at once. */
export type Edit =
  /** New nodes take the place of one; without any it is removed. They stand where it stood. */
  | { readonly kind: 'replaceNode'; readonly entry: NodeEntry; readonly nodes: readonly Node[] }
  | { readonly kind: 'insertBefore'; readonly entry: NodeEntry; readonly nodes: readonly Node[] }
  /** Adds an initializer to the graph, or replaces the one of that name. */
  | { readonly kind: 'setTensor'; readonly scope: Scope; readonly tensor: Tensor }
  /** Gives a value, initializer, input or output another name wherever it stands; nodes keep theirs. Done last. */
  | { readonly kind: 'renameValue'; readonly from: string; readonly to: string }
  /** Adds a value to the model's outputs, so that it can be fetched. */
  | { readonly kind: 'addOutput'; readonly name: string }
  /** Imports an operator set; a version already imported is only ever raised. */
  | { readonly kind: 'importOpset'; readonly domain: string; readonly version: number };

/** IR version that each version of the standard operator set came with, for those that later features need. */
const irOfOpset: readonly (readonly [opset: number, ir: number])[] = [
  [11, 6],
  [13, 7],
  [15, 8],
  [19, 9],
  [21, 10],
  [23, 11],
  [24, 12],
];

/**
 * The model with all edits made. What only replaced nodes read (their weights, the nodes that made their inputs) goes with them;
 * what was unused before stays.
 */
export function applyEdits(index: GraphIndex, edits: readonly Edit[]): Model {
  const changes = new Map<Graph, GraphChange>();
  const changeOf = (graph: Graph): GraphChange => {
    const known = changes.get(graph);
    if (known) return known;
    const made: GraphChange = { replaced: new Map(), inserted: new Map(), tensors: new Map() };
    changes.set(graph, made);
    return made;
  };
  const outputs: string[] = [];
  const renames = new Map<string, string>();
  let model = index.model;
  for (const edit of edits) {
    switch (edit.kind) {
      case 'replaceNode':
        changeOf(edit.entry.scope.graph).replaced.set(edit.entry.node, edit.nodes);
        break;
      case 'insertBefore': {
        const { inserted } = changeOf(edit.entry.scope.graph);
        inserted.set(edit.entry.node, [...(inserted.get(edit.entry.node) ?? []), ...edit.nodes]);
        break;
      }
      case 'setTensor':
        changeOf(edit.scope.graph).tensors.set(edit.tensor.name, edit.tensor);
        break;
      case 'renameValue':
        renames.set(edit.from, edit.to);
        break;
      case 'addOutput':
        outputs.push(edit.name);
        break;
      case 'importOpset':
        model = withOpset(model, edit.domain, edit.version);
        break;
    }
  }
  const edited = { ...model, graph: rebuilt(model.graph, changes) };
  const complete = withOutputs(withoutOrphans(index, edited), outputs);
  if (renames.size === 0) return complete;
  const graph = renameInGraph(complete.graph, (name) => renames.get(name) ?? name);
  return { ...complete, graph };
}

interface GraphChange {
  readonly replaced: Map<Node, readonly Node[]>;
  readonly inserted: Map<Node, readonly Node[]>;
  readonly tensors: Map<string, Tensor>;
}

function rebuilt(graph: Graph, changes: ReadonlyMap<Graph, GraphChange>): Graph {
  const change = changes.get(graph);
  const nodes = change
    ? graph.nodes.flatMap((node) => [
        ...(change.inserted.get(node) ?? []),
        ...(change.replaced.get(node) ?? [node]),
      ])
    : graph.nodes;
  const known = new Set(graph.initializers.map((tensor) => tensor.name));
  const added = [...(change?.tensors.values() ?? [])].filter((tensor) => !known.has(tensor.name));
  const kept = mapList(graph.initializers, (tensor) => change?.tensors.get(tensor.name) ?? tensor);
  return updated(graph, {
    nodes: mapList(nodes, (node) => mapBodies(node, (body) => rebuilt(body, changes))),
    initializers: added.length > 0 ? [...kept, ...added] : kept,
  });
}

/** Values that somebody reads: nodes, bodies, and whoever fetches the graph's outputs. */
function readNames(graph: Graph, names = new Set<string>()): Set<string> {
  for (const { name } of graph.outputs) names.add(name);
  for (const node of graph.nodes) {
    for (const name of node.inputs) names.add(name);
    for (const { graph: body } of subgraphs(node)) readNames(body, names);
  }
  return names;
}

/** Removes, until nothing changes, nodes and initializers that were read before the edits and that nobody reads now. */
function withoutOrphans(before: GraphIndex, model: Model): Model {
  const wereRead = readNames(before.model.graph);
  let { graph } = model;
  for (;;) {
    const areRead = readNames(graph);
    const isOrphan = (name: string) => wereRead.has(name) && !areRead.has(name);
    const next = prune(graph, isOrphan);
    if (next === graph) return updated(model, { graph });
    graph = next;
  }
}

function prune(graph: Graph, isOrphan: (name: string) => boolean): Graph {
  const nodes = graph.nodes.filter(
    (node) =>
      !node.outputs.some((name) => isOrphan(name)) ||
      node.outputs.some((name) => name !== '' && !isOrphan(name)),
  );
  const inputs = new Set(graph.initializers.map((tensor) => tensor.name).filter(isOrphan));
  return updated(graph, {
    nodes: mapList(nodes.length === graph.nodes.length ? graph.nodes : nodes, (node) =>
      mapBodies(node, (body) => prune(body, isOrphan)),
    ),
    initializers: filtered(graph.initializers, (tensor) => !isOrphan(tensor.name)),
    // Old files list initializers as inputs too; without its default an input would become one to feed.
    inputs: filtered(graph.inputs, (input) => !inputs.has(input.name)),
    values: filtered(graph.values, (value) => !isOrphan(value.name)),
  });
}

function filtered<T>(items: readonly T[], keep: (item: T) => boolean): readonly T[] {
  const kept = items.filter(keep);
  return kept.length === items.length ? items : kept;
}

function withOpset(model: Model, domain: string, version: number): Model {
  const current = model.opsets.get(domain) ?? 0;
  if (current >= version) return model;
  const ir = domain === '' ? (irOfOpset.findLast(([opset]) => opset <= version)?.[1] ?? 0) : 0;
  return {
    ...model,
    irVersion: Math.max(model.irVersion, ir),
    opsets: new Map([...model.opsets, [domain, version]]),
  };
}

function withOutputs(model: Model, names: readonly string[]): Model {
  const known = new Set(model.graph.outputs.map((output) => output.name));
  const added = [...new Set(names)].filter((name) => !known.has(name));
  if (added.length === 0) return model;
  const empty = { type: undefined, docString: '', metadata: [], unknown: new Uint8Array() };
  const outputs = [...model.graph.outputs, ...added.map((name) => ({ ...empty, name }))];
  return { ...model, graph: { ...model.graph, outputs } };
}

/** The edited model, indexed anew. */
export function edited(index: GraphIndex, edits: readonly Edit[]): GraphIndex {
  return indexGraph(applyEdits(index, edits));
}

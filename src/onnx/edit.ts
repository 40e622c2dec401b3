import { subgraphs } from './attributes';
import { type GraphIndex, indexGraph, type NodeEntry, type Scope } from './graph';
import type { Graph, Model, Node, Tensor } from './model';
import { usedStates, withoutIdleStates } from './loopStates';
import { renameInGraph } from './names';
import { withDistinctNames } from './nodeNames';
import { mapBodies, mapList, updated } from './records';

/** A change to a model. Nodes and scopes are those of the index that the edits were made on; several edits are applied at once. */
export type Edit =
  /** New nodes take the place of one; without any it is removed. They stand where it stood. */
  | { readonly kind: 'replaceNode'; readonly entry: NodeEntry; readonly nodes: readonly Node[] }
  | { readonly kind: 'insertBefore'; readonly entry: NodeEntry; readonly nodes: readonly Node[] }
  /** Adds an initializer to the graph, or replaces the one of that name. */
  | { readonly kind: 'setTensor'; readonly scope: Scope; readonly tensor: Tensor }
  | { readonly kind: 'removeTensor'; readonly scope: Scope; readonly name: string }
  /**
   * Gives a value, initializer, input or output another name wherever it stands; nodes keep theirs. With the name of a value that is
   * there, the readers of the one read the other.
   */
  | { readonly kind: 'renameValue'; readonly from: string; readonly to: string }
  /** Takes the name of an initializer from the model's inputs, where old files list it too: its value is then fixed. */
  | { readonly kind: 'fixInput'; readonly name: string }
  /** Adds a value to the model's outputs, so that it can be fetched. */
  | { readonly kind: 'addOutput'; readonly name: string }
  /** Imports an operator set; a version already imported is only ever raised. */
  | { readonly kind: 'importOpset'; readonly domain: string; readonly version: number }
  /** Takes an operator set that no node uses from the imports. */
  | { readonly kind: 'dropOpset'; readonly domain: string };

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
  const renames = new Map<string, string>();
  for (const edit of edits) {
    if (edit.kind === 'renameValue') renames.set(edit.from, edit.to);
    else noteChange(changes, edit);
  }
  const { model } = index;
  const graph = renamed(namedApart(rebuilt(model.graph, changes), changes), renames);
  const after = edits.reduce(withModelEdit, updated(model, { graph }));
  const names = edits.flatMap((edit) => (edit.kind === 'addOutput' ? [edit.name] : []));
  return withOutputs(withoutOrphans(index, after), names);
}

/** The model with these of its values among its outputs too, so that they can be fetched. */
export function watching(index: GraphIndex, names: readonly string[]): Model {
  return applyEdits(
    index,
    names.map((name) => ({ kind: 'addOutput', name })),
  );
}

/** Notes an edit of nodes or tensors with the graph that it changes. */
function noteChange(changes: Map<Graph, GraphChange>, edit: Edit): void {
  const changeOf = (graph: Graph): GraphChange => {
    const known = changes.get(graph);
    if (known) return known;
    const made = { replaced: new Map(), inserted: new Map(), tensors: new Map() };
    changes.set(graph, made);
    return made;
  };
  if (edit.kind === 'setTensor') {
    changeOf(edit.scope.graph).tensors.set(edit.tensor.name, edit.tensor);
  } else if (edit.kind === 'removeTensor') {
    changeOf(edit.scope.graph).tensors.set(edit.name, undefined);
  } else if (edit.kind === 'replaceNode') {
    changeOf(edit.entry.scope.graph).replaced.set(edit.entry.node, edit.nodes);
  } else if (edit.kind === 'insertBefore') {
    const { inserted } = changeOf(edit.entry.scope.graph);
    inserted.set(edit.entry.node, [...(inserted.get(edit.entry.node) ?? []), ...edit.nodes]);
  }
}

/** Makes an edit of what stands beside the nodes: imports and inputs. */
function withModelEdit(model: Model, edit: Edit): Model {
  if (edit.kind === 'importOpset') return withOpset(model, edit.domain, edit.version);
  if (edit.kind === 'dropOpset') {
    const opsets = [...model.opsets].filter(([domain]) => domain !== edit.domain);
    return { ...model, opsets: new Map(opsets) };
  }
  if (edit.kind !== 'fixInput') return model;
  const inputs = filtered(model.graph.inputs, (input) => input.name !== edit.name);
  // Before version 4 of the format every initializer had to be an input.
  const irVersion = Math.max(model.irVersion, 4);
  return updated(model, { irVersion, graph: updated(model.graph, { inputs }) });
}

/** The graph with values renamed; a chain of renames leads to its end. */
function renamed(graph: Graph, renames: ReadonlyMap<string, string>): Graph {
  if (renames.size === 0) return graph;
  const final = (name: string) => {
    let at = name;
    for (let to = renames.get(at), left = renames.size; to !== undefined && left > 0; left--) {
      at = to;
      to = renames.get(at);
    }
    return at;
  };
  // What was recorded of a value that gives way to another one goes with it.
  const known = new Set(graph.values.map((value) => value.name));
  const values = filtered(
    graph.values,
    ({ name }) => name === final(name) || !known.has(final(name)),
  );
  return renameInGraph(updated(graph, { values }), final);
}

/** New nodes may be called like nodes that were there. */
const namedApart = (graph: Graph, changes: ReadonlyMap<Graph, GraphChange>) =>
  changes.size > 0 ? withDistinctNames(graph) : graph;

interface GraphChange {
  readonly replaced: Map<Node, readonly Node[]>;
  readonly inserted: Map<Node, readonly Node[]>;
  /** Undefined for one that goes. */
  readonly tensors: Map<string, Tensor | undefined>;
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
  const tensors = change?.tensors ?? new Map<string, Tensor | undefined>();
  const added = [...tensors.values()].filter(
    (tensor): tensor is Tensor => tensor !== undefined && !known.has(tensor.name),
  );
  const left = filtered(
    graph.initializers,
    ({ name }) => !tensors.has(name) || tensors.get(name) !== undefined,
  );
  const kept = mapList(left, (tensor) => tensors.get(tensor.name) ?? tensor);
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
  const used = usedStates(before);
  let { graph } = model;
  for (;;) {
    const areRead = readNames(graph);
    const isOrphan = (name: string) => wereRead.has(name) && !areRead.has(name);
    const pruned = prune(graph, isOrphan);
    const next = used.size > 0 ? withoutIdleStates(pruned, used) : pruned;
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

import { subgraphs } from '../onnx/attributes';
import { consumersOf, type GraphIndex, type NodeEntry, scopeOf, type Scope } from '../onnx/graph';
import type { Graph, Model, Node, Tensor, ValueInfo } from '../onnx/model';
import { mapBodies, updated } from '../onnx/records';
import type { Feeds, RunTensor } from '../runtime/runner';
import type { DType } from '../tensor/dtype';

/** The part of a model that a weight can have an influence on. */
export interface Suffix {
  /** Nodes of the main graph, in file order. */
  readonly entries: readonly NodeEntry[];
  /** Values that it takes from the rest of the model, or from whoever feeds the model. */
  readonly frontier: readonly string[];
  /** Outputs of the model that it makes. */
  readonly outputs: readonly string[];
}

/**
 * What has to run again when a weight changes: everything downstream of the nodes that read it, as far as it leads to an output. What
 * only constants lead to is computed again rather than taken over, so that the runtime can fold it as it does in the whole model.
 */
export function suffixOf(index: GraphIndex, scope: Scope, weight: string): Suffix {
  return suffixFrom(index, consumersOf(scope, weight));
}

/** What has to run again after edits: everything downstream of the nodes of `edited` that `original` does not have. */
export function suffixOfEdits(original: GraphIndex, edited: GraphIndex): Suffix {
  const known = new Set(original.main.entries.map((entry) => entry.node));
  return suffixFrom(
    edited,
    edited.main.entries.filter((entry) => !known.has(entry.node)),
  );
}

/** What has to run again when these nodes change. */
export function suffixFrom(index: GraphIndex, changed: readonly NodeEntry[]): Suffix {
  const { main } = index;
  const downstream = reach(changed.map(outermost), (entry) =>
    entry.node.outputs.flatMap((name) => consumersOf(main, name).map(outermost)),
  );
  const outputs = main.graph.outputs
    .map((output) => output.name)
    .filter((name) => downstream.has(producer(main, name)));
  const needed = reach(
    outputs.flatMap((name) => producer(main, name) ?? []),
    (entry) => readsOf(entry).flatMap((name) => producer(main, name) ?? []),
    (entry) => downstream.has(entry) || isConstant(index, entry),
  );
  const entries = main.entries.filter((entry) => needed.has(entry));
  const frontier = new Set<string>();
  for (const entry of entries) {
    for (const name of readsOf(entry)) {
      const made = producer(main, name);
      const isFed = !made && main.inputNames.has(name) && !main.initializers.has(name);
      if (isFed || (made && !needed.has(made))) frontier.add(name);
    }
  }
  return { entries, frontier: [...frontier], outputs };
}

/** What edits around these nodes may take from the model as it is: what the part behind them reads, and what they themselves make. */
export function valuesAround(index: GraphIndex, nodes: readonly NodeEntry[]): readonly string[] {
  const outer = nodes.map(outermost);
  const own = outer.flatMap((entry) => [...readsOf(entry), ...entry.node.outputs]);
  const made = own.filter((name) => index.main.producers.has(name));
  return [...new Set([...suffixFrom(index, outer).frontier, ...made])];
}

/**
 * The suffix as a model of its own; a weight given is among its inputs, so that one session runs it for any number of weights. `known`
 * are the frontier's values, batch by batch: sizes that are the same in all of them are written down, as some of the runtime's shape rules
 * are wrong where they only know a rank.
 */
export function suffixModel(
  { model, main }: GraphIndex,
  { entries, frontier, outputs }: Suffix,
  known: readonly Feeds[],
  weight?: Tensor,
): Model {
  const reads = new Set(entries.flatMap(readsOf));
  const isWeight = (tensor: Tensor) => tensor.name === weight?.name;
  const graph: Graph = updated(main.graph, {
    nodes: entries.map(({ node }) =>
      weight ? mapBodies(node, (body) => withoutTensor(body, weight.name)) : node,
    ),
    initializers: main.graph.initializers.filter(
      (tensor) => reads.has(tensor.name) && !isWeight(tensor),
    ),
    inputs: [
      ...frontier.flatMap((name) => {
        const tensors = known.flatMap((values) => values[name] ?? []);
        return tensors[0] ? [valueOf(name, tensors[0].dtype, tensors)] : [];
      }),
      ...(weight ? [sized(weight)] : []),
    ],
    outputs: main.graph.outputs.filter(({ name }) => outputs.includes(name)),
    values: [],
  });
  return { ...model, graph };
}

/** The node of the main graph that holds the node. */
function outermost(entry: NodeEntry): NodeEntry {
  let at = entry;
  while (at.scope.owner) at = at.scope.owner;
  return at;
}

function producer(main: Scope, name: string): NodeEntry | undefined {
  return main.producers.get(name);
}

/** Names of the main graph that a node or its bodies read; '' is none. */
function readsOf({ node }: NodeEntry): readonly string[] {
  return [...new Set(readsOfNode(node))].filter((name) => name !== '');
}

function readsOfNode(node: Node): string[] {
  const inside = subgraphs(node).flatMap(({ graph }) => {
    const own = new Set([
      ...graph.inputs.map(({ name }) => name),
      ...graph.initializers.map(({ name }) => name),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
    const read = [...graph.nodes.flatMap(readsOfNode), ...graph.outputs.map(({ name }) => name)];
    return read.filter((name) => !own.has(name));
  });
  return [...node.inputs, ...inside];
}

/** Whether nothing but constants leads to the node: found once for every model. */
function isConstant(index: GraphIndex, entry: NodeEntry): boolean {
  return constantsOf(index).has(entry);
}

const constants = new WeakMap<GraphIndex, ReadonlySet<NodeEntry>>();
const random = /^(Random|Multinomial|Bernoulli)/;

function constantsOf(index: GraphIndex): ReadonlySet<NodeEntry> {
  const known = constants.get(index);
  if (known) return known;
  const { main } = index;
  const found = new Set<NodeEntry>();
  for (const entry of main.entries) {
    const isFixed = readsOf(entry).every((name) => {
      const made = producer(main, name);
      return made ? found.has(made) : scopeOf(main, name)?.initializers.has(name);
    });
    if (isFixed && !random.test(entry.node.op)) found.add(entry);
  }
  constants.set(index, found);
  return found;
}

/** Everything that `next` leads to from `start`, `start` included; only through what `may` admits. */
function reach(
  start: readonly NodeEntry[],
  next: (entry: NodeEntry) => readonly NodeEntry[],
  may: (entry: NodeEntry) => boolean = () => true,
): ReadonlySet<NodeEntry | undefined> {
  const found = new Set<NodeEntry>();
  const waiting = [...start];
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (found.has(entry) || !may(entry)) continue;
    found.add(entry);
    waiting.push(...next(entry));
  }
  return found;
}

function withoutTensor(graph: Graph, name: string): Graph {
  const initializers = graph.initializers.filter((tensor) => tensor.name !== name);
  return updated(graph, {
    initializers:
      initializers.length < graph.initializers.length ? initializers : graph.initializers,
    nodes: graph.nodes.map((node) => mapBodies(node, (body) => withoutTensor(body, name))),
  });
}

function sized({ name, dtype, shape }: Tensor): ValueInfo {
  return withType(name, { kind: 'tensor', dtype, shape: [...shape], denotation: '' });
}

function valueOf(name: string, dtype: DType, tensors: readonly RunTensor[]): ValueInfo {
  const [first] = tensors;
  const shape = (first?.shape ?? []).map((size, axis) =>
    tensors.every((tensor) => tensor.shape[axis] === size) ? size : null,
  );
  return withType(name, { kind: 'tensor', dtype, shape, denotation: '' });
}

function withType(name: string, type: ValueInfo['type']): ValueInfo {
  return { name, type, docString: '', metadata: [], unknown: new Uint8Array() };
}

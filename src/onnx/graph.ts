import { subgraphs } from './attributes';
import { freshNames } from './fresh';
import type { Graph, Model, Node, Tensor } from './model';

/** A node in its place: one entry for every node of the model, those in bodies of If, Loop and Scan included. */
export interface NodeEntry {
  /** Unique in the model and stable: the node's name, else its first output's; with the owner's id before it inside a body. */
  readonly id: string;
  readonly node: Node;
  readonly scope: Scope;
  /** Position in its graph. */
  readonly index: number;
}

/** A graph and the graphs around it: names not found inside are looked for outside. */
export interface Scope {
  readonly graph: Graph;
  readonly parent: Scope | undefined;
  /** The node whose body this is. */
  readonly owner: NodeEntry | undefined;
  readonly entries: readonly NodeEntry[];
  /** Who makes a value; the first, where a broken model has several. */
  readonly producers: ReadonlyMap<string, NodeEntry>;
  /** Readers of a name, those in nested bodies included. Outputs of the graph are not among them. */
  readonly consumers: ReadonlyMap<string, readonly NodeEntry[]>;
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly inputNames: ReadonlySet<string>;
}

export interface GraphIndex {
  readonly model: Model;
  readonly main: Scope;
  readonly scopes: readonly Scope[];
  /** All nodes: outer before inner, in file order. */
  readonly entries: readonly NodeEntry[];
  readonly byId: ReadonlyMap<string, NodeEntry>;
}

interface MutableScope extends Scope {
  readonly entries: NodeEntry[];
  readonly producers: Map<string, NodeEntry>;
  readonly consumers: Map<string, NodeEntry[]>;
  readonly initializers: Map<string, Tensor>;
}

/** Names every node, and finds who makes and who reads every value. Linear in the size of the model. */
export function indexGraph(model: Model): GraphIndex {
  const scopes: Scope[] = [];
  const entries: NodeEntry[] = [];
  const byId = new Map<string, NodeEntry>();
  const ids = freshNames('#');

  const visit = (
    graph: Graph,
    parent: MutableScope | undefined,
    owner: NodeEntry | undefined,
    prefix: string,
  ) => {
    const scope: MutableScope = {
      graph,
      parent,
      owner,
      entries: [],
      producers: new Map(),
      consumers: new Map(),
      initializers: new Map(graph.initializers.map((tensor) => [tensor.name, tensor])),
      inputNames: new Set(graph.inputs.map((input) => input.name)),
    };
    scopes.push(scope);
    for (const [index, node] of graph.nodes.entries()) {
      const plain =
        prefix + (node.name || node.outputs.find((name) => name) || `${node.op}_${index}`);
      const id = ids.fresh(plain);
      const entry: NodeEntry = { id, node, scope, index };
      byId.set(id, entry);
      entries.push(entry);
      scope.entries.push(entry);
      for (const name of node.outputs) {
        if (name && !scope.producers.has(name)) scope.producers.set(name, entry);
      }
    }
    for (const entry of scope.entries) {
      for (const name of new Set(entry.node.inputs)) if (name) addConsumer(scope, name, entry);
      for (const body of subgraphs(entry.node)) {
        visit(body.graph, scope, entry, `${entry.id}/${body.attribute}/`);
      }
    }
    return scope;
  };
  const main = visit(model.graph, undefined, undefined, '');
  return { model, main, scopes, entries, byId };
}

function addConsumer(scope: MutableScope, name: string, entry: NodeEntry): void {
  let owner: MutableScope = scope;
  while (!definesValue(owner, name) && owner.parent) owner = owner.parent as MutableScope;
  const readers = owner.consumers.get(name);
  if (readers) readers.push(entry);
  else owner.consumers.set(name, [entry]);
}

function definesValue(scope: Scope, name: string): boolean {
  return scope.producers.has(name) || scope.initializers.has(name) || scope.inputNames.has(name);
}

/** The scope, this one or one around it, that defines the value; undefined for a name that nobody defines. */
export function scopeOf(scope: Scope, name: string): Scope | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) if (definesValue(at, name)) return at;
  return undefined;
}

export function producerOf(scope: Scope, name: string): NodeEntry | undefined {
  return scopeOf(scope, name)?.producers.get(name);
}

export function consumersOf(scope: Scope, name: string): readonly NodeEntry[] {
  return scopeOf(scope, name)?.consumers.get(name) ?? [];
}

export function initializerOf(scope: Scope, name: string): Tensor | undefined {
  return scopeOf(scope, name)?.initializers.get(name);
}

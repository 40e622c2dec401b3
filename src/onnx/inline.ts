import { UserError } from '../base/errors';
import { formatCount } from '../base/format';
import { quoted } from '../base/quote';
import { subgraphs } from './attributes';
import { freshNames, type FreshNames } from './fresh';
import type { Attribute, FunctionDef, Graph, Metadata, Model, Node, ValueInfo } from './model';
import { renameInNode } from './names';
import { mapAttributes, mapBodies, mapList, updated } from './records';

/** More nodes than any model has; functions that call others many times over could otherwise fill the memory. */
const nodeLimit = 250_000;
const depthLimit = 100;

/**
 * The model with calls of its local functions replaced by their nodes, in bodies of If, Loop and Scan too. Nodes and values of a
 * call get its name before theirs (`call/name`). The same model where it has no functions. Throws `badModel` for functions that
 * call themselves.
 */
export function inlineFunctions(model: Model): Model {
  if (model.functions.length === 0) return model;
  const inliner = new Inliner(model);
  const graph = inliner.graph(model.graph, []);
  return { ...model, graph, functions: [], opsets: inliner.opsets() };
}

/** One expansion of a model: its names and its count of nodes. */
class Inliner {
  private readonly functions: ReadonlyMap<string, FunctionDef>;
  private readonly names = freshNames();
  private readonly prefixes = freshNames();
  private readonly used = new Set<FunctionDef>();
  private count = 0;

  constructor(private readonly model: Model) {
    this.functions = new Map(model.functions.map((each) => [keyOf(each.name, each), each]));
    collectNames(model.graph, this.names);
  }

  /** Of two versions of a domain the model's own counts. */
  opsets(): ReadonlyMap<string, number> {
    const added = [...this.used].flatMap((definition) => [...definition.opsets]);
    return new Map([...added, ...this.model.opsets]);
  }

  graph(graph: Graph, callers: readonly FunctionDef[]): Graph {
    const values: ValueInfo[] = [];
    const nodes = graph.nodes.flatMap((node) => this.node(node, callers, values));
    return updated(graph, {
      nodes: nodes.some((node, i) => node !== graph.nodes[i]) ? nodes : graph.nodes,
      values: values.length > 0 ? [...graph.values, ...values] : graph.values,
    });
  }

  private node(node: Node, callers: readonly FunctionDef[], values: ValueInfo[]): readonly Node[] {
    // Calls count as well: functions without nodes could call each other without end.
    if (++this.count > nodeLimit) {
      throw new UserError(
        'badModel',
        `The model's local functions expand to more than ${formatCount(nodeLimit)} nodes.`,
      );
    }
    const definition = this.functions.get(keyOf(node.op, node));
    if (definition) return this.call(node, definition, callers, values);
    return [mapBodies(node, (body) => this.graph(body, callers))];
  }

  private call(
    call: Node,
    definition: FunctionDef,
    callers: readonly FunctionDef[],
    values: ValueInfo[],
  ): readonly Node[] {
    if (callers.includes(definition)) {
      throw new UserError('badModel', `Local function ${quoted(definition.name)} calls itself.`);
    }
    if (callers.length >= depthLimit) {
      throw new UserError(
        'badModel',
        `Local functions call each other more than ${depthLimit} deep.`,
      );
    }
    this.used.add(definition);
    const prefix = this.prefixes.fresh(call.name || call.outputs.find((name) => name) || call.op);
    const { map, copies } = bind(call, definition, prefix);
    const rename = (name: string): string => {
      const known = map.get(name);
      if (known !== undefined) return known;
      const renamed = this.names.fresh(`${prefix}/${name}`);
      map.set(name, renamed);
      return renamed;
    };
    const body = definition.nodes.flatMap((node) => {
      const bound = renameInNode(bindAttributes(node, call, definition), rename);
      const name = node.name ? `${prefix}/${node.name}` : '';
      const own = { ...bound, name, metadata: inherited(bound.metadata, call.metadata) };
      return this.node(own, [...callers, definition], values);
    });
    for (const info of definition.values) {
      const name = map.get(info.name);
      if (name !== undefined && name !== '') values.push({ ...info, name });
    }
    return [...body, ...copies];
  }
}

function keyOf(name: string, { domain, overload }: { domain: string; overload: string }): string {
  return JSON.stringify([domain, name, overload]);
}

/**
 * What the function's inputs and outputs are called at the call, and nodes for outputs that no node of the body makes under a name
 * of their own: those that are an input passed through, or another output once more.
 */
function bind(call: Node, definition: FunctionDef, prefix: string) {
  const map = new Map<string, string>();
  for (const [i, name] of definition.inputs.entries()) map.set(name, call.inputs[i] ?? '');
  const copies: Node[] = [];
  for (const [i, name] of definition.outputs.entries()) {
    const actual = call.outputs[i] ?? '';
    if (actual === '') continue;
    const taken = map.get(name);
    if (taken === undefined) map.set(name, actual);
    else copies.push(identity(`${prefix}/${name}_copy_${i}`, taken, actual));
  }
  return { map, copies };
}

function identity(name: string, input: string, output: string): Node {
  return {
    name,
    op: 'Identity',
    domain: '',
    overload: '',
    inputs: [input],
    outputs: [output],
    attributes: new Map(),
    docString: '',
    metadata: [],
    configurations: [],
    unknown: new Uint8Array(0),
  };
}

/** The node with references to the function's attributes replaced by what the call, or else the definition, gives them. */
function bindAttributes(node: Node, call: Node, definition: FunctionDef): Node {
  const bound = (attribute: Attribute): Attribute | undefined => {
    if (attribute.kind !== 'reference') return attribute;
    const given =
      call.attributes.get(attribute.value) ?? definition.attributeDefaults.get(attribute.value);
    return given && { ...given, name: attribute.name };
  };
  const inBody = (body: Graph): Graph =>
    updated(body, {
      nodes: mapList(body.nodes, (inner) => bindAttributes(inner, call, definition)),
    });
  const attributes = mapAttributes(node.attributes, bound);
  return mapBodies(updated(node, { attributes }), inBody);
}

/** A body's node belongs to the module that the call belongs to, unless it says otherwise itself. */
function inherited(own: Metadata, call: Metadata): Metadata {
  const keys = new Set(own.map(([key]) => key));
  const added = call.filter(([key]) => !keys.has(key));
  return added.length > 0 ? [...own, ...added] : own;
}

function collectNames(graph: Graph, names: FreshNames): void {
  for (const { name } of [...graph.inputs, ...graph.initializers]) names.take(name);
  for (const node of graph.nodes) {
    if (node.name) names.take(node.name);
    for (const name of node.outputs) if (name) names.take(name);
    for (const body of subgraphs(node)) collectNames(body.graph, names);
  }
}

import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';
import type { Node } from '../onnx/model';
import { canonicalValues, type Canonical } from './duplicates';
import { markedNodes } from './traceable';

/** A node of the graph that the runtime made, and what it stands for. */
export interface ExecutedNode {
  readonly name: string;
  /** False where the graph gives no name, and `name` is that of what the node writes. */
  readonly isNamed: boolean;
  readonly op: string;
  /**
   * `same`: one source node, perhaps under another operator; `fused`: several in one; `inserted`: none, it converts between its
   * neighbours.
   */
  readonly how: 'same' | 'fused' | 'inserted';
  /** Source nodes whose work it does; for an inserted one those it serves. In file order. */
  readonly sources: readonly NodeEntry[];
}

/** Nodes that do nothing at run time: one that disappears into a neighbour does not make it a fusion. */
const idle = new Set(['Constant', 'Identity', 'Dropout']);

/** Operators that the runtime puts between nodes to convert what passes through their first input. */
const converters = new Set(
  'Cast Transpose ReorderInput ReorderOutput MemcpyToHost MemcpyFromHost QuantizeLinear DequantizeLinear Identity'.split(
    ' ',
  ),
);

const blocked = '_nchwc';
const sums = new Set(['Add', 'Sum']);
const activations = new Set('Relu Clip LeakyRelu Sigmoid Tanh HardSigmoid HardSwish'.split(' '));

const withoutCastPrefix = (name: string) => name.replace(/^InsertedPrecisionFreeCast_/, '');

/** What a node does besides its own: types that already fit, copies and constants do not make it a fusion. */
function withoutIdle(work: ReadonlySet<NodeEntry>, { node }: NodeEntry): ReadonlySet<NodeEntry> {
  const own = [...work].filter((source) => source.node.op === node.op);
  const isOwn =
    own.length === 1 &&
    [...work].every((s) => s === own[0] || s.node.op === 'Cast' || idle.has(s.node.op));
  if (isOwn) return new Set(own);
  const busy = [...work].filter((source) => !idle.has(source.node.op));
  return busy.length > 0 ? new Set(busy) : work;
}

/**
 * Maps every node of an optimised graph to nodes of the source: by the marks inside its name, and by walking the source back from what it
 * writes to what still exists. Values keep their names through the runtime's optimisers, nodes mostly do not.
 */
export function mapExecuted(source: GraphIndex, executed: GraphIndex): ExecutedNode[] {
  const values = new SourceValues(source, executed);
  const found = new Map<NodeEntry, ReadonlySet<NodeEntry>>();
  for (const entry of executed.entries) found.set(entry, values.workOf(entry));
  const order = new Map(source.entries.map((entry, at) => [entry, at]));
  const inOrder = (nodes: Iterable<NodeEntry>) =>
    [...new Set(nodes)].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  return executed.entries.map((entry) => {
    const work = [...(found.get(entry) ?? [])];
    const how = work.length === 0 ? 'inserted' : work.length === 1 ? 'same' : 'fused';
    const sources = inOrder(work.length > 0 ? work : neighbours(entry, found, values));
    const { name, op } = entry.node;
    return { name: name || entry.id, isNamed: name !== '', op, how, sources };
  });
}

/** What a node without work of its own serves: its readers, or whoever writes for it. */
function neighbours(
  entry: NodeEntry,
  found: ReadonlyMap<NodeEntry, ReadonlySet<NodeEntry>>,
  values: SourceValues,
): NodeEntry[] {
  const seen = new Set([entry]);
  let ring = [entry];
  // Converters come in short chains; further away nothing is said by being near.
  for (let distance = 0; distance < 4; distance++) {
    const next = ring.flatMap((at) => values.readersIn(at));
    const work = next.flatMap((at) => [...(found.get(at) ?? [])]);
    if (work.length > 0) return work;
    ring = next.filter((at) => !seen.has(at) && seen.add(at));
  }
  return values.writersIn(entry).flatMap((at) => [...(found.get(at) ?? [])]);
}

/** The source's values as the optimised graph knows them. */
class SourceValues {
  private readonly producers = new Map<string, NodeEntry[]>();
  /** Names that exist in the optimised graph, under their source's name. */
  private readonly alive = new Set<string>();
  /** Name in the optimised graph → the source's name for the same thing in another layout or type. */
  private readonly aliases = new Map<string, string>();
  private readonly canonical: Canonical;
  /** Source nodes that some node of the optimised graph names as its origin. */
  private readonly marked: ReadonlySet<NodeEntry>;

  constructor(
    private readonly source: GraphIndex,
    private readonly executed: GraphIndex,
  ) {
    this.canonical = canonicalValues(source);
    this.marked = new Set(executed.entries.flatMap(({ node }) => markedNodes(node.name, source)));
    for (const entry of source.entries) {
      for (const output of entry.node.outputs) {
        if (!output) continue;
        const known = this.producers.get(output);
        if (known) known.push(entry);
        else this.producers.set(output, [entry]);
      }
    }
    this.findAliases();
    this.findAlive();
  }

  /** The source nodes whose work the node does; empty for one that was only put between. */
  workOf(entry: NodeEntry): ReadonlySet<NodeEntry> {
    const marked = markedNodes(entry.node.name, this.source);
    if (marked.length === 0 && this.isConverter(entry)) return new Set();
    const work = new Set(marked);
    const ends = entry.node.outputs.flatMap((output) => {
      const name = this.aliases.get(output) ?? output;
      return (output && this.producerOf(name, work)) || [];
    });
    this.walkBack([...marked, ...ends], work);
    return withoutIdle(work, entry);
  }

  readersIn(entry: NodeEntry): NodeEntry[] {
    return entry.node.outputs.flatMap((name) => [...(entry.scope.consumers.get(name) ?? [])]);
  }

  writersIn(entry: NodeEntry): NodeEntry[] {
    return entry.node.inputs.flatMap((name) => entry.scope.producers.get(name) ?? []);
  }

  /** Adds everything between `ends` and what still exists, and stops at nodes that go on under a mark of their own. */
  private walkBack(ends: readonly NodeEntry[], work: Set<NodeEntry>): void {
    const seen = new Set<NodeEntry>();
    const own = new Set(work);
    const waiting = [...ends];
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (this.marked.has(node) && !own.has(node)) continue;
      work.add(node);
      for (const input of node.node.inputs) {
        if (!input || this.existsAfter(node.scope, input)) continue;
        const producer = this.producerOf(input, work);
        if (producer) waiting.push(producer);
      }
    }
  }

  private existsAfter(scope: Scope, name: string): boolean {
    return this.alive.has(name) || this.alive.has(this.canonical(scope, name));
  }

  /** Bodies may use a name twice: then the one beside what is known already. */
  private producerOf(name: string, near: ReadonlySet<NodeEntry>): NodeEntry | undefined {
    const candidates = this.producers.get(name) ?? [];
    const scopes = new Set([...near].map((entry) => entry.scope));
    return candidates.find((entry) => scopes.has(entry.scope)) ?? candidates[0];
  }

  private isConverter({ node }: NodeEntry): boolean {
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    return converters.has(node.op) && (!this.producers.has(output) || this.aliases.has(input));
  }

  /** Until nothing new is found, because converters stand in chains. */
  private findAliases(): void {
    const open = this.executed.entries.filter(
      ({ node }) => markedNodes(node.name, this.source).length === 0,
    );
    for (const { node } of this.executed.entries) {
      for (const name of [...node.inputs, ...node.outputs]) this.noteCastName(name);
    }
    for (const entry of open) this.noteBlocked(entry);
    for (let before = -1; before < this.aliases.size;) {
      before = this.aliases.size;
      for (const { node } of open) if (converters.has(node.op)) this.noteConverter(node);
    }
  }

  /** The float16 pass names values after the one they hold in another type. */
  private noteCastName(name: string): void {
    const original = withoutCastPrefix(name);
    if (original !== name && this.isKnown(original)) this.aliases.set(name, original);
  }

  /** The optimiser for blocked layouts names a convolution after what it wrote before a sum and an activation joined it. */
  private noteBlocked({ node }: NodeEntry): void {
    const [output = ''] = node.outputs;
    if (!node.name.endsWith(blocked) || this.isKnown(output)) return;
    let name = withoutCastPrefix(node.name.slice(0, -blocked.length));
    if (node.inputs[3]) name = this.outputOfReader(name, sums) ?? name;
    if (node.attributes.has('activation')) name = this.outputOfReader(name, activations) ?? name;
    if (this.isKnown(name)) this.aliases.set(output, name);
  }

  private outputOfReader(name: string, ops: ReadonlySet<string>): string | undefined {
    const [producer] = this.producers.get(name) ?? [];
    const readers = producer?.scope.consumers.get(name) ?? [];
    const [reader] = readers;
    return readers.length === 1 && reader && ops.has(reader.node.op)
      ? reader.node.outputs[0]
      : undefined;
  }

  private noteConverter({ inputs: [input = ''], outputs: [output = ''] }: Node): void {
    const nameOf = (name: string) => (this.isKnown(name) ? name : this.aliases.get(name));
    const before = nameOf(input);
    const after = nameOf(output);
    if (after && !before) this.aliases.set(input, after);
    if (before && !after) this.aliases.set(output, before);
  }

  private isKnown(name: string): boolean {
    return (
      this.producers.has(name) ||
      this.source.main.inputNames.has(name) ||
      this.source.main.initializers.has(name)
    );
  }

  private findAlive(): void {
    for (const scope of this.executed.scopes) {
      const names = [...scope.inputNames, ...scope.initializers.keys(), ...scope.producers.keys()];
      for (const name of names) this.addAlive(name);
    }
  }

  private addAlive(name: string): void {
    this.alive.add(name);
    const alias = this.aliases.get(name);
    if (alias) this.alive.add(alias);
    for (const entry of this.producers.get(alias ?? name) ?? []) {
      this.alive.add(this.canonical(entry.scope, alias ?? name));
    }
  }
}

import type { Edit } from '../../onnx/edit';
import type { NodeEntry } from '../../onnx/graph';
import type { Node } from '../../onnx/model';

interface Change {
  readonly before: Node[];
  readonly after: Node[];
  readonly inputs: Map<string, string>;
  readonly outputs: Map<string, string>;
  /** What stands in the node's place; undefined while it stays itself. */
  instead: readonly Node[] | undefined;
}

/** Gathers what several concerns change about one node, so that it is replaced once. */
export class Rewrite {
  private readonly changes = new Map<NodeEntry, Change>();

  before(entry: NodeEntry, ...nodes: Node[]): void {
    this.of(entry).before.push(...nodes);
  }

  after(entry: NodeEntry, ...nodes: Node[]): void {
    this.of(entry).after.push(...nodes);
  }

  /** The node reads another value in place of `from`. */
  input(entry: NodeEntry, from: string, to: string): void {
    this.of(entry).inputs.set(from, to);
  }

  output(entry: NodeEntry, from: string, to: string): void {
    this.of(entry).outputs.set(from, to);
  }

  instead(entry: NodeEntry, nodes: readonly Node[]): void {
    this.of(entry).instead = nodes;
  }

  edits(): Edit[] {
    return [...this.changes].map(([entry, change]) => {
      const { before, after, inputs, outputs, instead = [entry.node] } = change;
      const renamed = instead.map((node) => ({
        ...node,
        inputs: node.inputs.map((name) => inputs.get(name) ?? name),
        outputs: node.outputs.map((name) => outputs.get(name) ?? name),
      }));
      return { kind: 'replaceNode', entry, nodes: [...before, ...renamed, ...after] };
    });
  }

  private of(entry: NodeEntry): Change {
    const known = this.changes.get(entry);
    if (known) return known;
    const made: Change = {
      ...{ before: [], after: [], inputs: new Map(), outputs: new Map(), instead: undefined },
    };
    this.changes.set(entry, made);
    return made;
  }
}

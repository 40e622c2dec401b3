import { intAttribute, tensorAttribute } from '../../onnx/attributes';
import type { Edit } from '../../onnx/edit';
import { consumersOf, producerOf, type NodeEntry } from '../../onnx/graph';
import { elementCount, type Dim, type Node } from '../../onnx/model';
import type { Shapes } from '../../onnx/shapes/shapes';
import { dtypeOf } from '../../tensor/dtype';
import { tensorValues } from '../../onnx/weights';
import type { Workbench } from '../action';
import { storedScalar } from './constants';
import { rampOf } from './views';
import { isOp } from './whole';

/**
 * Exporters spread the mask over all pairs of positions, by conditions that always hold and explicit Expand nodes. Where what reads it
 * spreads it anyway, it can stay as small as it is.
 */
export function maskEdits(bench: Workbench, shapes: Shapes): Edit[] {
  const shrinking = new Shrinking(bench, shapes);
  const { main } = bench.structure.index;
  const readers = main.entries.filter((entry) => {
    shrinking.settle(entry);
    return isOp(entry, 'Add', 'Mul', 'Where', 'Sub');
  });
  const replaced = readers.flatMap((entry) => shrinking.readerEdits(entry));
  return [...shrinking.usedBy(replaced), ...replaced];
}

/** Elementwise operators that a small value can go through before it is spread. */
const passing = ['Cast', 'Not', 'And', 'Or', 'Where', 'Sub', 'Mul', 'Add', 'Equal', 'Neg'];

/** Conditions and counts are made of few nodes; this bounds the work on graphs that double at every step. */
const deepest = 10;

/** Finds the smaller values that spread values are made of. */
class Shrinking {
  /** Smaller copies of nodes, in order. */
  private readonly copies: { readonly entry: NodeEntry; readonly node: Node }[] = [];
  /** Value → the value that it is when spread; the same name where it is no spread value. */
  private readonly found = new Map<string, string>();
  private readonly shapeOfMade = new Map<string, readonly Dim[] | undefined>();

  constructor(
    private readonly bench: Workbench,
    private readonly shapes: Shapes,
  ) {}

  private get scope() {
    return this.bench.structure.index.main;
  }

  private shapeOf(name: string): readonly Dim[] | undefined {
    return this.shapeOfMade.get(name) ?? this.shapes.typeOf(this.scope, name)?.shape;
  }

  /** Looks at what a node makes; called in the order of the file, so that chains of any length are gone through step by step. */
  settle({ node }: NodeEntry): void {
    for (const output of node.outputs) this.small(output);
  }

  /** The copies that the new readers need. */
  usedBy(replaced: readonly (Edit & { readonly nodes: readonly Node[] })[]): Edit[] {
    const read = new Set(replaced.flatMap(({ nodes }) => nodes.flatMap((node) => node.inputs)));
    const used = [...this.copies].reverse().filter(({ node }) => {
      if (!node.outputs.some((name) => read.has(name))) return false;
      for (const name of node.inputs) read.add(name);
      return true;
    });
    return used
      .reverse()
      .map(({ entry, node }) => ({ kind: 'insertBefore', entry, nodes: [node] }));
  }

  /** Reads the small value in place of the spread one, where the result stays as large. */
  readerEdits(entry: NodeEntry): (Edit & { readonly nodes: readonly Node[] })[] {
    const { node } = entry;
    const [output = ''] = node.outputs;
    if (
      this.isPassed(entry) &&
      consumersOf(this.scope, output).length > 0 &&
      this.small(output) !== output
    )
      return [];
    const inputs = node.inputs.map((name, i) => {
      const small = this.small(name);
      const others = node.inputs.filter((_, at) => at !== i);
      return small !== name && this.fills(name, small, others) ? small : name;
    });
    const changes = inputs.some((name, i) => name !== node.inputs[i]);
    return changes ? [{ kind: 'replaceNode', entry, nodes: [{ ...node, inputs }] }] : [];
  }

  /** Whether another input has every size that the small value lacks. */
  private fills(wide: string, small: string, others: readonly string[]): boolean {
    const [from, to] = [this.shapeOf(wide), this.shapeOf(small)];
    if (!from || !to) return false;
    return from.every((dim, axis) => {
      const own = to[axis - from.length + to.length];
      if (own === dim || dim === 1) return dim !== null;
      return others.some((name) => {
        const other = this.shapeOf(name);
        return dim !== null && other?.[axis - from.length + other.length] === dim;
      });
    });
  }

  private isPassed(entry: NodeEntry): boolean {
    return isOp(entry, 'Expand', ...passing) && entry.node.outputs.length === 1;
  }

  private small(name: string): string {
    const known = this.found.get(name);
    if (known !== undefined) return known;
    // Until it is settled it is itself: a circle ends here.
    this.found.set(name, name);
    const entry = name === '' ? undefined : producerOf(this.scope, name);
    const small = entry?.scope === this.scope ? this.smallOf(entry, name) : name;
    this.found.set(name, small);
    return small;
  }

  private smallOf(entry: NodeEntry, name: string): string {
    const [first = '', second = ''] = entry.node.inputs;
    if (isOp(entry, 'Expand')) return this.small(first);
    if (isOp(entry, 'And') && this.isTrue(first)) return this.small(second);
    if (isOp(entry, 'And') && this.isTrue(second)) return this.small(first);
    if (isOp(entry, 'Cast') && this.keepsType(entry)) return this.small(first);
    return this.isPassed(entry) ? this.passed(entry, name) : name;
  }

  private keepsType({ node, scope }: NodeEntry): boolean {
    const type = this.shapes.typeOf(scope, node.inputs[0] ?? '');
    return type !== undefined && type.dtype === dtypeOf(intAttribute(node, 'to', 0));
  }

  /** The node on small inputs, where one is smaller and the others are single numbers. */
  private passed(entry: NodeEntry, name: string): string {
    const { node } = entry;
    const inputs = node.inputs.map((input) => this.small(input));
    const spread = inputs.filter((input, i) => input !== node.inputs[i]);
    const rest = inputs.filter((input, i) => input === node.inputs[i]);
    const isScalar = (input: string) => storedScalar(this.bench, this.scope, input) !== undefined;
    if (spread.length !== 1 || !rest.every(isScalar)) return name;
    const made = this.bench.names.fresh(`${name}_small`);
    this.shapeOfMade.set(made, this.shapeOf(spread[0] ?? ''));
    const next = { ...node, name: made, inputs, outputs: [made] };
    this.copies.push({ entry, node: next });
    return made;
  }

  /** A condition that always holds. */
  private isTrue(name: string, depth = 0): boolean {
    const { bench, scope, shapes } = this;
    const entry = producerOf(scope, name);
    const elements = shapes.elementsOf(scope, name);
    if (elements?.length && elements.every((element) => element === 1)) return true;
    if (!entry || entry.scope !== scope || depth > deepest) return false;
    const [first = '', second = ''] = entry.node.inputs;
    const holds = (input: string) => this.isTrue(input, depth + 1);
    if (isOp(entry, 'Cast', 'Identity', 'Expand')) return holds(first);
    if (isOp(entry, 'And')) return holds(first) && holds(second);
    if (isOp(entry, 'ConstantOfShape')) return isOne(entry);
    const limit = storedScalar(bench, scope, second);
    const counts = isOp(entry, 'GreaterOrEqual') && limit !== undefined && limit <= 0;
    return counts && rampOf(bench, shapes, scope, first) !== undefined;
  }
}

function isOne({ node }: NodeEntry): boolean {
  const value = tensorAttribute(node, 'value');
  return value !== undefined && elementCount(value.shape) === 1 && tensorValues(value)[0] === 1;
}

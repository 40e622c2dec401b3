import { makeAttribute, makeNode } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { consumersOf, type NodeEntry, type Scope, scopeOf } from '../../onnx/graph';
import type { Node, Tensor } from '../../onnx/model';
import type { Shapes } from '../../onnx/shapes/shapes';
import { constantTensor } from '../../structure/constants';
import type { Workbench } from '../action';
import { halfOperator } from './operators';
import { countBeyond, halfTensor, halfZero, smallHalfTensor } from './values';

/** Codes of ONNX's element types. */
const [float32, float16] = [1, 10];

/** Tensors that held numbers beyond float16's range, and how many. */
export type Beyond = ReadonlyMap<string, number>;

type Names = Map<Scope, Map<string, string>>;

interface Work {
  readonly bench: Workbench;
  readonly shapes: Shapes;
  readonly chosen: ReadonlySet<NodeEntry>;
  /** Names in float16 of what a graph holds or makes: its bodies may read them too. */
  readonly halves: Names;
  /** Of values that are cast, by the graph in which they are: the nodes after that Cast may read them. */
  readonly casts: Names;
  readonly tensors: Edit[];
  readonly beyond: Map<string, number>;
}

/**
 * The nodes in float16, with a Cast where a value passes between them and the others; what the graph takes and gives keeps its type.
 * `chosen` stands in the order of the file.
 */
export function halfEdits(
  bench: Workbench,
  shapes: Shapes,
  chosen: ReadonlySet<NodeEntry>,
): { readonly edits: readonly Edit[]; readonly beyond: Beyond } {
  const work: Work = {
    ...{ bench, shapes, chosen },
    ...{ halves: new Map(), casts: new Map(), tensors: [], beyond: new Map() },
  };
  for (const entry of chosen) nameOutputs(work, entry);
  const nodes = [...chosen].map((entry) => converted(work, entry));
  return { edits: [...work.tensors, ...nodes], beyond: work.beyond };
}

/** Gives what the node makes its name in float16; a body may read it before its place in the list comes. */
function nameOutputs(work: Work, entry: NodeEntry): void {
  for (const [at, name] of entry.node.outputs.entries()) {
    if (name !== '' && isHalved(work, entry, name, halfOperator(entry)?.wide?.includes(at))) {
      remember(work, work.halves, entry.scope, name);
    }
  }
}

function remember({ bench }: Work, names: Names, scope: Scope, name: string): string {
  return noted(names, scope, name, bench.names.fresh(`${name}_half`));
}

function noted(names: Names, scope: Scope, name: string, half: string): string {
  const known = names.get(scope) ?? new Map<string, string>();
  names.set(scope, known.set(name, half));
  return half;
}

function isHalved({ shapes }: Work, { scope }: NodeEntry, name: string, stays?: boolean): boolean {
  return name !== '' && !stays && shapes.typeOf(scope, name)?.dtype === 'float32';
}

function converted(work: Work, entry: NodeEntry): Edit {
  const { node, scope } = entry;
  const before: Node[] = [];
  const after: Node[] = [];
  const keeps = halfOperator(entry)?.keeps;
  const inputs = node.inputs.map((name, at) =>
    isHalved(work, entry, name, keeps?.includes(at)) ? halfOf(work, scope, name, before) : name,
  );
  const outputs = node.outputs.map((name) => {
    const half = work.halves.get(scope)?.get(name);
    if (half === undefined) return name;
    if (isReadWhole(work, scope, name)) after.push(cast(half, name, float32));
    return half;
  });
  const made = { ...retyped(work, node), inputs, outputs };
  return { kind: 'replaceNode', entry, nodes: [...before, made, ...after] };
}

/** The value in float16: stored so, made so, or cast by a node in `before`, for this node and those after it in the same graph. */
function halfOf(work: Work, scope: Scope, name: string, before: Node[]): string {
  const owner = scopeOf(scope, name) ?? scope;
  const known = work.halves.get(owner)?.get(name) ?? work.casts.get(scope)?.get(name);
  if (known !== undefined) return known;
  const stored = storedFloats(owner, name);
  if (stored) return store(work, owner, name, stored);
  const half = remember(work, work.casts, scope, name);
  before.push(cast(name, half, float16));
  return half;
}

function store(work: Work, scope: Scope, name: string, stored: Tensor): string {
  const { open } = work.bench;
  const half = keepsName(work, scope, name)
    ? noted(work.halves, scope, name, name)
    : remember(work, work.halves, scope, name);
  const count = countBeyond(stored, open);
  if (count > 0) work.beyond.set(name, count);
  work.tensors.push({ kind: 'setTensor', scope, tensor: halfTensor(half, stored, work.bench) });
  return half;
}

/** A tensor that nobody needs in float32 any more, and of which nothing else says so: layers are named by their weights. */
function keepsName(work: Work, scope: Scope, name: string): boolean {
  const { graph, initializers, inputNames } = scope;
  const isDescribed = inputNames.has(name) || graph.values.some((value) => value.name === name);
  return initializers.has(name) && !isDescribed && !isReadWhole(work, scope, name);
}

function storedFloats(scope: Scope, name: string): Tensor | undefined {
  const node = scope.producers.get(name)?.node;
  const tensor =
    node?.op === 'Constant'
      ? constantTensor(node)
      : node
        ? undefined
        : scope.initializers.get(name);
  return tensor?.dtype === 'float32' ? tensor : undefined;
}

/** Whether somebody needs the value in float32: a node that stays there, or who runs the graph. */
function isReadWhole({ chosen }: Work, scope: Scope, name: string): boolean {
  return (
    scope.graph.outputs.some((output) => output.name === name) ||
    consumersOf(scope, name).some((reader) => !chosen.has(reader) || keepsInput(reader, name))
  );
}

function keepsInput(reader: NodeEntry, name: string): boolean {
  const keeps = halfOperator(reader)?.keeps ?? [];
  return keeps.some((at) => reader.node.inputs[at] === name);
}

/** Operators whose attributes say which type they make. */
function retyped(work: Work, node: Node): Node {
  const attributes = new Map(node.attributes);
  if (node.op === 'Cast') attributes.set('to', makeAttribute('to', float16));
  if (node.op === 'ConstantOfShape') {
    const value = attributes.get('value');
    const filled = value?.kind === 'tensor' ? filling(work, node, value.value) : halfZero();
    attributes.set('value', makeAttribute('value', filled));
  }
  return { ...node, attributes };
}

function filling({ bench, beyond }: Work, { outputs }: Node, value: Tensor): Tensor {
  const count = countBeyond(value, bench.open);
  if (count > 0) beyond.set(outputs[0] ?? '', count);
  return smallHalfTensor(value, bench.open);
}

function cast(from: string, to: string, type: number): Node {
  // The runtime (1.30) looks for what a Cast makes by the node's name, and ends the process where the two differ (its issue 32405).
  return makeNode('Cast', [from], [to], { name: to, to: type });
}

import { intAttribute } from '../../onnx/attributes';
import type { NodeEntry, Scope } from '../../onnx/graph';
import type { Node } from '../../onnx/model';
import { inferShapes } from '../../onnx/shapes/infer';
import type { Shapes } from '../../onnx/shapes/shapes';
import { storedBytes } from '../../onnx/weights';
import type { Layer } from '../../structure/structure';
import { fits, type Saving, type Workbench } from '../action';

/** What preparations have in common: they change no answer, so that they save no bytes by themselves. */
export const exact = {
  group: 'prepare',
  speed: 'same',
  data: 'none',
  estimate: unchanged,
} as const;

/** An exact preparation of the graph as a whole, which every layer may ask for. */
export const wholeModel = { ...exact, scope: 'model', appliesTo: () => fits } as const;

/** The layer's bytes, before and after alike. */
export function unchanged({ weights }: Layer): Saving {
  const bytes = weights.reduce((sum, { tensor }) => sum + storedBytes(tensor), 0);
  return { before: bytes, after: bytes };
}

/** Shapes that hold for every input: nothing that an exporter recorded, sizes that differ from run to run as symbols. */
export function certainShapes({ structure, open }: Workbench): Shapes {
  return inferShapes(structure.index, { sizes: new Map(), open, certain: true });
}

export const isStandard = ({ domain }: Node) => domain === '' || domain === 'ai.onnx';

/** Whether a node is the standard operator `op`. */
export function isOp({ node }: NodeEntry, ...ops: readonly string[]): boolean {
  return isStandard(node) && ops.includes(node.op);
}

/** Whether the value is what a graph or a body gives out. */
export function isOutput(scope: Scope, name: string): boolean {
  return scope.graph.outputs.some((output) => output.name === name);
}

/** The version of the standard operators that the model asks for. */
export function standardOpset({ structure }: Workbench): number {
  const { opsets } = structure.index.model;
  return opsets.get('') ?? opsets.get('ai.onnx') ?? 1;
}

/** An axis counted from the front. */
export const fromFront = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

export const axisAttribute = (node: Node, fallback: number, rank: number) =>
  fromFront(intAttribute(node, 'axis', fallback), rank);

/** The node with some attributes left out and others set. */
export function withAttributes(
  node: Node,
  left: readonly string[],
  set: Node['attributes'] = new Map(),
): Node {
  const kept = [...node.attributes].filter(([name]) => !left.includes(name));
  return { ...node, attributes: new Map([...kept, ...set]) };
}

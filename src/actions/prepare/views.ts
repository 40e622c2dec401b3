import { intAttribute, intsAttribute } from '../../onnx/attributes';
import type { Edit } from '../../onnx/edit';
import { producerOf, type NodeEntry, type Scope } from '../../onnx/graph';
import type { Dim } from '../../onnx/model';
import type { Shapes } from '../../onnx/shapes/shapes';
import type { Workbench } from '../action';
import { Constants, storedScalar } from './constants';
import { constantTarget } from './targets';
import { axisAttribute, fromFront, isOp } from './whole';

/** A tensor of indices that grows by a fixed step along each axis, from 0 on: Σ step · index. */
interface Ramp {
  readonly shape: readonly Dim[];
  /** Factors of each step; undefined for 0. */
  readonly steps: readonly (readonly Dim[] | undefined)[];
}

/** A product of sizes in an order of its own, so that equal ones are equal texts. */
function productKey(dims: readonly Dim[]): string {
  const factor = dims.reduce<number>((all, dim) => (typeof dim === 'number' ? all * dim : all), 1);
  const symbols = dims.filter((dim) => typeof dim === 'string').sort();
  return dims.includes(null) ? 'unknown' : [factor, ...symbols].join(' ');
}

/** Ramps are made of few nodes; this bounds the work on graphs that double at every step. */
const deepest = 10;

/** The value as a ramp, where it is made of Range by adding axes, scaling with sizes and summing up. */
export function rampOf(
  bench: Workbench,
  shapes: Shapes,
  scope: Scope,
  name: string,
  depth = 0,
): Ramp | undefined {
  const entry = producerOf(scope, name);
  const shape = shapes.typeOf(scope, name)?.shape;
  if (!entry || !shape || depth > deepest) return undefined;
  const { node } = entry;
  const [first = '', second = '', third = ''] = node.inputs;
  const of = (input: string) => rampOf(bench, shapes, scope, input, depth + 1);
  if (isOp(entry, 'Range')) {
    const counts =
      storedScalar(bench, scope, first) === 0 && storedScalar(bench, scope, third) === 1;
    return counts ? { shape, steps: [[]] } : undefined;
  }
  if (isOp(entry, 'Cast', 'Identity')) return of(first);
  if (isOp(entry, 'Unsqueeze')) return unsqueezed(of(first), shape, axesOf(entry, shapes));
  if (isOp(entry, 'Mul')) return scaled(of(first), shape, shapes.elementsOf(scope, second));
  return isOp(entry, 'Add') ? summed(of(first), of(second), shape) : undefined;
}

const axesOf = ({ node, scope }: NodeEntry, shapes: Shapes) =>
  intsAttribute(node, 'axes') ?? shapes.constantOf(scope, node.inputs[1] ?? '');

function unsqueezed(
  ramp: Ramp | undefined,
  shape: readonly Dim[],
  axes: readonly number[] | undefined,
): Ramp | undefined {
  if (!ramp || !axes) return undefined;
  const added = new Set(axes.map((axis) => fromFront(axis, shape.length)));
  const rest = [...ramp.steps];
  return { shape, steps: shape.map((_, axis) => (added.has(axis) ? undefined : rest.shift())) };
}

function scaled(
  ramp: Ramp | undefined,
  shape: readonly Dim[],
  factors: readonly Dim[] | undefined,
): Ramp | undefined {
  const [factor = null, ...more] = factors ?? [];
  if (!ramp || factor === null || more.length > 0 || ramp.shape.length !== shape.length) {
    return undefined;
  }
  return { shape, steps: ramp.steps.map((step) => step && [...step, factor]) };
}

function summed(a: Ramp | undefined, b: Ramp | undefined, shape: readonly Dim[]): Ramp | undefined {
  if (!a || !b || a.shape.length !== b.shape.length) return undefined;
  if (a.steps.some((step, axis) => step && b.steps[axis])) return undefined;
  return { shape, steps: a.steps.map((step, axis) => step ?? b.steps[axis]) };
}

/** Whether a ramp counts the elements of its shape one by one, in their order. */
function countsAll({ shape, steps }: Ramp): boolean {
  const inner: Dim[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? null;
    if (size === 1) continue;
    const step = steps[axis];
    if (!step || productKey(step) !== productKey(inner)) return false;
    inner.push(size);
  }
  return productKey(inner) !== 'unknown';
}

/** What a value is another shape of: the same elements in the same order; the value itself where it is none. */
function sourceOf(bench: Workbench, shapes: Shapes, scope: Scope, name: string): string {
  let source = name;
  for (let left = longestChain; left > 0; left--) {
    const entry = producerOf(scope, source);
    if (!entry || entry.scope !== scope) break;
    const isView = isOp(entry, 'Reshape', 'Flatten', 'Unsqueeze', 'Squeeze');
    if (!isView && !countsInOrder(bench, shapes, entry)) break;
    source = entry.node.inputs[0] ?? '';
  }
  return source;
}

/** Of views of views, as far as they are gone through. */
const longestChain = 16;

/** A Gather that looks up every element of a flat view, in order. */
function countsInOrder(bench: Workbench, shapes: Shapes, entry: NodeEntry): boolean {
  const { node, scope } = entry;
  if (!isOp(entry, 'Gather')) return false;
  const [input = '', indices = ''] = node.inputs;
  const flat = shapes.typeOf(scope, input)?.shape;
  const source = shapes.typeOf(scope, sourceOf(bench, shapes, scope, input))?.shape;
  if (!flat || !source || axisAttribute(node, 0, flat.length) !== 0) return false;
  if (flat.slice(1).some((dim) => dim !== 1)) return false;
  const ramp = rampOf(bench, shapes, scope, indices);
  return ramp !== undefined && countsAll(ramp) && productKey(ramp.shape) === productKey(source);
}

/** Reshapes of other views become reshapes of what these are views of. */
export function viewEdits(bench: Workbench, shapes: Shapes): Edit[] {
  const { main } = bench.structure.index;
  return main.entries.flatMap((entry): Edit[] => {
    const [input = ''] = entry.node.inputs;
    const [output = ''] = entry.node.outputs;
    if (!isOp(entry, 'Reshape') || intAttribute(entry.node, 'allowzero', 0) !== 0) return [];
    const source = sourceOf(bench, shapes, main, input);
    if (source === input) return [];
    const target = constantTarget(
      shapes.typeOf(main, source)?.shape,
      shapes.typeOf(main, output)?.shape,
    );
    if (!target) return [];
    const constants = new Constants(bench, main);
    const name = constants.integers(`${output}_shape`, target);
    const next = { ...entry.node, inputs: [source, name] };
    return [...constants.edits, { kind: 'replaceNode', entry, nodes: [next] }];
  });
}

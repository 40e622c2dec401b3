import type { DType } from '../../tensor/dtype';
import type { Dim, Node, Tensor } from '../model';
import { countOf, isNumeric, type Shape } from './dims';

/** What is known of one value: more than its type where it is a small tensor that shapes are computed from. */
export interface Fact {
  readonly dtype: DType;
  readonly shape: Shape | undefined;
  /** The elements in row-major order, of a small tensor that does not depend on the model's data. */
  readonly data?: readonly Dim[] | undefined;
  /** The value of every element, of a tensor too large for `data`. */
  readonly fill?: number | undefined;
  /** The weight or constant that the value is; decoded when a rule asks. */
  readonly tensor?: Tensor | undefined;
}

/** Tensors with more elements are weights or activations and not shapes. */
export const maxElements = 1024;

/** One node as a rule sees it. */
export interface NodeView {
  readonly node: Node;
  /** Version of the node's domain that the model asks for. */
  readonly opset: number;
  /** What is known of each input; undefined for one that is left out or unknown. */
  readonly inputs: readonly (Fact | undefined)[];
  /** Elements of a small tensor, decoded if need be. */
  readonly decode: (fact: Fact) => readonly Dim[] | undefined;
  /** Infers a body with these facts for its inputs; undefined where there is no such body. */
  readonly body: (attribute: string, inputs: readonly (Fact | undefined)[]) => Body | undefined;
  /** How many bodies the node lies in. */
  readonly depth: number;
}

/** What became of a body. */
export interface Body {
  readonly outputs: readonly (Fact | undefined)[];
  /** False where values in it do not fit each other, so that it cannot run. */
  readonly fits: boolean;
}

/** Facts of a node's outputs, in order; undefined (or left off the end) where nothing is known. */
export type Rule = (view: NodeView) => readonly (Fact | undefined)[];

/** Undefined for an input that is left out, or of which not even the rank is known. */
export function shapeOf(view: NodeView, input: number): Shape | undefined {
  return view.inputs[input]?.shape;
}

/** Undefined for an input that is left out or unknown. */
export function dtypeOf(view: NodeView, input: number): DType | undefined {
  return view.inputs[input]?.dtype;
}

/** The input's elements, where it is a small tensor that does not depend on the data. */
export function dataOf(view: NodeView, input: number): readonly Dim[] | undefined {
  const fact = view.inputs[input];
  return fact && view.decode(fact);
}

/** The input's elements where all of them are numbers. */
export function numbersOf(view: NodeView, input: number): readonly number[] | undefined {
  const data = dataOf(view, input);
  return isNumeric(data) ? data : undefined;
}

/** The input's only element. */
export function scalarOf(view: NodeView, input: number): Dim | undefined {
  const data = dataOf(view, input);
  return data?.length === 1 ? data[0] : undefined;
}

/** False for an optional input that is left out. */
export function isGiven(view: NodeView, input: number): boolean {
  return Boolean(view.node.inputs[input]);
}

/** A fact, or nothing where the element type is not known. */
export function fact(dtype: DType | undefined, shape: Shape | undefined): Fact | undefined {
  return dtype && { dtype, shape };
}

/** A fact with elements; they are dropped where they are too many or do not fit the shape. */
export function factOf(
  dtype: DType | undefined,
  shape: Shape | undefined,
  data: readonly Dim[] | undefined,
): Fact | undefined {
  const fits = data && data.length <= maxElements && countOf(shape) === data.length;
  return dtype && (fits ? { dtype, shape, data } : { dtype, shape });
}

/** The same elements under another shape. */
export function reshaped(view: NodeView, input: number, shape: Shape | undefined) {
  const source = view.inputs[input];
  if (!source) return undefined;
  const result = factOf(source.dtype, shape, carriesData(source) ? view.decode(source) : undefined);
  return result && source.fill !== undefined ? { ...result, fill: source.fill } : result;
}

/** Cheap test before decoding: may this be a shape, an index or another small constant? */
export function carriesData(source: Fact): boolean {
  return source.data !== undefined || source.tensor !== undefined || source.fill !== undefined;
}

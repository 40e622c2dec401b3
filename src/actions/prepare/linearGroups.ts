import type { Layer } from '../../structure/structure';
import { linearFit, linearOf, type Linear } from '../linear';
import { storedFloats } from './constants';
import { isOp } from './whole';

export interface Member {
  readonly layer: Layer;
  readonly linear: Linear;
}

/** Linears that read one value. */
export interface Group {
  readonly input: string;
  readonly members: readonly Member[];
}

/** The layer as a MatMul or Gemm that reads a stored float32 weight directly; undefined for others. */
export function plainLinear(layer: Layer): Linear | undefined {
  const linear = linearFit(layer).fits ? linearOf(layer) : undefined;
  const isPlain = linear && isOp(layer.main, 'MatMul', 'Gemm');
  return isPlain && storedFloats(layer.main.scope, linear.node.inputs[1] ?? '')
    ? linear
    : undefined;
}

/** The plain linears among the layers, by the value that they read. */
export function groupsOf(layers: readonly Layer[]): Group[] {
  const groups = new Map<string, Member[]>();
  for (const layer of layers) {
    const linear = plainLinear(layer);
    if (!linear) continue;
    const [input = ''] = linear.node.inputs;
    groups.set(input, [...(groups.get(input) ?? []), { layer, linear }]);
  }
  return [...groups].map(([input, members]) => ({ input, members }));
}

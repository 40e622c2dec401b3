import { makeNode, makeTensor } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import { type Scope, scopeOf } from '../onnx/graph';
import type { Tensor } from '../onnx/model';
import type { OpenExternal } from '../onnx/shapes/shapes';
import { floatValues } from '../onnx/weights';
import type { Layer, Weight } from '../structure/structure';
import { changedRows, channelsOf } from './channels';
import type { Change } from './sweep';

type ChangeRows = Extract<Change, { kind: 'weight' }>['change'];
type WithoutName<T> = T extends unknown ? Omit<T, 'name'> : never;

/** A change of a layer's weights, not yet named. */
export type Unnamed = WithoutName<Change>;

/**
 * Changes weights of a layer, all of them together. One initializer is changed by what a sweep does fastest; several, and one that a node of
 * the graph holds, by edits, for which `open` reads them.
 */
export function weightChange(
  layer: Layer,
  weights: readonly Weight[],
  change: ChangeRows,
  open: OpenExternal | undefined,
): Unnamed {
  const [first, ...more] = weights;
  const holder = first && scopeOf(layer.main.scope, first.name);
  if (first && more.length === 0 && holder?.initializers.has(first.name)) {
    return { kind: 'weight', change };
  }
  return {
    kind: 'edits',
    edits: () => weights.flatMap((each) => changedWeight(layer, each, change, open)),
  };
}

function changedWeight(
  layer: Layer,
  weight: Weight,
  change: ChangeRows,
  open: OpenExternal | undefined,
): Edit[] {
  const { name, tensor: stored } = weight;
  const scope = scopeOf(layer.main.scope, name);
  if (!scope) return [];
  const values = changedRows(change, floatValues(stored, open), channelsOf(layer, weight));
  return withTensor(scope, makeTensor(name, 'float32', stored.shape, values));
}

/** Nothing where the weight is neither stored nor held by a node. */
function withTensor(scope: Scope, tensor: Tensor): Edit[] {
  const { name } = tensor;
  if (scope.initializers.has(name)) return [{ kind: 'setTensor', scope, tensor }];
  const entry = scope.producers.get(name);
  if (entry?.node.op !== 'Constant') return [];
  const node = makeNode('Constant', [], [name], { name: entry.node.name, value: tensor });
  return [{ kind: 'replaceNode', entry, nodes: [node] }];
}

import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';
import { bodiesOf } from '../onnx/shapes/bodies';
import { operatorKey } from '../onnx/shapes/operator';
import type { Shapes } from '../onnx/shapes/shapes';

/**
 * Nodes in branches of If that sums leave out, since one run takes one branch: the one that a constant condition chooses or that alone can run, else the
 * one with more multiply-adds, or one of which they are not known.
 */
export function unchosenNodes(
  index: GraphIndex,
  shapes: Shapes,
  macs: ReadonlyMap<string, number | undefined>,
): ReadonlySet<string> {
  const bodies = bodiesOf(index);
  const left = new Set<string>();
  const leaveOut = (scope: Scope): void => {
    for (const entry of scope.entries) {
      left.add(entry.id);
      bodies.get(entry)?.forEach(leaveOut);
    }
  };
  const weigh = (scope: Scope): number =>
    scope.entries.reduce((sum, entry) => {
      const weights = (bodies.get(entry) ?? []).map(weigh);
      return sum + (macs.get(entry.id) ?? Infinity) + taken(entry, weights);
    }, 0);
  const taken = (entry: NodeEntry, weights: readonly number[]): number => {
    const scopes = bodies.get(entry) ?? [];
    if (operatorKey(entry.node) !== 'If') return weights.reduce((a, b) => a + b, 0);
    const chosen = chosenBranch(entry, scopes, shapes) ?? weights.indexOf(Math.max(...weights));
    scopes.forEach((scope, i) => {
      if (i !== chosen) leaveOut(scope);
    });
    return weights[chosen] ?? 0;
  };
  if (bodies.size > 0) weigh(index.main);
  return left;
}

/** Place among the bodies of the branch that a constant condition takes, or of the only one that can run at these sizes. */
function chosenBranch(
  entry: NodeEntry,
  scopes: readonly Scope[],
  shapes: Shapes,
): number | undefined {
  const condition = shapes.constantOf(entry.scope, entry.node.inputs[0] ?? '')?.[0];
  const able = scopes.filter((scope) => shapes.fits(scope));
  if (condition === undefined)
    return able.length === 1 ? scopes.findIndex((scope) => scope === able[0]) : undefined;
  const branch = entry.node.attributes.get(condition ? 'then_branch' : 'else_branch');
  return scopes.findIndex((scope) => branch?.kind === 'graph' && scope.graph === branch.value);
}

import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';

/** Values that follow from the model's constants alone: the runtime computes them once, when it loads the model. Bodies are run. */
export interface FoldedValues {
  has(scope: Scope, name: string): boolean;
}

/** Finds them, in the order of the file. */
export function foldedValues(index: GraphIndex): FoldedValues {
  const folded = new Map<Scope, Set<string>>();
  const owners = new Set(index.scopes.map((scope) => scope.owner));
  const has = (scope: Scope, name: string): boolean => {
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      if (at.initializers.has(name) || folded.get(at)?.has(name)) return true;
      if (at.producers.has(name) || at.inputNames.has(name)) return false;
    }
    return false;
  };
  for (const scope of index.scopes) {
    const own = new Set(scope.graph.sparseInitializers.map((sparse) => sparse.values.name));
    folded.set(scope, own);
    for (const entry of scope.entries) {
      if (!owners.has(entry) && isFolded(entry, has))
        for (const name of entry.node.outputs) own.add(name);
    }
  }
  return { has };
}

function isFolded(entry: NodeEntry, has: FoldedValues['has']): boolean {
  const { node, scope } = entry;
  if (node.op === 'Constant') return true;
  // Without inputs it draws random numbers.
  if (node.inputs.length === 0 || /^Random|^Bernoulli|^Multinomial/.test(node.op)) return false;
  return node.inputs.every((name) => !name || has(scope, name));
}

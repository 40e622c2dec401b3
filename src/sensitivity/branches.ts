import { throwIfAborted } from '../base/cancel';
import { subgraphs } from '../onnx/attributes';
import { watching } from '../onnx/edit';
import { type GraphIndex, scopeOf, type NodeEntry, type Scope } from '../onnx/graph';
import { numbersOf } from '../runtime/arrays';
import type { Calibration } from '../runtime/calibration';
import type { Layer } from '../structure/structure';

/** Why a layer is left out that stands in a branch which no sample takes. */
export const notTaken =
  'No sample of the data runs this layer: it is in a branch that is not taken.';

/**
 * Tells layers that no sample of the data runs: they stand in a branch of an If whose condition, computed in the main graph, never chose it.
 * The conditions are fetched in one run over the data, which is not run where the model has no such If. A branch whose condition is
 * computed inside a body counts as taken.
 */
export async function unrunLayers(
  index: GraphIndex,
  data: Calibration,
  { signal }: { readonly signal: AbortSignal | undefined },
): Promise<(layer: Pick<Layer, 'nodes'>) => boolean> {
  const choices = index.entries.filter((entry) => entry.node.op === 'If' && isSeen(index, entry));
  const taken = choices.length > 0 ? await takenBranches(index, choices, data, signal) : undefined;
  const isUnrun = (scope: Scope): boolean => {
    const { owner, graph, parent } = scope;
    const branches = owner && taken?.get(conditionOf(owner));
    const wasTaken = !branches || !isSeen(index, owner) || branches.has(branchOf(owner, graph));
    return !wasTaken || (parent !== undefined && isUnrun(parent));
  };
  return ({ nodes }) => nodes.every(({ scope }) => isUnrun(scope));
}

const conditionOf = ({ node }: NodeEntry) => node.inputs[0] ?? '';

/** Whether a condition is computed in the main graph or fed to it, so that it can be fetched. */
function isSeen({ main }: GraphIndex, entry: NodeEntry): boolean {
  const name = conditionOf(entry);
  return scopeOf(entry.scope, name) === main && !main.initializers.has(name);
}

/** By condition, the attributes of the branches that it chose. */
async function takenBranches(
  index: GraphIndex,
  choices: readonly NodeEntry[],
  data: Calibration,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const names = [...new Set(choices.map(conditionOf))];
  const computed = names.filter((name) => index.main.producers.has(name));
  const taken = new Map(names.map((name) => [name, new Set<string>()]));
  const session = computed.length > 0 ? await data.load(watching(index, computed)) : undefined;
  try {
    for (const { feeds } of data.batches()) {
      throwIfAborted(signal);
      const outputs = (await session?.run(feeds, computed))?.outputs ?? {};
      for (const name of names) {
        const value = outputs[name] ?? feeds[name];
        const isChosen = value === undefined || Number(numbersOf(value)?.[0] ?? 0) !== 0;
        taken.get(name)?.add(isChosen ? 'then_branch' : 'else_branch');
      }
    }
  } finally {
    await session?.release();
  }
  return taken;
}

function branchOf({ node }: NodeEntry, graph: Scope['graph']): string {
  return subgraphs(node).find((body) => body.graph === graph)?.attribute ?? '';
}

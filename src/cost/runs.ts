import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';
import { countOf } from '../onnx/shapes/dims';
import { operatorKey } from '../onnx/shapes/operator';
import type { Shapes } from '../onnx/shapes/shapes';
import { intAttribute, intsAttribute } from '../onnx/attributes';

/** How often the nodes of a graph run when the model runs once, or why it cannot be told. */
export type Runs = { readonly times: number } | { readonly why: string };

/** How often every graph of the model runs. The branches of If each count as taken; see `unchosen`. */
export function runsOf(index: GraphIndex, shapes: Shapes): ReadonlyMap<Scope, Runs> {
  const runs = new Map<Scope, Runs>();
  // Scopes stand outer before inner.
  for (const scope of index.scopes) {
    const outer = scope.parent && runs.get(scope.parent);
    const own: Runs = scope.owner ? bodyRuns(scope.owner, scope, shapes) : { times: 1 };
    if (!outer || 'why' in own) runs.set(scope, outer && 'why' in outer ? outer : own);
    else runs.set(scope, 'why' in outer ? outer : { times: outer.times * own.times });
  }
  return runs;
}

function bodyRuns(owner: NodeEntry, scope: Scope, shapes: Shapes): Runs {
  switch (operatorKey(owner.node)) {
    case 'If':
      return { times: 1 };
    case 'Loop':
      return loopRuns(owner, scope, shapes);
    case 'Scan':
      return scanRuns(owner, shapes);
    // Its bodies are applied to all scores at once.
    case 'ai.onnx.preview.FlexAttention':
      return { times: 1 };
    default:
      return { why: `It runs inside ${owner.id}, and how often is not known.` };
  }
}

/** Known where the number of iterations is a constant and the condition never ends the loop before. */
function loopRuns(owner: NodeEntry, body: Scope, shapes: Shapes): Runs {
  const [most = '', condition = ''] = owner.node.inputs;
  const times = most ? shapes.constantOf(owner.scope, most)?.[0] : undefined;
  const begins = !condition || shapes.constantOf(owner.scope, condition)?.[0] === 1;
  const goesOn = shapes.constantOf(body, body.graph.outputs[0]?.name ?? '')?.[0] === 1;
  if (condition && shapes.constantOf(owner.scope, condition)?.[0] === 0) return { times: 0 };
  if (times !== undefined && begins && goesOn) return { times: Math.max(0, times) };
  return { why: `It runs inside ${owner.id}, whose number of iterations depends on the data.` };
}

/** As often as the scanned inputs are long. */
function scanRuns(owner: NodeEntry, shapes: Shapes): Runs {
  const { node, scope } = owner;
  const scanned = intAttribute(node, 'num_scan_inputs', 0);
  const first = node.inputs[node.inputs.length - scanned] ?? '';
  const shape = shapes.typeOf(scope, first)?.shape;
  const axis = intsAttribute(node, 'scan_input_axes')?.[0] ?? 0;
  // Opset 8 has a batch of sequences; its body does not see the batch, so its inputs have two dimensions less.
  const batched = node.inputs.length > 0 && node.inputs[0] === '';
  const length = batched ? countOf(shape?.slice(0, 2)) : countOf(shape?.slice(axis).slice(0, 1));
  if (length !== undefined) return { times: length };
  return { why: `It runs inside ${owner.id}, and how long ${first} is is not known.` };
}

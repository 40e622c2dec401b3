import type { GraphIndex, NodeEntry, Scope } from '../onnx/graph';
import { countOf, isNumeric } from '../onnx/shapes/dims';
import { isMisfit } from '../onnx/shapes/fit';
import { operatorKey } from '../onnx/shapes/operator';
import { ruleOf } from '../onnx/shapes/rules';
import type { Shapes } from '../onnx/shapes/shapes';
import { typeBytes, viewOf } from '../onnx/shapes/view';
import type { Unknown } from './cost';
import { nodeMacs, whyUnknown } from './macs';
import { runsOf, type Runs } from './runs';

/** Multiply-adds of every node as often as it runs, by id; those that cannot be told are put on the list. */
export function countMacs(
  index: GraphIndex,
  shapes: Shapes,
  unknown: Unknown[],
): ReadonlyMap<string, number | undefined> {
  const runs = runsOf(index, shapes);
  const macs = new Map<string, number | undefined>();
  for (const entry of index.entries) {
    const counted = runMacs(entry, shapes, runs.get(entry.scope) ?? { times: 1 });
    if (typeof counted === 'number') macs.set(entry.id, counted);
    else {
      macs.set(entry.id, undefined);
      unknown.push({ node: entry.id, what: 'macs', why: counted.why });
    }
  }
  return macs;
}

function runMacs(entry: NodeEntry, shapes: Shapes, runs: Runs): number | { readonly why: string } {
  const once = nodeMacs(entry, shapes);
  if ('why' in once) return cannotRun(entry, shapes) ? { why: deadBranch } : once;
  if (once.macs === 0) return 0;
  return 'why' in runs ? runs : once.macs * runs.times;
}

const deadBranch = 'It lies in a branch that cannot run at these sizes.';

/** Whether a node lies in a body that cannot run while the model itself can. */
function cannotRun(entry: NodeEntry, shapes: Shapes): boolean {
  let fits = true;
  for (let at: Scope | undefined = entry.scope; at; at = at.parent) {
    if (!at.parent) return !fits && shapes.fits(at);
    fits &&= shapes.fits(at);
  }
  return false;
}

/** Puts every node on the list that writes something of unknown size, or would not run. */
export function listUnknownShapes(index: GraphIndex, shapes: Shapes, unknown: Unknown[]): void {
  for (const entry of index.entries) {
    const why = whyNoShape(entry, shapes);
    if (why) unknown.push({ node: entry.id, what: 'shape', why });
  }
}

function whyNoShape(entry: NodeEntry, shapes: Shapes): string | undefined {
  const { node, scope } = entry;
  const isUnknown = node.outputs.some(
    (name) => name && typeBytes(shapes.typeOf(scope, name)) === undefined,
  );
  if (isUnknown && cannotRun(entry, shapes)) return deadBranch;
  if (isUnknown) {
    return ruleOf(node)
      ? whyUnknown(entry, shapes)
      : `The operator ${operatorKey(node)} is not known.`;
  }
  const key = operatorKey(node);
  if (key === 'Reshape') return whyMisfit(entry, shapes);
  const isBeyond = key === 'Gather' && isMisfit(viewOf(entry, shapes), []);
  return isBeyond
    ? 'Rows beyond its table are asked for: at these sizes the model will not run.'
    : undefined;
}

/** A target that was fixed for other sizes: the shape that it must stand for is counted, but the model would not run. */
function whyMisfit({ node, scope }: NodeEntry, shapes: Shapes): string | undefined {
  const source = shapes.typeOf(scope, node.inputs[0] ?? '')?.shape;
  const target = shapes.constantOf(scope, node.inputs[1] ?? '');
  if (!isNumeric(source) || !target || target.some((dim) => dim < 1)) return undefined;
  if (countOf(source) === countOf(target)) return undefined;
  return `Its target [${target.join(', ')}] was fixed when the model was exported; at these sizes the model will not run.`;
}

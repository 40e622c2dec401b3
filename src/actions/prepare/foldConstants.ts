import { intAttribute } from '../../onnx/attributes';
import { computedTensor } from '../../onnx/builder';
import type { Edit } from '../../onnx/edit';
import { consumersOf, type NodeEntry, type Scope } from '../../onnx/graph';
import { elementCount, type Tensor } from '../../onnx/model';
import { isNumeric } from '../../onnx/shapes/dims';
import type { Shapes } from '../../onnx/shapes/shapes';
import { floatValues, storedBytes } from '../../onnx/weights';
import { defineAction, type Workbench } from '../action';
import { Constants, smallTensor, storedFloats, storedTensor } from './constants';
import { evaluations } from './evaluate';
import { maskEdits } from './maskArithmetic';
import { constantTarget } from './targets';
import { viewEdits } from './views';
import { certainShapes, isOp, isOutput, isStandard, wholeModel } from './whole';

/**
 * Computes once what does not depend on the input, drops nodes that nobody reads, and writes shapes that exporters compute at every run
 * as the constants they amount to (0 copies a size, −1 is the rest), so that the arithmetic behind them goes.
 */
export const foldConstants = defineAction({
  ...wholeModel,
  title: 'Fold constants',
  about:
    'Computes what never changes once, and drops dead nodes and shape arithmetic; the answers stay equal.',
  params: {},
  edits: (bench) => {
    const shapes = certainShapes(bench);
    const folding = bench.structure.index.entries.flatMap((entry) => edit(bench, shapes, entry));
    // What follows is told by shapes: it waits until these are constants.
    if (folding.length > 0) return [...fixedInputs(bench), ...folding];
    const views = viewEdits(bench, shapes);
    return [...fixedInputs(bench), ...(views.length > 0 ? views : maskEdits(bench, shapes))];
  },
});

function edit(bench: Workbench, shapes: Shapes, entry: NodeEntry): Edit[] {
  return (
    deadEdits(entry) ??
    integerEdits(shapes, entry) ??
    targetEdits(bench, shapes, entry) ??
    floatEdits(bench, shapes, entry) ??
    []
  );
}

/** Old files list initializers as inputs too; the runtime then takes none of them for a constant. */
function fixedInputs({ structure: { index } }: Workbench): Edit[] {
  return index.model.graph.inputs
    .filter(({ name }) => index.main.initializers.has(name))
    .map(({ name }) => ({ kind: 'fixInput', name }));
}

function deadEdits(entry: NodeEntry): Edit[] | undefined {
  const { node, scope } = entry;
  const isRead = node.outputs.some(
    (name) => name !== '' && (consumersOf(scope, name).length > 0 || isOutput(scope, name)),
  );
  return isRead ? undefined : [{ kind: 'replaceNode', entry, nodes: [] }];
}

/** The only output of a node, where a constant may take its place. */
function replaceable({ node, scope }: NodeEntry): string | undefined {
  const [output = '', ...others] = node.outputs;
  const isPlain = isStandard(node) && others.length === 0 && node.op !== 'Constant';
  return isPlain && !isOutput(scope, output) ? output : undefined;
}

/** An integer or truth value that is the same at every run. */
function integerEdits(shapes: Shapes, entry: NodeEntry): Edit[] | undefined {
  const { scope } = entry;
  const output = replaceable(entry);
  // What a body computes may differ from one time round to the next.
  if (output === undefined || scope.parent) return undefined;
  const type = shapes.typeOf(scope, output);
  const values = shapes.constantOf(scope, output);
  const isKnown = type && values && isNumeric(type.shape);
  if (!isKnown || elementCount(type.shape) !== values.length) return undefined;
  const tensor = smallTensor(output, type.dtype, type.shape, values);
  return asTensor(entry, tensor);
}

const asTensor = (entry: NodeEntry, tensor: Tensor): Edit[] => [
  { kind: 'setTensor', scope: entry.scope, tensor },
  { kind: 'replaceNode', entry, nodes: [] },
];

/** Writes the shape that a Reshape is given as a constant. */
function targetEdits(bench: Workbench, shapes: Shapes, entry: NodeEntry): Edit[] | undefined {
  const { node, scope } = entry;
  const [input = '', target = ''] = node.inputs;
  const computed = isOp(entry, 'Reshape') && !storedTensor(scope, target) && !scope.parent;
  if (!computed || intAttribute(node, 'allowzero', 0) !== 0) return undefined;
  const source = shapes.typeOf(scope, input)?.shape;
  const constant = constantTarget(source, shapes.elementsOf(scope, target));
  if (!constant) return undefined;
  const constants = new Constants(bench, scope);
  const name = constants.integers(`${node.outputs[0] ?? 'reshape'}_shape`, constant);
  const next = { ...node, inputs: [input, name] };
  return [...constants.edits, { kind: 'replaceNode', entry, nodes: [next] }];
}

/** A float value made of stored ones, unless the file would grow: storage that unpacks itself stays packed. */
function floatEdits(bench: Workbench, shapes: Shapes, entry: NodeEntry): Edit[] | undefined {
  const { node, scope } = entry;
  const output = replaceable(entry);
  const evaluate = isStandard(node) ? evaluations[node.op] : undefined;
  if (output === undefined || !evaluate) return undefined;
  const operands = evaluatedInputs(entry).map((name) => storedFloats(scope, name));
  if (operands.length === 0 || !operands.every((tensor) => tensor !== undefined)) return undefined;
  const made = evaluate(
    node,
    operands.map((tensor) => tensor.shape),
    (input) => shapes.constantOf(scope, node.inputs[input] ?? ''),
  );
  if (!made || grows(entry, operands, made.shape)) return undefined;
  const values = bench.remember(() =>
    made.compute(
      operands.map((tensor) => ({ shape: tensor.shape, data: floatValues(tensor, bench.open) })),
    ),
  );
  return asTensor(entry, computedTensor(output, 'float32', made.shape, values));
}

const views: readonly string[] = ['Transpose', 'Reshape', 'Unsqueeze', 'Squeeze'];

/** Inputs that hold values; the others of these operators are shapes. */
function evaluatedInputs({ node }: NodeEntry): readonly string[] {
  return views.includes(node.op) ? node.inputs.slice(0, 1) : node.inputs;
}

/** Below so many bytes a constant more does not matter. */
const small = 1024;

function grows(
  { scope, node }: NodeEntry,
  operands: readonly Tensor[],
  shape: readonly number[],
): boolean {
  const after = 4 * elementCount(shape);
  if (after <= small) return false;
  const freed = operands.filter((_, i) => isOnlyReader(scope, node.inputs[i] ?? ''));
  return after > freed.reduce((sum, tensor) => sum + storedBytes(tensor), 0);
}

function isOnlyReader(scope: Scope, name: string): boolean {
  return consumersOf(scope, name).length === 1 && !isOutput(scope, name);
}

import { intAttribute } from '../attributes';
import { axisOf, isNumeric } from './dims';
import { carriesData, type Fact, type NodeView } from './fact';
import { operatorKey } from './operator';

/** Operators whose results have sizes that follow from the sizes of their inputs and nothing else. */
const followsFromSizes = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Where', 'And', 'Or', 'Equal', 'Less', 'Greater'],
  ...['MatMul', 'MatMulInteger', 'QLinearMatMul', 'Gemm', 'LSTM', 'GRU', 'RNN'],
  ...['Conv', 'ConvInteger', 'QLinearConv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'LpPool'],
  ...['com.microsoft.FusedConv', 'com.microsoft.FusedMatMul', 'com.microsoft.FusedGemm'],
]);

/** As those, once the axes or the target are known: their second input. */
const followsFromConstants = new Set(['Squeeze', 'Reshape']);

/**
 * Whether a node cannot run: its inputs are known to the last size, and still no result follows from them, because they do not fit
 * each other or a window is larger than what it should move over.
 */
export function isMisfit(
  view: Pick<NodeView, 'node' | 'inputs' | 'decode'>,
  results: readonly (Fact | undefined)[],
): boolean {
  const { node, inputs } = view;
  const key = operatorKey(node);
  if (key === 'Gather') return takesBeyond(view);
  if (!followsFromSizes.has(key) && !followsFromConstants.has(key)) return false;
  if (isNumeric(results[0]?.shape)) return false;
  const isKnown = (name: string, i: number) => name === '' || isNumeric(inputs[i]?.shape);
  if (!node.inputs.every(isKnown)) return false;
  const second = inputs[1];
  return (
    !followsFromConstants.has(key) ||
    !second ||
    (carriesData(second) && isNumeric(view.decode(second)))
  );
}

/** Rows are asked for that a table does not have. */
function takesBeyond({
  node,
  inputs,
  decode,
}: Pick<NodeView, 'node' | 'inputs' | 'decode'>): boolean {
  const [table, rows] = inputs;
  if (!table?.shape || !rows || !carriesData(rows)) return false;
  const axis = axisOf(intAttribute(node, 'axis', 0), table.shape.length);
  const size = axis === undefined ? undefined : table.shape[axis];
  if (typeof size !== 'number') return false;
  return (decode(rows) ?? []).some(
    (row) => typeof row === 'number' && (row >= size || row < -size),
  );
}

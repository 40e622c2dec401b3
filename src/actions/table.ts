import { quantizeAffine } from '../kernels/affine';
import { intAttribute } from '../onnx/attributes';
import { computedTensor, makeNode } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import { scopeOf } from '../onnx/graph';
import { encodeElements } from '../tensor/decode';
import type { Layer, Weight } from '../structure/structure';
import { doesNotFit, fits, type Fit, type Workbench } from './action';
import { isSame, storedValue, type StoredValue } from './storedValue';

/** A table of rows that are looked up by index. */
export interface Table {
  readonly weight: Weight;
  readonly stored: StoredValue;
  readonly rows: number;
  readonly width: number;
}

/** The layer as a table; undefined for layers that look nothing up along the first axis of a constant matrix of floats. */
export function tableOf(layer: Layer): Table | undefined {
  const { node } = layer.main;
  if (node.op !== 'Gather' || intAttribute(node, 'axis', 0) !== 0) return undefined;
  const [name = ''] = node.inputs;
  const stored = storedValue(layer.main.scope, name);
  const weight = layer.weights.find((each) => each.kind === 'table' || each.kind === 'weight');
  const [rows, width] = stored?.shape ?? [];
  if (!weight || stored?.shape.length !== 2 || rows === undefined || width === undefined) {
    return undefined;
  }
  return { weight, stored, rows, width };
}

export function tableFit(layer: Layer): Fit {
  const table = tableOf(layer);
  if (!table) return doesNotFit('It looks nothing up in a stored matrix of floats.');
  const { stored, rows, width } = table;
  if (stored.dtype !== 'float32')
    return doesNotFit(`Its table holds ${stored.dtype}, not float32.`);
  return rows * width === 0 ? doesNotFit('Its table is empty.') : fits;
}

/** Bytes of a table as 8-bit rows with a scale each. */
export function rowBytes({ rows, width }: Table): number {
  return rows * (width + 2);
}

/** A scale rounded up to float16, so that no value of its row is cut off; zero and infinity are kept away from. */
function halfScale(scale: number): number {
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(scale))) - 10);
  return Math.min(65504, Math.max(2 ** -24, Math.ceil(scale / step) * step));
}

/** A table that was quantized: int8 codes of its shape, and float16 scales [rows, 1]. */
export interface QuantizedRows {
  readonly stored: StoredValue;
  readonly codes: string;
  readonly scales: string;
}

/**
 * Rows as int8 with one scale each; the rows looked up are multiplied by their scales. Looking up first keeps the table small in
 * memory. `known` are tables that are there already, to which this one is added.
 */
export function quantizeRows(bench: Workbench, layer: Layer, known: QuantizedRows[] = []): Edit[] {
  const table = tableOf(layer);
  if (!table) return [];
  const { node } = layer.main;
  const same = known.find((each) => isSame(each.stored, table.stored));
  const made = same ? { rows: same, edits: [] } : storedRows(bench, layer, table);
  if (!same) known.push(made.rows);
  const base = bench.names.fresh(`${node.outputs[0] ?? ''}_rows`);
  const [codes, scales, floats, factors] = ['codes', 'scales', 'floats', 'factors'].map((what) =>
    bench.names.fresh(`${base}_${what}`),
  ) as [string, string, string, string];
  const [, indices = ''] = node.inputs;
  const nodes = [
    makeNode('Gather', [made.rows.codes, indices], [codes], { name: node.name }),
    makeNode('Gather', [made.rows.scales, indices], [scales]),
    makeNode('Cast', [codes], [floats], { to: 1 }),
    makeNode('Cast', [scales], [factors], { to: 1 }),
    makeNode('Mul', [floats, factors], node.outputs),
  ];
  return [...made.edits, { kind: 'replaceNode', entry: layer.main, nodes }];
}

function storedRows(
  { names, open, remember }: Workbench,
  { main }: Layer,
  { weight, stored, rows, width }: Table,
): { rows: QuantizedRows; edits: Edit[] } {
  const codes = names.fresh(`${weight.name}_quantized`);
  const scales = names.fresh(`${weight.name}_scale`);
  const options = { dtype: 'int8', symmetric: true, axis: 0, storedScale: halfScale } as const;
  const quantize = remember(() => quantizeAffine(stored.read(open), [rows, width], options));
  const tensors = [
    computedTensor(codes, 'int8', [rows, width], () => quantize().codes),
    computedTensor(scales, 'float16', [rows, 1], () =>
      encodeElements('float16', quantize().scales),
    ),
  ];
  const scope = scopeOf(main.scope, main.node.inputs[0] ?? '') ?? main.scope;
  return {
    rows: { stored, codes, scales },
    edits: tensors.map((tensor) => ({ kind: 'setTensor', scope, tensor })),
  };
}

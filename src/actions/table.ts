import { quantizeAffine } from '../kernels/affine';
import { intAttribute } from '../onnx/attributes';
import { computedTensor, makeNode } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import type { Layer, Weight } from '../structure/structure';
import { doesNotFit, fits, type Fit, type Workbench } from './action';
import { floatValues } from './linear';

/** A table of rows that are looked up by index. */
export interface Table {
  readonly weight: Weight;
  readonly rows: number;
  readonly width: number;
}

/** The layer as a table; undefined for layers that look nothing up along the first axis of a constant matrix of floats. */
export function tableOf(layer: Layer): Table | undefined {
  const { node } = layer.main;
  if (node.op !== 'Gather' || intAttribute(node, 'axis', 0) !== 0) return undefined;
  const weight = layer.weights.find(({ name }) => name === node.inputs[0]);
  const [rows, width] = weight?.tensor.shape ?? [];
  if (!weight || weight.tensor.shape.length !== 2 || rows === undefined || width === undefined) {
    return undefined;
  }
  return { weight, rows, width };
}

export function tableFit(layer: Layer): Fit {
  const dtype = tableOf(layer)?.weight.tensor.dtype;
  return dtype === 'float32'
    ? fits
    : doesNotFit(`Its table holds ${dtype ?? 'something else'}, not float32.`);
}

/** Rows as int8 with one scale each; the rows looked up are multiplied by their scales. Looking up first keeps the table small in memory. */
export function quantizeRows({ names, open, remember }: Workbench, layer: Layer): Edit[] {
  const table = tableOf(layer);
  if (!table) return [];
  const { node, scope } = layer.main;
  const { weight, rows, width } = table;
  const base = node.name || layer.main.id;
  const [, indices = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const codesName = names.fresh(`${weight.name}_quantized`);
  const scalesName = names.fresh(`${weight.name}_scale`);
  const name = (what: string) => names.fresh(`${base}_${what}`);
  const [codes, scales, floats] = [name('codes'), name('scales'), name('floats')];
  const quantize = remember(() =>
    quantizeAffine(floatValues(weight.tensor, open), [rows, width], {
      dtype: 'int8',
      symmetric: true,
      axis: 0,
    }),
  );
  return [
    {
      kind: 'setTensor',
      scope,
      tensor: computedTensor(codesName, 'int8', [rows, width], () => quantize().codes),
    },
    {
      kind: 'setTensor',
      scope,
      tensor: computedTensor(scalesName, 'float32', [rows, 1], () => quantize().scales),
    },
    {
      kind: 'replaceNode',
      entry: layer.main,
      nodes: [
        makeNode('Gather', [codesName, indices], [codes], { name: name('Codes') }),
        makeNode('Gather', [scalesName, indices], [scales], { name: name('Scales') }),
        makeNode('Cast', [codes], [floats], { name: name('Cast'), to: 1 }),
        makeNode('Mul', [floats, scales], [output], { name: name('Mul') }),
      ],
    },
  ];
}

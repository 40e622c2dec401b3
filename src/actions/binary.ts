import { binarize } from '../kernels/binary';
import { packHighFirst } from '../kernels/codebook4';
import { storedBytes } from '../onnx/weights';
import { defineAction, type Workbench } from './action';
import {
  type ByteTable,
  byteTables,
  codeBytes,
  foldedCodes,
  nodeBytes,
  storedFactors,
} from './foldedCodes';
import {
  matricesOf,
  restorableFit,
  restoredEdits,
  restoredSaving,
  type Restoring,
  type Rows,
  valuesByRow,
} from './restored';

/** Smaller weights stay: the nodes that restore them would take as much. */
const fewest = 1024;

/** Weights as signs with one scale per channel. */
export const binary = defineAction({
  title: 'binary',
  about:
    'Weights as a sign each and one scale per channel (XNOR-Net): answers are lost unless the model is trained again.',
  group: 'study',
  speed: 'same',
  speedNote:
    'For study: no runtime multiplies by signs. They are expanded when the model is loaded.',
  data: 'none',
  params: {},
  appliesTo: (layer) => restorableFit(layer, matricesOf(layer, fewest), fewest),
  estimate(layer) {
    const matrices = new Map(matricesOf(layer, fewest).map((rows) => [rows.weight, rows]));
    return restoredSaving(layer, [...matrices.keys()], (weight) => {
      const { rows = 0, width = 0 } = matrices.get(weight) ?? {};
      return rows ? codeBytes(1, rows * width) + 4 * rows + nodeBytes : storedBytes(weight.tensor);
    });
  },
  edits(bench, layers) {
    const byteTable = byteTables(bench);
    return restoredEdits(
      bench,
      layers.flatMap((layer) =>
        matricesOf(layer, fewest).map((rows) => ({
          ...{ layer, weight: rows.weight },
          restore: (output: string) => signs(bench, rows, byteTable, output),
        })),
      ),
    );
  },
});

function signs(bench: Workbench, rows: Rows, byteTable: ByteTable, output: string): Restoring {
  const quantize = bench.remember(() => binarize(valuesByRow(rows, bench.open), rows.rows));
  const codes = {
    kind: 'packed',
    bits: 1,
    values: Float32Array.of(-1, 1),
    pack: () => packHighFirst(quantize().codes, 1),
  } as const;
  const factors = storedFactors([rows.rows, rows.width], () => quantize().scales);
  return foldedCodes(bench, rows, { codes, factors, byteTable }, output);
}

import { binarize } from '../kernels/binary';
import { packHighFirst } from '../kernels/codebook4';
import { defineAction, type Workbench } from './action';
import { type ByteTable, codeBytes, foldedCodes, nodeBytes, storedFactors } from './foldedCodes';
import { type Restoring, type Rows, valuesByRow } from './restored';
import { rowsEdits, rowsFit, rowsSaving } from './restoredRows';

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
  appliesTo: rowsFit,
  estimate: (layer) =>
    rowsSaving(layer, ({ rows, width }) => codeBytes(1, rows * width) + 4 * rows + nodeBytes),
  edits: (bench, layers) =>
    rowsEdits(bench, layers, (rows, byteTable, output) => signs(bench, rows, byteTable, output)),
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

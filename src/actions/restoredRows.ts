import type { Edit } from '../onnx/edit';
import { storedBytes } from '../onnx/weights';
import type { Layer } from '../structure/structure';
import type { Fit, Saving, Workbench } from './action';
import { type ByteTable, byteTables } from './foldedCodes';
import {
  matricesOf,
  restorableFit,
  restoredEdits,
  restoredSaving,
  type Restoring,
  type Rows,
} from './restored';

/** What schemes have in common that store matrices as codes, which the runtime expands when it loads the model. */

/** Elements of the smallest matrix that is stored so: the nodes that restore smaller ones would take as much. */
export const fewestCodes = 1024;

export function rowsFit(layer: Layer): Fit {
  return restorableFit(layer, matricesOf(layer, fewestCodes), fewestCodes);
}

/** `bytesOf` says what a matrix takes as codes, with all that restores it. */
export function rowsSaving(layer: Layer, bytesOf: (rows: Rows) => number): Saving {
  const matrices = new Map(matricesOf(layer, fewestCodes).map((rows) => [rows.weight, rows]));
  return restoredSaving(layer, [...matrices.keys()], (weight) => {
    const rows = matrices.get(weight);
    return rows ? bytesOf(rows) : storedBytes(weight.tensor);
  });
}

/** `restore` makes the nodes that turn a matrix's codes into the value `output`. */
export function rowsEdits(
  bench: Workbench,
  layers: readonly Layer[],
  restore: (rows: Rows, byteTable: ByteTable, output: string) => Restoring,
): Edit[] {
  const byteTable = byteTables(bench);
  return restoredEdits(
    bench,
    layers.flatMap((layer) =>
      matricesOf(layer, fewestCodes).map((rows) => ({
        ...{ layer, weight: rows.weight },
        restore: (output: string) => restore(rows, byteTable, output),
      })),
    ),
  );
}

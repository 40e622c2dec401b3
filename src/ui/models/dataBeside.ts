import { type DataKind, dataKinds } from '../../base/dataKinds';

/** A file or folder that may hold inputs of a model, and what it holds. */
export interface DataBeside {
  readonly name: string;
  readonly holds: string;
}

/** More than these nobody reads through; the rest is found by browsing. */
const most = 20;

const kindsByEnding: Readonly<Record<string, DataKind>> = {
  npz: 'arrays',
  npy: 'arrays',
  jsonl: 'texts',
  csv: 'table',
};

/** The endings of files that may hold inputs, without their dots. */
export const dataEndings = Object.keys(kindsByEnding);

/** What people call the data that a model is judged by: it tells more about a change than what the model was trained on. */
const heldBack = /(^|[^a-z])(dev|eval|test|valid|val)/i;

/** Those of a folder's files that may hold inputs, data to judge by first. */
export function dataFiles(names: readonly string[]): readonly DataBeside[] {
  return names
    .flatMap((name) => {
      const kind = kindsByEnding[name.split('.').at(-1)?.toLowerCase() ?? ''];
      return kind ? [{ name, holds: dataKinds[kind].holds }] : [];
    })
    .sort((a, b) => Number(heldBack.test(b.name)) - Number(heldBack.test(a.name)))
    .slice(0, most);
}

/** What a folder holds, by the names in it; undefined where it is no data. */
export function folderOfData(inside: readonly string[]): string | undefined {
  if (inside.some((name) => /^(input_\d+\.pb|test_data_set_\d+)$/.test(name))) {
    return dataKinds.testSets.holds;
  }
  return inside.some((name) => /\.(png|jpe?g)$/i.test(name)) ? dataKinds.images.holds : undefined;
}

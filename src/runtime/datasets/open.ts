import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { type DataKind, dataKindsPhrase } from '../../base/dataKinds';
import { UserError } from '../../base/errors';
import { inputFor } from '../purpose';
import { arrayDataset } from './arrays';
import { type CsvFile, openCsv, rowFields } from './csv';
import type { Dataset } from './dataset';
import { dataFile, wholeFile } from './files';
import { imagesIn } from './images/folder';
import { imageDataset } from './images/images';
import { statedPreprocessing } from './images/stated';
import { classNumbers, labelNames } from './labels';
import type { ModelInputs } from './model';
import { openNpy } from './npy';
import { openNpz } from './npz';
import { textRecords } from './records';
import { tableDataset } from './table';
import { type TestSet, testSetDataset } from './testSets';
import { decoderStartOf } from './targets';
import { type FieldSource, jsonLines, textDataset, textNames } from './texts';
import { tokenizer } from './tokens';

export interface OpenOptions extends ModelInputs {
  /** What belongs to the data, as a `tokenizer.json`, is looked for beside the data, then here. */
  readonly modelFolder: string;
  /** The column of labels, where it is not one of the usual names. */
  readonly label?: string | undefined;
}

type Open = (path: string, options: OpenOptions) => Dataset;

/** How each kind of data is opened. */
const openers = {
  arrays: (path, model) => {
    const name = basename(path);
    const source = dataFile(path, name);
    const isArchive = extname(path).toLowerCase() === '.npz';
    const key = basename(path, extname(path));
    const arrays = isArchive
      ? openNpz(source, name)
      : new Map([[key, () => openNpy(source, name)]]);
    const classes = classNumbers([dirname(path), model.modelFolder]);
    return arrayDataset(arrays, model, { name, label: model.label, classes });
  },
  texts: (path, options) => {
    const name = basename(path);
    const records = textRecords(dataFile(path, name), { quoted: false });
    return openTexts(jsonLines(records, name), path, options);
  },
  table: (path, options) => {
    const file = openCsv(dataFile(path, basename(path)), basename(path));
    if (isOfTexts(file, options)) return openTexts(rowFields(file), path, options);
    const { label, modelFolder } = options;
    const classes = classNumbers([dirname(path), modelFolder]);
    return tableDataset(file, options, { label, classes });
  },
  images: (path, options) => {
    const folders = [path, options.modelFolder];
    const files = imagesIn(path, classNumbers(folders));
    return imageDataset(path, files, options, statedPreprocessing(folders));
  },
  testSets: (path, model) => testSetDataset(testSets(path), model, basename(path)),
} as const satisfies Record<DataKind, Open>;

const kindsByExtension: Readonly<Record<string, DataKind>> = {
  '.npz': 'arrays',
  '.npy': 'arrays',
  '.jsonl': 'texts',
  '.csv': 'table',
};

/** Opens data to run a model on, whatever kind it is: see `dataKinds`. Throws `missingFile` or `badInput`. */
export function openDataset(path: string, options: OpenOptions): Dataset {
  if (!existsSync(path)) throw new UserError('missingFile', `${path} does not exist.`);
  const kind = kindOf(path);
  if (kind) return openers[kind](path, options);
  throw new UserError(
    'badInput',
    `${basename(path)} is no data that can be read.`,
    `Data is ${dataKindsPhrase}.`,
  );
}

function kindOf(path: string): DataKind | undefined {
  if (!statSync(path).isDirectory()) return kindsByExtension[extname(path).toLowerCase()];
  return testSets(path).length > 0 ? 'testSets' : 'images';
}

/** A tokenizer is only asked for where the model reads tokens and the table has no columns for its inputs. */
function isOfTexts({ header }: CsvFile, { specs, purposes }: ModelInputs): boolean {
  const hasText = header?.some((column) => textNames.text.includes(column)) ?? false;
  const ids = inputFor('ids', specs, purposes);
  const isColumn = header?.some((column) => column.split('.')[0] === ids?.name) ?? false;
  return hasText && ids !== undefined && !isColumn;
}

const longestTokenizer = 512e6;

function openTexts(source: FieldSource, path: string, options: OpenOptions): Dataset {
  const { modelFolder, specs, purposes, label } = options;
  const name = basename(path);
  const folders = [dirname(path), modelFolder];
  const folder = folders.find((each) => existsSync(join(each, 'tokenizer.json')));
  if (folder === undefined) {
    throw new UserError(
      'missingFile',
      `There is no tokenizer.json for the texts of ${name}.`,
      'Put the model’s tokenizer.json beside the data or beside the model.',
    );
  }
  const file = wholeFile(join(folder, 'tokenizer.json'), 'tokenizer.json', longestTokenizer);
  const width = inputFor('ids', specs, purposes)?.shape?.[1];
  const longest = Math.min(
    options.longest ?? Infinity,
    typeof width === 'number' ? width : Infinity,
  );
  const tokenize = tokenizer(new TextDecoder().decode(file), longest, name);
  return textDataset(source, options, {
    ...{ name, tokenize, label, classes: classNumbers(folders) },
    decoderStart: () => decoderStartOf(folders, tokenize, name),
  });
}

/** The folder itself where it holds inputs, else its sub-folders that do, as in `test_data_set_0`. */
function testSets(folder: string): TestSet[] {
  const own = testSet(folder);
  if (own) return [own];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .flatMap((entry) => testSet(join(folder, entry)) ?? []);
}

const longestInput = 2 ** 31;

function testSet(folder: string): TestSet | undefined {
  const places = readdirSync(folder)
    .flatMap((entry) => /^input_(\d+)\.pb$/.exec(entry)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  if (places.length === 0) return undefined;
  const fileIn = (name: string) => ({
    ...{ name, read: () => wholeFile(join(folder, name), name, longestInput) },
  });
  const files = places.map((place) => fileIn(`input_${place}.pb`));
  const labels = labelNames
    .map((each) => `${each}.pb`)
    .find((each) => existsSync(join(folder, each)));
  return {
    ...{ name: basename(folder), files },
    ...(labels === undefined ? {} : { labels: fileIn(labels) }),
  };
}

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { UserError } from '../../base/errors';
import type { InputSpec } from '../inputs';
import { arrayDataset } from './arrays';
import type { Dataset } from './dataset';
import { readNpy } from './npy';
import { readNpz } from './npz';
import { type TestSet, testSetDataset } from './testSets';
import { textDataset } from './texts';

export interface OpenOptions {
  readonly specs: readonly InputSpec[];
  /** Inputs that data may leave out. */
  readonly optional: ReadonlySet<string>;
  /** A `tokenizer.json` is looked for beside the data, then here. */
  readonly modelFolder: string;
  /** How many tokens the model can take, where that is known. */
  readonly longest: number | undefined;
}

type Open = (path: string, options: OpenOptions) => Dataset;

/** How each kind of file is read; a folder has its own. */
const kinds: Readonly<Record<string, Open>> = {
  '.npz': (path, { specs, optional }) => {
    const name = basename(path);
    return arrayDataset(readNpz(readFileSync(path), name), specs, optional, name);
  },
  '.npy': (path, { specs, optional }) => {
    const name = basename(path);
    const array = readNpy(readFileSync(path), name);
    return arrayDataset(new Map([[basename(path, '.npy'), array]]), specs, optional, name);
  },
  '.jsonl': (path, { specs, optional, modelFolder, longest }) =>
    textDataset(readFileSync(path, 'utf8'), tokenizerFor(path, modelFolder), specs, {
      name: basename(path),
      optional,
      longest,
    }),
};

/** Opens data to run a model on: `.npz`, `.npy`, `.jsonl`, or a folder of `input_N.pb`. Throws `missingFile` or `badInput`. */
export function openDataset(path: string, options: OpenOptions): Dataset {
  if (!existsSync(path)) throw new UserError('missingFile', `${path} does not exist.`);
  if (statSync(path).isDirectory()) {
    return testSetDataset(testSets(path), options.specs, options.optional, basename(path));
  }
  const open = kinds[extname(path).toLowerCase()];
  if (open) return open(path, options);
  throw new UserError(
    'badInput',
    `${basename(path)} is no data that can be read.`,
    `Give ${Object.keys(kinds).join(', ')} or a folder of input_N.pb.`,
  );
}

function tokenizerFor(path: string, modelFolder: string): string {
  const places = [dirname(path), modelFolder].map((folder) => join(folder, 'tokenizer.json'));
  const file = places.find((place) => existsSync(place));
  if (file) return readFileSync(file, 'utf8');
  throw new UserError(
    'missingFile',
    `There is no tokenizer.json for the texts of ${basename(path)}.`,
    'Put the model’s tokenizer.json beside the data or beside the model.',
  );
}

/** The folder itself where it holds inputs, else its subfolders that do, as in `test_data_set_0`. */
function testSets(folder: string): TestSet[] {
  const own = testSet(folder);
  const sets = own
    ? [own]
    : readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
        .flatMap((entry) => testSet(join(folder, entry)) ?? []);
  if (sets.length > 0) return sets;
  throw new UserError(
    'badInput',
    `${basename(folder)} holds no input_0.pb, nor does a folder in it.`,
  );
}

function testSet(folder: string): TestSet | undefined {
  const places = readdirSync(folder)
    .flatMap((entry) => /^input_(\d+)\.pb$/.exec(entry)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  if (places.length === 0) return undefined;
  const files = places.map((place) => {
    const name = `input_${place}.pb`;
    return { name, bytes: new Uint8Array(readFileSync(join(folder, name))) };
  });
  return { name: basename(folder), files };
}

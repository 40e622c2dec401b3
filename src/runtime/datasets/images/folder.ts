import { type Dirent, existsSync, readdirSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, posix } from 'node:path';
import { UserError } from '../../../base/errors';
import { quoted } from '../../../base/quote';
import { columnName, openCsv, rowFields } from '../csv';
import { dataFile } from '../files';
import { type ClassNumbers, labelling, labelNames } from '../labels';
import { textRecords } from '../records';
import { type Fields, type FieldSource, jsonLines } from '../texts';

/** An image file of a folder. */
export interface ImageFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly label: number | undefined;
}

export interface ImageFiles {
  readonly images: readonly ImageFile[];
  /** What nobody stated about the labels, a sentence each. */
  readonly assumed: readonly string[];
}

const isImage = (name: string) => /^[^.].*\.(png|jpe?g)$/i.test(name);
/** Files that name the images' labels, in Hugging Face's form or as plain tables; the first that is there counts. */
const labelFiles = ['metadata.jsonl', 'metadata.csv', 'labels.csv'];
const fileNames = ['file_name', 'file', 'filename', 'image', 'path'];

/**
 * The images of a folder: its own, or else those of its sub-folders, one for each class, taken in turn so that the first ones are of all
 * classes. Labels come from a labels file, or from the sub-folders' names. Throws `badInput` for a folder without images, and for a labels
 * file that does not fit.
 */
export function imagesIn(folder: string, classes: ClassNumbers | undefined): ImageFiles {
  const name = basename(folder);
  const labels = labelFiles.find((file) => existsSync(join(folder, file)));
  const groups = groupsIn(folder);
  const paths = inTurn(groups.map(({ images }) => images));
  if (paths.length === 0) {
    throw new UserError('badInput', `${name} holds no .png or .jpg images, and no input_0.pb.`);
  }
  if (labels !== undefined) return labelledBy(labels, folder, paths, classes);
  if (groups.length === 1 && groups[0]?.folder === '') {
    return { images: paths.map((path) => ({ path, label: undefined })), assumed: [] };
  }
  const { of, assumed } = numberedFolders(
    groups.map((group) => group.folder),
    classes,
  );
  const images = paths.map((path) => ({ path, label: of(path.slice(0, path.indexOf('/'))) }));
  return { images, assumed };
}

interface Group {
  /** The sub-folder's name; nothing for the folder itself. */
  readonly folder: string;
  readonly images: readonly string[];
}

function groupsIn(folder: string): Group[] {
  const entries = entriesOf(folder);
  const own = imagesOf(entries, folder).map((entry) => entry.name);
  if (own.length > 0) return [{ folder: '', images: own }];
  return entries
    .filter((entry) => isFolder(entry, folder) && !/^[._]/.test(entry.name))
    .map(({ name }) => {
      const inside = join(folder, name);
      const images = imagesOf(entriesOf(inside), inside);
      return { folder: name, images: images.map((entry) => posix.join(name, entry.name)) };
    });
}

const imagesOf = (entries: readonly Dirent[], folder: string) =>
  entries.filter((entry) => isImage(entry.name) && !isFolder(entry, folder));

/** In an order that is the same on every machine. */
function entriesOf(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new UserError('badInput', `${basename(folder)} cannot be read (${code}).`);
  }
}

/** Data sets are often made of links. */
const isFolder = (entry: Dirent, folder: string) =>
  entry.isDirectory() ||
  (entry.isSymbolicLink() &&
    (statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false));

/** The first of each, then the second of each, and so on. */
function inTurn(groups: readonly (readonly string[])[]): string[] {
  const longest = groups.reduce((most, group) => Math.max(most, group.length), 0);
  return Array.from({ length: longest }, (_, at) =>
    groups.flatMap((group) => group[at] ?? []),
  ).flat();
}

function numberedFolders(folders: readonly string[], known: ClassNumbers | undefined) {
  const isNumbers = folders.every((folder) => /^\d+$/.test(folder));
  const shown = folders.slice(0, 3).map((folder, at) => `${folder} = ${at}`);
  const known0 = known && folders.filter((folder) => known.has(folder));
  if (known && known0 && known0.length > 0) {
    const strange = folders.find((folder) => !known.has(folder));
    if (strange !== undefined) {
      throw new UserError(
        'badInput',
        `The folder ${quoted(strange)} is no class of config.json, which has ${[...known.keys()].slice(0, 5).join(', ')}${known.size > 5 ? ', …' : ''}.`,
      );
    }
    return { of: (folder: string) => known.get(folder), assumed: [] };
  }
  if (isNumbers) {
    return { of: Number, assumed: ['the folders’ names are the numbers of their classes'] };
  }
  const order = new Map(folders.map((folder, at) => [folder, at]));
  return {
    of: (folder: string) => order.get(folder),
    assumed: [
      `classes are numbered in the order of the folders’ names: ${shown.join(', ')}${folders.length > 3 ? ', …' : ''}`,
    ],
  };
}

function labelledBy(
  file: string,
  folder: string,
  paths: readonly string[],
  classes: ClassNumbers | undefined,
): ImageFiles {
  const rows = rowsOf(file, folder);
  const lines = rows.at([...Array(rows.count).keys()]);
  const known = new Set(paths);
  const labels = new Map<string, { label: unknown; line: number }>();
  for (const { fields, line } of lines) {
    const path = pathIn(fields, `Line ${line} of ${file}`);
    if (!known.has(path)) {
      throw new UserError(
        'badInput',
        `Line ${line} of ${file} names ${quoted(path)}, which is no image in ${basename(folder)}.`,
      );
    }
    labels.set(path, { label: pick(fields, labelNames), line });
  }
  const first = labels.values().next().value?.label;
  const all = () => [...labels.values()].map(({ label }) => label);
  const { of, assumed } = labelling(first, all, classes, file);
  const images = paths.map((path) => {
    const found = labels.get(path);
    const where = found ? `Line ${found.line} of ${file}` : `${quoted(path)}, by ${file},`;
    return { path, label: of(found?.label, where) };
  });
  return { images, assumed };
}

function rowsOf(file: string, folder: string): FieldSource {
  const source = dataFile(join(folder, file), file);
  if (file.endsWith('.jsonl')) return jsonLines(textRecords(source, { quoted: false }), file);
  const table = openCsv(source, file);
  if (table.header) return rowFields(table);
  throw new UserError(
    'badInput',
    `${file} has no header; ${columnName(table, 0)} is expected to be called file_name, another label.`,
  );
}

/** Names from a file may not lead out of the folder. */
function pathIn(fields: Fields, where: string): string {
  const path = pick(fields, fileNames);
  if (typeof path !== 'string' || path === '') {
    throw new UserError('badInput', `${where} names no file: file_name is expected.`);
  }
  const plain = posix.normalize(path.replaceAll('\\', '/'));
  if (!isAbsolute(plain) && !/^\.\.(\/|$)|^[a-z]:/i.test(plain)) return plain;
  throw new UserError('unsafePath', `${where} names ${quoted(path)}, which is outside the folder.`);
}

const pick = (fields: Fields, names: readonly string[]) =>
  names.map((key) => fields[key]).find((found) => found !== undefined && found !== null);

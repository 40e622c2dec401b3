import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf, UserError } from '../../../base/errors';
import { wholeFile } from '../files';
import { type Json, JsonFields } from './fields';
import { ownForm } from './ownForm';
import type { StatedPreprocessing } from './preprocessing';
import { huggingFaceForm } from './huggingFaceForm';

/** The file that states preprocessing in this product's own form. */
const ownFile = 'featherweight.images.json';

/** What a file says of preprocessing, and what its form leaves to be assumed. */
export interface Statement {
  readonly file: string | undefined;
  readonly stated: StatedPreprocessing;
  readonly assumed: readonly string[];
}

type Read = (fields: JsonFields) => Omit<Statement, 'file'>;

/** Which files are read, and how; the first that is there counts. */
const forms: readonly { readonly file: string; readonly read: Read }[] = [
  { file: ownFile, read: ownForm },
  { file: 'preprocessor_config.json', read: huggingFaceForm },
];

const longest = 1e6;

/** The preprocessing stated beside the images, else beside the model. Throws `badInput` naming file and field for what cannot be followed. */
export function statedPreprocessing(folders: readonly string[]): Statement {
  for (const folder of folders) {
    for (const { file, read } of forms) {
      const path = join(folder, file);
      if (!existsSync(path)) continue;
      return { file, ...read(new JsonFields(file, parse(path))) };
    }
  }
  return { file: undefined, stated: {}, assumed: [] };
}

function parse(path: string): Readonly<Record<string, Json>> {
  const name = basename(path);
  let value: Json;
  try {
    value = JSON.parse(new TextDecoder().decode(wholeFile(path, name, longest))) as Json;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = messageOf(error).replace(/\s+/g, ' ').slice(0, 200);
    throw new UserError('badInput', `${name} is not readable JSON: ${why}.`);
  }
  if (isObject(value)) return value;
  throw new UserError('badInput', `${name} holds no JSON object.`);
}

const isObject = (value: Json): value is Readonly<Record<string, Json>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

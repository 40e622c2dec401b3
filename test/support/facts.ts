import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { memorySource } from '../../src/base/bytes';
import { UserError } from '../../src/base/errors';
import { readModel } from '../../src/onnx/read';
import type { Model } from '../../src/onnx/model';
import { inlineFunctions } from '../../src/onnx/inline';
import type { OpenExternal } from '../../src/onnx/external';
import { modelsFolder, withoutModels } from './models';

/** Models with known facts, read whole into memory. */

export interface KnownModel {
  readonly model: Model;
  readonly open: OpenExternal;
}

export function knownModel(file: string): KnownModel {
  const path = join(modelsFolder, file);
  const load = (from: string) => memorySource(from, new Uint8Array(readFileSync(from)));
  const open: OpenExternal = (location) => {
    const beside = join(dirname(path), location);
    if (!existsSync(beside)) throw new UserError('missingFile', `${location} is not there.`);
    return load(beside);
  };
  return { model: inlineFunctions(readModel(load(path))), open };
}

/** The parsed `facts.json` of a folder of models; an empty list where there is no such folder. */
export function factsOf<Fact>(folder: string): readonly Fact[] {
  if (withoutModels) return [];
  return JSON.parse(readFileSync(join(modelsFolder, folder, 'facts.json'), 'utf8')) as Fact[];
}

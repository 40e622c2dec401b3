import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';

/** The folder of real models that development has beside the repository; tests that use it are skipped where it is not. */
export const modelsFolder = resolve('..', 'shared', 'models');

/** For node:test's `skip`: a reason where the folder is missing, else false. */
export const withoutModels = existsSync(modelsFolder) ? false : 'no folder of models';

/** Every .onnx file there. */
export function modelFiles(): readonly string[] {
  if (withoutModels) return [];
  return readdirSync(modelsFolder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.onnx'))
    .sort()
    .map((file) => resolve(modelsFolder, file));
}

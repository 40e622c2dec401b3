import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { locationParts } from '../onnx/external';
import { modelFacts } from './modelFacts';
import type { OpenedModel } from './models';

/** Bytes of a model's file and of its external data, as far as that is there. */
export function modelBytes(opened: OpenedModel): number {
  const { externalData, bytes } = modelFacts(opened);
  return externalData.reduce((sum, file) => sum + (file.bytes ?? 0), bytes);
}

/** A model's file and those of its external data that are there. Absolute paths. */
export function modelFiles(opened: OpenedModel): string[] {
  const { file } = opened;
  const folders = [dirname(file), dirname(realpathSync(file))];
  const beside = modelFacts(opened).externalData.flatMap(({ location }) => {
    const places = folders.map((folder) => join(folder, ...locationParts(location)));
    return places.find((place) => existsSync(place)) ?? [];
  });
  return [file, ...beside];
}

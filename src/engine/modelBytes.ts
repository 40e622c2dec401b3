import { modelFacts } from './modelFacts';
import type { OpenedModel } from './models';

/** Bytes of a model's file and of its external data, as far as that is there. */
export function modelBytes(opened: OpenedModel): number {
  const { externalData, bytes } = modelFacts(opened);
  return externalData.reduce((sum, file) => sum + (file.bytes ?? 0), bytes);
}

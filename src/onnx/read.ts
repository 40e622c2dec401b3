import type { ByteSource } from '../base/bytes';
import { refuseOtherFiles } from './fileKind';
import type { Model } from './model';
import { modelMessage } from './modelMessage';
import { WireReader } from './wire';

/**
 * Reads a model without its weights: a tensor is a place in the file until somebody asks for its elements. The source must stay
 * readable as long as the model is used. Throws `badFile`, `gitLfsPointer` or `unsupported` errors.
 */
export function readModel(source: ByteSource): Model {
  refuseOtherFiles(source);
  const reader = new WireReader(source);
  return modelMessage.readBody(reader, { source, offset: 0, length: source.size });
}

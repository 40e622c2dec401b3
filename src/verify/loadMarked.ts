import { basename } from 'node:path';
import { isUserError, UserError } from '../base/errors';
import type { GraphIndex } from '../onnx/graph';
import { traceable, unmarked } from '../profile/traceable';
import type { Runner, Session, SessionOptions } from '../runtime/runner';

/**
 * Loads the model of an index whose weights lie in `file`, its nodes marked so that they are known again in the runtime's graph. Throws
 * what the runtime refuses, in the model's own names.
 */
export async function loadMarked(
  runner: Runner,
  index: GraphIndex,
  file: string,
  options: Pick<SessionOptions, 'threads' | 'optimizedFile'>,
): Promise<Session> {
  const { bytes, folder } = traceable(index, file);
  try {
    return await runner.load(bytes, {
      ...{ provider: 'cpu', optimize: 'all', ...options },
      ...{ externalFolder: folder, name: basename(file) },
    });
  } catch (error) {
    if (!isUserError(error)) throw error;
    throw new UserError(error.code, unmarked(error.message, index), error.hint);
  }
}

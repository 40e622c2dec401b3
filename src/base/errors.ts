/** What went wrong, as a stable code that tests and scripts may rely on. */
export type ErrorCode =
  | 'badFile' // the bytes are not a readable ONNX model
  | 'gitLfsPointer'
  | 'missingFile'
  | 'unsafePath' // external data that climbs out of the model's folder
  | 'badModel' // readable, but not a well-formed graph
  | 'badInput' // data, shapes or options that do not fit the model
  | 'unsupported' // an operator, type or provider that this build cannot run
  | 'runtime' // ONNX Runtime refused or failed
  | 'limit' // what was made is not as good as was asked
  | 'crash' // the engine's process died
  | 'cancelled';

/**
 * A failure that the user can understand and act on. `message` is one line in the user's words and names the file and the
 * node where there is one; everything else that is thrown is a bug.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** What to do next, one sentence. */
    readonly hint?: string,
  ) {
    super(message);
  }
}

export function isUserError(error: unknown): error is UserError {
  return error instanceof Error && error.name === 'UserError' && 'code' in error;
}

/** Work that was stopped on request: not a failure, and never shown as one. */
export function cancelled(): UserError {
  return new UserError('cancelled', 'Cancelled.');
}

export function isCancelled(error: unknown): boolean {
  return isUserError(error) && error.code === 'cancelled';
}

/** The one line to show for anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

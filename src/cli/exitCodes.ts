import { isUserError, type ErrorCode } from '../base/errors';

/** What the process ends with. Scripts rely on these; they are told in `--help`. */
export const exitCodes = {
  done: 0,
  /** The model, the data or an option cannot be used, or the runtime refused: the message says which. */
  badInput: 1,
  /** The engine died, or Featherweight itself failed. */
  failed: 2,
  /** A comparison was made, and a limit that was asked for is not kept. */
  limit: 3,
  /** Stopped with Ctrl+C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const special: Partial<Record<ErrorCode, ExitCode>> = {
  crash: exitCodes.failed,
  cancelled: exitCodes.interrupted,
  limit: exitCodes.limit,
};

/** The exit code for something that was thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  return isUserError(error) ? (special[error.code] ?? exitCodes.badInput) : exitCodes.failed;
}

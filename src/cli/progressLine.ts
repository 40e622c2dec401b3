import type { Progress } from '../base/progress';

/** Where progress is told: standard error, so that what is piped on stays clean. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressLine {
  readonly report: Progress;
  /** Wipes the line, so that results or a message can follow. */
  readonly clear: () => void;
}

/** Told at most this often where a line cannot be written over, in milliseconds: a log is not a screen. */
const logEveryMs = 3000;

/** One line that keeps itself up to date on a screen; a line now and then in a log; nothing at all when `quiet`. */
export function progressLine(
  stream: ProgressStream,
  quiet: boolean,
  now: () => number,
): ProgressLine {
  if (quiet) return { report: () => {}, clear: () => {} };
  let shown = false;
  let last = stream.isTTY ? Number.NEGATIVE_INFINITY : now();
  const write = (fraction: number, note: string) => {
    const share = `${Math.round(100 * Math.min(1, Math.max(0, fraction)))} %`;
    if (stream.isTTY) {
      const line = `${share.padStart(5)}  ${note}`.slice(0, (stream.columns || 80) - 1);
      stream.write(`\r\u001b[K${line}`);
      shown = true;
    } else stream.write(`${share}  ${note}\n`);
  };
  return {
    report: (fraction, note) => {
      const wait = stream.isTTY ? 50 : logEveryMs;
      if (now() - last < wait) return;
      last = now();
      write(fraction, note);
    },
    clear: () => {
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}

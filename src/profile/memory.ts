import { readFileSync, writeFileSync } from 'node:fs';

/** Notes how much memory the process has now, and tells later how far beyond it the process went at its peak. */
export interface MemoryWatch {
  /** Bytes above the start at the highest moment since then; null where the system does not tell. */
  peak(): number | null;
}

/**
 * On Linux the peak is reset first, so that earlier work does not hide this one's. Elsewhere the process's highest mark ever is all there
 * is: it counts only if it rose since the start.
 */
export function watchMemory(): MemoryWatch {
  const start = process.memoryUsage.rss();
  const isReset = resetPeak();
  const before = highest(isReset);
  return {
    peak: () => {
      const after = highest(isReset);
      if (after === undefined || before === undefined) return null;
      return isReset || after > before ? Math.max(0, after - start) : null;
    },
  };
}

function resetPeak(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    // proc(5): writing 5 sets the peak resident set size to the current one.
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

function highest(isReset: boolean): number | undefined {
  // maxRSS comes from getrusage, which the reset does not touch.
  return isReset ? peakOfStatus() : process.resourceUsage().maxRSS * 1024;
}

function peakOfStatus(): number | undefined {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

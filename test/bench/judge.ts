import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A figure of a benchmark beside what it is measured against. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
  readonly format: (value: number) => string;
  /** What the limit stands for: the baseline that was measured in the same run. */
  readonly baseline: string;
}

/** Prints a figure against its limit; the process then ends with 1 if any was missed. */
export function judge({ what, value, limit, format, baseline }: Figure): void {
  const good = value <= limit;
  const ratio = limit === 0 ? '' : `${(value / limit).toFixed(2)} of the `;
  console.log(
    `${good ? '✔' : '✖'} ${what}: ${format(value)}, ${ratio}${format(limit)} allowed (${baseline})`,
  );
  if (!good) process.exitCode = 1;
}

export const milliseconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
export const megabytes = (value: number) => `${(value / 1e6).toFixed(0)} MB`;

/**
 * Time that this thread spends on `work`, in milliseconds. Where the system tells (Linux), what it waits while other programs have the
 * processor is not counted: a busy machine does not decide. Elsewhere it is what a clock shows.
 */
export function threadTime(work: () => void): number {
  const before = threadClock();
  work();
  return threadClock() - before;
}

/** The same of work that the runtime does in this thread: the mean of `runs`. */
export async function meanThreadTime(runs: number, work: () => Promise<unknown>): Promise<number> {
  const before = threadClock();
  for (let run = 0; run < runs; run++) await work();
  return (threadClock() - before) / runs;
}

function threadClock(): number {
  try {
    // Nanoseconds on a processor: https://docs.kernel.org/scheduler/sched-stats.html
    const [ran] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
    return Number(ran) / 1e6;
  } catch {
    return performance.now();
  }
}

/** Median time of `work` by the clock, in milliseconds: the system's count of a thread's time is too coarse for what is short. */
export function medianTime(runs: number, work: () => void): number {
  return median(
    Array.from({ length: runs }, () => {
      const start = performance.now();
      work();
      return performance.now() - start;
    }),
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Runs a Node program to its end, and says how long that took in milliseconds. Throws when it fails. */
export function timeOfNode(args: readonly string[]): number {
  const start = performance.now();
  run(args, []);
  return performance.now() - start;
}

/** The most memory that a Node program had at any moment of its life, in bytes. Throws when it fails. */
export function peakOfNode(args: readonly string[], folder: string): number {
  // The program reports its own peak at its end. Linux counts it from the program's start; what `resourceUsage` tells holds the peak of
  // the process that it was forked from as well.
  const reporter = resolve(folder, 'peak.cjs');
  writeFileSync(
    reporter,
    `const { readFileSync, writeSync } = require('fs');
    process.on('exit', () => {
      let peak = process.resourceUsage().maxRSS;
      try {
        peak = /VmHWM:\\s*(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
      } catch {}
      writeSync(3, String(peak));
    });`,
  );
  return 1024 * Number(run(['--require', reporter, ...args], ['pipe'])[3]);
}

function run(args: readonly string[], more: readonly 'pipe'[]): readonly (string | null)[] {
  const { status, stderr, output } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe', ...more],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return output;
}

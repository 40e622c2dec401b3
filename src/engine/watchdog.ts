import { Worker } from 'node:worker_threads';

/**
 * Ends this process when the one that started it is gone, even in the middle of an inference, which blocks everything but other threads. Where
 * the system does not give orphans another parent (Windows), the broken pipe ends the process after the inference.
 */
export function dieWithParent(folder: string): void {
  const worker = new Worker(watch, { eval: true, workerData: { folder, parent: process.ppid } });
  worker.unref();
}

/** As text, because a bundle has no second file to start a thread from. */
const watch = `
const { rmSync } = require('node:fs');
const { workerData } = require('node:worker_threads');
setInterval(() => {
  if (process.ppid === workerData.parent) return;
  try { rmSync(workerData.folder, { recursive: true, force: true }); } catch {}
  process.kill(process.pid, 'SIGKILL');
}, 500);
`;

import { execFileSync } from 'node:child_process';

/** Ids of the engine's processes that this extension host has started. Needs `ps`: Linux and macOS. */
export function engineProcesses(): number[] {
  const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return lines.split('\n').flatMap((line) => {
    const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    const ours = Number(parent) === process.pid && args?.includes('engine.js');
    return ours ? [Number(pid)] : [];
  });
}

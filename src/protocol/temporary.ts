import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where an engine process keeps its temporary files. Whoever sees the process end removes it: one that is killed cannot. */
export function engineFolder(pid: number): string {
  return join(tmpdir(), `featherweight-engine-${pid}`);
}

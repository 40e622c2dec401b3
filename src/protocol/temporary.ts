import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where an engine process keeps its temporary files. Whoever sees the process end removes it: one that is killed cannot. */
export function engineFolder(pid: number): string {
  return join(tmpdir(), `featherweight-engine-${pid}`);
}

/** The name of a folder in which an engine process writes beside files to come; `machine` tells computers that share a disk apart. */
export function stagingName(machine: string, pid: number, count: number): string {
  return `.featherweight-${machine}-${pid}-${count}.tmp`;
}

/** Matches the names that `stagingName` gives; the groups are `machine` and `pid`. */
export const stagingPattern = /^\.featherweight-(?<machine>[0-9a-f]{8})-(?<pid>\d+)-\d+\.tmp$/;

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { stagingName, stagingPattern } from '../protocol/temporary';

/**
 * A hidden folder beside files to come. They are written there under their final names, so that a model finds its external data, and
 * moved into place when all is well.
 */
export interface Staging {
  readonly folder: string;
  /** Moves the files of these names into place, the last one last: it is the one that makes the others count. */
  readonly commit: (names: readonly string[]) => void;
  /** Removes what is left there. */
  readonly dispose: () => void;
}

/** Names carry the machine's, since a process id of another one that shares the disk says nothing here. */
export const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
let stagings = 0;

/** Makes the folder, and removes those that dead processes left there. Throws what making it throws. */
export function stageBeside(file: string): Staging {
  const target = dirname(file);
  sweep(target);
  const folder = join(target, stagingName(machine, process.pid, ++stagings));
  mkdirSync(folder);
  return {
    folder,
    commit: (names) => {
      const moved: string[] = [];
      try {
        for (const name of names) {
          renameSync(join(folder, name), join(target, name));
          moved.push(name);
        }
      } catch (error) {
        // The last one decides: without it the others mean nothing.
        for (const name of moved) rmSync(join(target, name), { force: true });
        throw error;
      }
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Older than this, a folder of another machine, or of an id that has been given out again, belongs to nobody. */
const longestBuildMs = 24 * 3600_000;

/** Removes what processes left that were ended while they wrote: only folders of the name that this file gives them. */
function sweep(folder: string): void {
  for (const name of entriesOf(folder)) {
    const found = stagingPattern.exec(name)?.groups;
    if (!found) continue;
    const path = join(folder, basename(name));
    const dead = found['machine'] === machine && !isRunning(Number(found['pid']));
    if (!dead && ageOf(path) < longestBuildMs) continue;
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Somebody else's, or in use: it harms nobody.
    }
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whether a process of this machine has that id. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function ageOf(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? Date.now() - stats.mtimeMs : 0;
}

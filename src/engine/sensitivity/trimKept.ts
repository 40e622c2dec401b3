import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What files of finished rows end with. */
export const keptEnding = '.jsonl';
/** Of all of them in one folder, at most: the sweeps of many hundreds of models. */
export const mostKeptBytes = 256e6;
/** Files that nobody has asked for in so many days are removed. */
const keptDays = 90;
const dayMs = 24 * 3600 * 1000;

/** Removes files of finished rows that are old or damaged halfway, and of too many bytes those that nobody has asked for for longest; `own` is in use. */
export function trimKept(folder: string, own: string, most = mostKeptBytes): void {
  try {
    const files = keptFiles(folder).sort((a, b) => b.mtimeMs - a.mtimeMs);
    let sum = files.find(({ file }) => file === own)?.size ?? 0;
    for (const { file, size, mtimeMs } of files) {
      if (file === own) continue;
      const days = (Date.now() - mtimeMs) / dayMs;
      const isOld = days > (file.endsWith(keptEnding) ? keptDays : 1);
      if (!isOld) sum += size;
      if (isOld || sum > most) rmSync(file);
    }
  } catch {
    // Another process was quicker, or the folder may not be read: nothing is lost by leaving them.
  }
}

/** With those that a process was killed in the middle of writing. */
function keptFiles(folder: string) {
  return readdirSync(folder).flatMap((name) => {
    if (!/\.jsonl(\.\d+)?$/.test(name)) return [];
    const file = join(folder, name);
    const facts = statSync(file, { throwIfNoEntry: false });
    return facts?.isFile() ? [{ file, size: facts.size, mtimeMs: facts.mtimeMs }] : [];
  });
}

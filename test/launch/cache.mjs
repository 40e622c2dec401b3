import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Holds what is too big for `node_modules` and is worth keeping between clones: a VS Code server, a browser. */
const root =
  process.env.FEATHERWEIGHT_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'featherweight');

/**
 * The folder `name` of the cache; `fill` makes it when it is not there. `name` carries a version, so what is there is right.
 * Two runs at once do no harm: each fills a draft of its own, and a folder gets its name only when it is complete.
 * @param {string} name
 * @param {(folder: string) => Promise<void>} fill
 */
export async function cached(name, fill) {
  const folder = join(root, name);
  if (existsSync(folder)) return folder;
  mkdirSync(root, { recursive: true });
  const draft = mkdtempSync(join(root, `draft-${name}-`));
  try {
    await fill(draft);
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

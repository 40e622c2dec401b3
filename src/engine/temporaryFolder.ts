import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { engineFolder } from '../protocol/temporary';
import { FileSource } from './files';

/** Does `work` with a folder of its own, which goes with everything in it, files opened through `open` included. */
export async function withTemporaryFolder<T>(
  work: (folder: string, open: (path: string) => FileSource) => Promise<T>,
): Promise<T> {
  const parent = engineFolder(process.pid);
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'work-'));
  const opened: FileSource[] = [];
  const open = (path: string) => {
    const source = new FileSource(path, basename(path));
    opened.push(source);
    return source;
  };
  try {
    return await work(folder, open);
  } finally {
    for (const source of opened) source.dispose();
    rmSync(folder, { recursive: true, force: true });
    removeEmpty(parent);
  }
}

/** Work within work has a folder beside it: the last one removes what they lie in. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty yet.
  }
}

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
    // Its own only: work within work has a folder beside it. What they lie in goes with the process.
    rmSync(folder, { recursive: true, force: true });
  }
}

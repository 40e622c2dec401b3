import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from '../../base/bytes';
import { UserError } from '../../base/errors';

/** The system's reasons, in a person's words. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link that leads to itself',
  EMFILE: 'too many files are open',
};

/**
 * A data file, opened anew for every read: data sets are used on and off for hours, and nobody closes them. Throws `badInput` when it
 * cannot be read.
 */
export function dataFile(path: string, name: string): ByteSource {
  const size = withFile(path, name, (file) => {
    const stats = fstatSync(file);
    if (stats.isFile()) return stats.size;
    throw new UserError('badInput', `${name} is ${stats.isDirectory() ? 'a folder' : 'no file'}.`);
  });
  const read = (offset: number, length: number) =>
    withFile(path, name, (file) => {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        // One read call of the system takes less than 2 GiB.
        const most = Math.min(length - done, 1 << 30);
        const count = readSync(file, bytes, done, most, offset + done);
        if (count === 0) throw new UserError('badInput', `${name} ends too early.`);
        done += count;
      }
      return bytes;
    });
  return { name, size, read };
}

/** All of a small file. Throws `badInput` when it cannot be read, or is larger than `most` bytes. */
export function wholeFile(path: string, name: string, most: number): Uint8Array {
  const { size, read } = dataFile(path, name);
  if (size <= most) return read(0, size);
  throw new UserError(
    'badInput',
    `${name} has ${size} bytes; no more than ${most} are read of a file of its kind.`,
  );
}

function withFile<T>(path: string, name: string, use: (file: number) => T): T {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return use(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UserError('badInput', `${name} cannot be read: ${reasons[code] ?? code}.`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

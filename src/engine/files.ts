import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep, isAbsolute } from 'node:path';
import type { ByteSource } from '../base/bytes';
import type { Disposable } from '../base/dispose';
import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import { locationParts, type OpenExternal } from '../onnx/external';

/** Small reads near each other, as those of a graph's constants are, share one read of the file. */
const windowSize = 1 << 14;

/** A file, open until it is disposed of. Throws `missingFile` or `badFile` when it cannot be opened. */
export class FileSource implements ByteSource, Disposable {
  readonly size: number;
  private readonly file: number;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;

  constructor(
    path: string,
    readonly name = path,
  ) {
    this.file = opened(path, name);
    const stats = fstatSync(this.file);
    this.size = stats.size;
    if (stats.isFile()) return;
    closeSync(this.file);
    throw new UserError(
      'badFile',
      `${name} is ${stats.isDirectory() ? 'a folder' : 'a device'}, not a file.`,
    );
  }

  read(offset: number, length: number): Uint8Array {
    if (offset < 0 || length < 0 || offset + length > this.size) throw this.tooShort();
    if (length > windowSize / 4) return this.fetch(offset, length);
    const start = offset - this.windowStart;
    if (start < 0 || start + length > this.window.length) {
      this.window = this.fetch(offset, Math.min(windowSize, this.size - offset));
      this.windowStart = offset;
    }
    return this.window.subarray(offset - this.windowStart, offset - this.windowStart + length);
  }

  dispose(): void {
    closeSync(this.file);
  }

  private fetch(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      // One read call of the system takes less than 2 GiB.
      const count = readSync(
        this.file,
        bytes,
        done,
        Math.min(length - done, 1 << 30),
        offset + done,
      );
      if (count === 0) throw this.tooShort();
      done += count;
    }
    return bytes;
  }

  private tooShort(): UserError {
    return new UserError('badFile', `${this.name} ends too early: it has become shorter.`);
  }
}

function opened(path: string, name: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new UserError('missingFile', `${name} does not exist.`);
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new UserError('badFile', `${name} may not be read: permission denied.`);
    }
    throw new UserError('badFile', `${name} cannot be opened (${code ?? String(error)}).`);
  }
}

/**
 * A model's external data files, each opened once, and only inside the model's folder: links that lead out are refused. Where the
 * model itself is a link, as in the cache of Hugging Face, the folder of the real file counts as its folder too.
 */
export class ExternalFiles implements Disposable {
  /** The folder in which the model was opened, and that of the real file. */
  private readonly folders: readonly string[];
  private readonly sources = new Map<string, FileSource>();

  constructor(modelFile: string) {
    this.folders = [realpathSync(dirname(modelFile)), dirname(realpathSync(modelFile))];
  }

  readonly open: OpenExternal = (location) => {
    const parts = locationParts(location);
    const key = parts.join('/');
    const known = this.sources.get(key);
    if (known) return known;
    const source = new FileSource(this.find(parts, location), key);
    this.sources.set(key, source);
    return source;
  };

  dispose(): void {
    for (const source of this.sources.values()) source.dispose();
    this.sources.clear();
  }

  private find(parts: readonly string[], location: string): string {
    const found = this.folders.map((folder) => realPath(join(folder, ...parts)));
    const file = found.find((path) => path !== undefined);
    if (file === undefined) {
      throw new UserError(
        'missingFile',
        `The model's weights are in ${quoted(location)}, which is not beside it.`,
        'Copy that file into the folder of the model, under the same name.',
      );
    }
    if (this.folders.some((folder) => isInside(folder, file))) return file;
    throw new UserError(
      'unsafePath',
      `The model's weights ${quoted(location)} are a link that leads out of its folder; that is not allowed.`,
    );
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isInside(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

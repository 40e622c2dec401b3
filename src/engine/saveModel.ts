import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isCancelled, UserError } from '../base/errors';
import { formatBytes } from '../base/format';
import { noProgress, partOf, type Progress } from '../base/progress';
import { noExternal, type OpenExternal } from '../onnx/external';
import type { Model } from '../onnx/model';
import type { Encoded } from '../onnx/output';
import { readModel } from '../onnx/read';
import { tensorsOf } from '../onnx/tensors';
import { planWrite, wholePieces, type WriteOptions, writingPieces } from '../onnx/write';
import { FileSource } from './files';
import { sweepParts, takePart } from './partFile';
import { stageBeside, type Staging } from './staging';

export interface SaveOptions extends Pick<WriteOptions, 'weights' | 'limit'> {
  /** Opens the external data that the model has now. */
  readonly open?: OpenExternal;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

export interface ApprovedSaveOptions extends SaveOptions {
  /** 16 hexadecimal digits that stand for all that external data is made from: a save that was cut short is gone on with. */
  readonly resume?: string;
  /** Looks at the written model, at the path given and of so many bytes with its data, before it gets its name; what it throws keeps it from that. */
  readonly approve?: (file: string, bytes: number) => Promise<void>;
}

/**
 * Writes a model to `file`, and its external data, if it has any, beside it in one file of its own, `NAME.data` or a name like it that
 * is free. Both are written in a hidden folder, read again, and moved only when all is well, the model last and at once: whatever
 * fails, and whenever the process ends, files that were there before stay as they were. External data of a model that was replaced
 * goes after that. Returns the paths written. Throws what reading weights throws, `cancelled`, and `badInput` for a place that cannot
 * be written to.
 */
export function saveModel(
  model: Model,
  file: string,
  options: SaveOptions = {},
): readonly string[] {
  return explaining(file, () => {
    const staging = stageBeside(file);
    try {
      return moveInto(file, staging, finish(writing(model, file, staging, options)));
    } finally {
      staging.dispose();
    }
  });
}

/** `saveModel`, during which others may run: an abort arrives, and progress is told. */
export async function saveModelSlowly(
  model: Model,
  file: string,
  { approve, ...options }: ApprovedSaveOptions = {},
): Promise<readonly string[]> {
  try {
    const staging = stageBeside(file);
    sweepParts(dirname(file));
    try {
      const names = await finishSlowly(writing(model, file, staging, options));
      const written = names.map((name) => join(staging.folder, name));
      const bytes = written.reduce((sum, path) => sum + statSync(path).size, 0);
      await approve?.(join(staging.folder, basename(file)), bytes);
      return moveInto(file, staging, names);
    } finally {
      staging.dispose();
    }
  } catch (error) {
    throw explained(error, file);
  }
}

/** Writes the files into the staging's folder and gives their names, the model's last. */
function* writing(
  model: Model,
  file: string,
  { folder }: Staging,
  options: Omit<ApprovedSaveOptions, 'approve'>,
): Generator<void, readonly string[]> {
  const { open = noExternal, progress = noProgress, signal, resume } = options;
  const name = basename(file);
  const dataName = freeDataName(file);
  const plan = planWrite(model, { ...options, dataName, open });
  const dataLength = plan.data?.length ?? 0;
  const total = plan.model.length + dataLength;
  checkRoom(folder, total);
  const dataShare = dataLength / total;
  if (plan.data) {
    const told = partOf(progress, 0, dataShare);
    const path = join(folder, dataName);
    if (resume === undefined) yield* writeFile(path, plan.data, told, signal);
    else yield* goOnWith(resume, path, plan.data, told, signal);
  }
  const written = join(folder, name);
  yield* writeFile(written, plan.model, partOf(progress, dataShare, 1), signal);
  checkWritten(model, written, dataLength);
  return plan.data ? [dataName, name] : [name];
}

/** A name that no file has yet: the one in use may be read by the model that is there until that is replaced. */
function freeDataName(file: string): string {
  const names = (function* () {
    yield `${basename(file)}.data`;
    for (let i = 2; ; i++) yield `${basename(file)}.${i}.data`;
  })();
  for (const name of names) if (!existsSync(join(dirname(file), name))) return name;
  throw new Error('There is no end of names.');
}

function moveInto(file: string, staging: Staging, names: readonly string[]): readonly string[] {
  const old = ownData(file);
  staging.commit(names);
  const paths = names.map((name) => join(dirname(file), name));
  for (const path of old) if (!paths.includes(path)) rmSync(path, { force: true });
  return paths;
}

/** External data of the model that is at `file`, as far as it lies under a name that only `saveModel` gives it. */
function ownData(file: string): readonly string[] {
  const start = basename(file);
  const isOwn = (location: string) =>
    location.startsWith(start) && /^(?:\.\d+)?\.data$/.test(location.slice(start.length));
  try {
    const source = new FileSource(file);
    try {
      const locations = tensorsOf(readModel(source)).flatMap(({ data }) =>
        data.kind === 'external' && isOwn(data.location) ? data.location : [],
      );
      return [...new Set(locations)].map((location) => join(dirname(file), location));
    } finally {
      source.dispose();
    }
  } catch {
    // Nothing is there, or no model.
    return [];
  }
}

function checkRoom(folder: string, needed: number): void {
  const { bavail, bsize } = statfsSync(folder);
  // Some file systems do not tell.
  if (bavail * bsize >= needed || bsize === 0) return;
  throw new UserError(
    'badInput',
    `${dirname(folder)} has no room for the model: it takes ${formatBytes(needed)}, ${formatBytes(bavail * bsize)} are free.`,
  );
}

/** Writes the file where a save that was cut short left it, and gives it its name. */
function* goOnWith(
  key: string,
  path: string,
  content: Encoded,
  progress: Progress,
  signal: AbortSignal | undefined,
): Generator<void, void> {
  const part = takePart(dirname(dirname(path)), key);
  let keep = false;
  try {
    yield* writeFile(part.path, content, progress, signal, wholePieces(content, part.length));
    renameSync(part.path, path);
  } catch (error) {
    keep = isCancelled(error);
    throw error;
  } finally {
    part.end(keep);
  }
}

function* writeFile(
  path: string,
  content: Encoded,
  progress: Progress,
  signal: AbortSignal | undefined,
  from?: number,
): Generator<void, void> {
  const file = openSync(path, from === undefined ? 'wx' : 'r+');
  let at = from ?? 0;
  try {
    ftruncateSync(file, at);
    const write = (bytes: Uint8Array) => {
      for (let done = 0; done < bytes.length;) {
        const count = writeSync(file, bytes, done, bytes.length - done, at);
        done += count;
        at += count;
      }
    };
    yield* writingPieces(
      content,
      { write },
      { progress, ...(signal ? { signal } : {}), ...(from === undefined ? {} : { from }) },
    );
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Reads the file again: it must hold as many nodes and tensors as the model, and its external data must be as long as they need. */
function checkWritten(model: Model, path: string, dataLength: number): void {
  const source = new FileSource(path);
  try {
    const written = readModel(source);
    const tensors = tensorsOf(written);
    const fits = tensors.every(
      ({ data }) => data.kind !== 'external' || data.offset + (data.length ?? 0) <= dataLength,
    );
    const same =
      written.graph.nodes.length === model.graph.nodes.length &&
      tensors.length === tensorsOf(model).length;
    if (!fits || !same) throw new Error('The written model is not the one that was to be written.');
  } finally {
    source.dispose();
  }
}

function finish<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Others get their turn this often, in milliseconds: an abort is to be heard well before the process would be ended for it. */
const turnMs = 20;

async function finishSlowly<T>(work: Generator<void, T>): Promise<T> {
  let turn = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - turn < turnMs) continue;
    await new Promise(setImmediate);
    turn = performance.now();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is used up',
  EFBIG: 'its disk holds no files of that size',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
  EBUSY: 'it is in use by another program',
  ETXTBSY: 'it is in use by another program',
  ENAMETOOLONG: 'the name is too long',
  EIO: 'the disk does not work',
};

function explaining<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(error, file);
  }
}

/** What the system says of a place, in words; other errors as they are. Errors of reading weights are the user's already. */
function explained(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = reasons[code];
  return reason ? new UserError('badInput', `${file} cannot be written: ${reason}.`) : error;
}

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../base/errors';
import { noProgress, partOf, type Progress } from '../base/progress';
import { noExternal, type OpenExternal } from '../onnx/external';
import type { Model } from '../onnx/model';
import type { Encoded } from '../onnx/output';
import { readModel } from '../onnx/read';
import { tensorsOf } from '../onnx/tensors';
import { planWrite, writePieces, type WriteOptions } from '../onnx/write';
import { FileSource } from './files';

export interface SaveOptions extends Pick<WriteOptions, 'weights' | 'limit'> {
  /** Opens the external data that the model has now. */
  readonly open?: OpenExternal;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

let saves = 0;

/**
 * Writes a model to `file`, and its external data, if it has any, beside it in one file of that name with `.data` after it.
 * Both are written under temporary names, read again, and renamed only when all is well: whatever fails, the files that were
 * there before stay as they were. Returns the paths written. Throws what reading weights throws, `cancelled`, and `badInput` for
 * a place that cannot be written to.
 */
export function saveModel(
  model: Model,
  file: string,
  options: SaveOptions = {},
): readonly string[] {
  const { open = noExternal, progress = noProgress, signal } = options;
  const dataName = `${basename(file)}.data`;
  const plan = planWrite(model, { ...options, dataName, open });
  const total = plan.model.length + (plan.data?.length ?? 0);
  const dataShare = (plan.data?.length ?? 0) / total;
  const steps = [
    ...(plan.data
      ? [{ to: join(dirname(file), dataName), content: plan.data, from: 0, until: dataShare }]
      : []),
    { to: file, content: plan.model, from: dataShare, until: 1 },
  ].map((step) => ({ ...step, temporary: temporaryFor(step.to) }));
  try {
    for (const { temporary, content, from, until } of steps) {
      writeFile(temporary, content, partOf(progress, from, until), signal);
    }
    checkWritten(model, steps.at(-1)?.temporary ?? file, plan.data?.length ?? 0);
    for (const { temporary, to } of steps) renameSync(temporary, to);
  } catch (error) {
    throw explained(error, file);
  } finally {
    for (const { temporary } of steps) rmSync(temporary, { force: true });
  }
  return steps.map((step) => step.to);
}

function temporaryFor(file: string): string {
  return join(dirname(file), `.${basename(file)}.${process.pid}-${++saves}.tmp`);
}

function writeFile(
  path: string,
  content: Encoded,
  progress: Progress,
  signal: AbortSignal | undefined,
): void {
  const file = openSync(path, 'wx');
  try {
    writePieces(
      content,
      {
        write(bytes) {
          for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
        },
      },
      signal ? { progress, signal } : { progress },
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

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOENT: 'its folder does not exist',
  EBUSY: 'it is in use by another program',
};

function explained(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = reasons[code];
  return reason ? new UserError('badInput', `${file} cannot be written: ${reason}.`) : error;
}

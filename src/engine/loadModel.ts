import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenExternal } from '../onnx/external';
import type { Model } from '../onnx/model';
import { planWrite, writePieces } from '../onnx/write';
import type { Runner, Session, SessionOptions } from '../runtime/runner';
import { saveModel } from './saveModel';

export interface LoadOptions {
  readonly runner: Pick<Runner, 'load'>;
  readonly open: OpenExternal | undefined;
  /** Large models are written there for the time of loading. */
  readonly folder: string;
  /** What messages call the model. */
  readonly name: string;
}

/** Bytes of the largest model that is given to the runtime in memory, where it is for a moment three times. */
const mostInMemory = 512e6;

/** Loads a model that no file holds: as bytes, or through a file where it is large or has external data. The caller releases the session. */
export async function loadModel(
  model: Model,
  { runner, open, folder, name }: LoadOptions,
  options: SessionOptions,
): Promise<Session> {
  const plan = planWrite(model, { dataName: `${name}.data`, ...(open ? { open } : {}) });
  if (plan.data || plan.model.length > mostInMemory) {
    return loadThroughFile(model, { runner, open, folder, name }, options);
  }
  const bytes = new Uint8Array(plan.model.length);
  let at = 0;
  writePieces(plan.model, {
    write: (piece) => {
      bytes.set(piece, at);
      at += piece.length;
    },
  });
  return runner.load(bytes, { name, ...options });
}

async function loadThroughFile(
  model: Model,
  { runner, open, folder, name }: LoadOptions,
  options: SessionOptions,
): Promise<Session> {
  const place = mkdtempSync(join(folder, 'trial-'));
  const path = join(place, name);
  try {
    saveModel(model, path, open ? { open } : {});
    return await runner.load(path, options);
  } finally {
    // The runtime has read it whole by now.
    rmSync(place, { recursive: true, force: true });
  }
}

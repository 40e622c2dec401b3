import { tmpdir } from 'node:os';
import { loadModel } from '../../src/engine/loadModel';
import type { OpenExternal } from '../../src/onnx/external';
import type { Model } from '../../src/onnx/model';
import { ortRunner } from '../../src/runtime/ort';
import type { Feeds, Session, SessionOptions } from '../../src/runtime/runner';

/** How tests run models: one thread each, since as many tests as there are cores run at once. */
export const session = {
  threads: 1,
  provider: 'cpu',
  optimize: 'all',
} as const satisfies SessionOptions;

/** Loads a model that no file holds; the caller releases the session. `open` reads its external data. */
export function loadMade(
  model: Model,
  open?: OpenExternal,
  options: Partial<SessionOptions> = {},
): Promise<Session> {
  const through = { runner: ortRunner(), open, folder: tmpdir(), name: 'made.onnx' };
  return loadModel(model, through, { ...session, ...options });
}

/** All outputs of a model that no file holds. */
export function runModel(model: Model, feeds: Feeds, open?: OpenExternal): Promise<Feeds> {
  return outputsOf(loadMade(model, open), feeds);
}

/** All outputs of a model's file. */
export function runFile(file: string, feeds: Feeds): Promise<Feeds> {
  return outputsOf(ortRunner().load(file, session), feeds);
}

async function outputsOf(loading: Promise<Session>, feeds: Feeds): Promise<Feeds> {
  const loaded = await loading;
  try {
    return (await loaded.run(feeds)).outputs;
  } finally {
    await loaded.release();
  }
}

import { noProgress } from '../../../src/base/progress';
import { engine } from '../../../src/engine/engine';
import type { ModelRequest } from '../../../src/protocol/engineApi';
import type { Scenario } from './host';

const handlers = engine();
const context = { signal: new AbortController().signal, progress: noProgress, partial: () => {} };

/** What the extension would show of a model that was only read. */
export async function read(request: ModelRequest): Promise<Scenario> {
  const inspection = await handlers.inspect(request, context);
  const dimensions = await handlers.dimensions({ file: request.file }, context);
  return { inspection, state: { file: request.file, dimensions } };
}

/** What it would show after a short measurement. */
export async function readAndMeasured(request: ModelRequest): Promise<Scenario> {
  const scenario = await read(request);
  const options = { threads: 1, runs: 3, warmup: 1, provider: 'cpu', seed: 1 };
  return { ...scenario, profile: await handlers.profile({ ...request, ...options }, context) };
}

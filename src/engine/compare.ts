import { basename } from 'node:path';
import { partOf } from '../base/progress';
import type { CompareRequest, Comparison } from '../protocol/build';
import type { CallContext } from '../protocol/rpc';
import { compareLatency } from '../verify/latency';
import { OutputComparison, type Estimate as HalfWidth } from '../verify/outputs';
import { runInputs } from './inputs';
import { modelBytes } from './modelBytes';
import type { Models } from './models';
import { loadRunner } from './runtime';

/** Runs two models on the same inputs and says what differs. Throws what the data and the runtime refuse. */
export async function compare(
  models: Models,
  request: CompareRequest,
  { signal, progress }: CallContext,
): Promise<Comparison> {
  const { file, candidate, data, dims, shapes, threads, rounds, warmup, seed } = request;
  const sized = models.sized(file, { dims, shapes });
  const other = models.sized(candidate, { dims, shapes });
  const inputs = runInputs(sized, data, seed);
  const runner = await loadRunner();
  const options = { threads, provider: 'cpu', optimize: 'all' } as const;
  const reference = await runner.load(file, options);
  const session = await runner.load(candidate, options);
  try {
    const feeds = inputs.feeds(0);
    const outputs = new OutputComparison();
    const [name = ''] = reference.outputs;
    const a = (await reference.run(feeds, [name])).outputs[name];
    const b = (await session.run(feeds, [name])).outputs[name];
    if (a && b) outputs.add(a, b, feeds);
    const found = outputs.result();
    const latency = await compareLatency(reference, session, feeds, {
      ...{ rounds, warmup, signal },
      progress: partOf(progress, 0.5, 1),
    });
    return {
      reference: basename(file),
      candidate: basename(candidate),
      bytes: { reference: modelBytes(sized), candidate: modelBytes(other) },
      data: inputs.data,
      samples: found.samples,
      metric: found.kl ? 'classes' : 'values',
      accuracy: null,
      agreement: intervalOf(found.agreement),
      kl: intervalOf(found.kl),
      sqnrDb: Number.isFinite(found.sqnrDb) ? found.sqnrDb : null,
      cosine: found.cosine,
      maxError: found.maxError,
      meanError: found.meanError,
      latency: {
        ...latency,
        threads,
        inputs: Object.entries(feeds).map(([name, { shape }]) => ({ name, shape: [...shape] })),
      },
      loadMs: { reference: reference.loadMs, candidate: session.loadMs },
      peakMemoryBytes: { reference: null, candidate: null },
      kernels: [],
      layers: [],
      complete: true,
    };
  } finally {
    await reference.release();
    await session.release();
  }
}

function intervalOf(estimate: HalfWidth | undefined) {
  if (!estimate) return null;
  const { mean, halfWidth } = estimate;
  return { mean, low: mean - halfWidth, high: mean + halfWidth };
}

import { openCalibration } from '../../src/engine/calibration';
import type { SizedModel } from '../../src/engine/models';
import { ortRunner } from '../../src/runtime/ort';
import { logSoftmax } from '../../src/tensor/measures';

/** Of the next token, over all of a file of `input_ids`: exp of the mean negative log-likelihood of a model made from `source`. */
export async function perplexity(source: SizedModel, file: string, data: string): Promise<number> {
  const runner = ortRunner();
  const { batches } = openCalibration(source, {
    ...{ runner, data, samples: Infinity, folder: '.', threads: 2 },
  });
  const session = await runner.load(file, { threads: 2, provider: 'cpu', optimize: 'all' });
  const [name = ''] = session.outputs;
  let sum = 0;
  let count = 0;
  for (const { feeds } of batches()) {
    const ids = feeds['input_ids']!.data as BigInt64Array;
    const { data: logits, shape } = (await session.run(feeds, [name])).outputs[name]!;
    const [batch = 0, sequence = 0, classes = 0] = shape;
    for (let at = 0; at < batch * sequence; at++) {
      if (at % sequence === sequence - 1) continue;
      const row = logSoftmax(logits as Float32Array, at * classes, classes);
      sum -= row[Number(ids[at + 1])]!;
      count++;
    }
  }
  await session.release();
  return Math.exp(sum / count);
}

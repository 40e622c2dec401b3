import { existsSync } from 'node:fs';
import { runInputs } from '../../src/engine/inputs';
import { Models } from '../../src/engine/models';
import type { Step } from '../../src/protocol/recipe';
import { ortRunner } from '../../src/runtime/ort';
import { trial } from '../support/trial';
import { judge, meanThreadTime, median, milliseconds } from './judge';

/**
 * int8 static beside fp32 on one thread, the two in turn in one run; the figures are medians of this thread's own time, so that a busy
 * machine does not decide.
 */
interface Case {
  readonly model: string;
  readonly data: string;
  readonly before: readonly string[];
  readonly dims: Readonly<Record<string, number>>;
  /** How many times as fast as fp32 it must be. */
  readonly wanted: number;
}

const folder = '../shared/models/';
const resnet = { data: 'mnist-resnet/calib.npz', before: [] as string[] };
const cases: readonly Case[] = [
  { ...resnet, model: 'mnist-resnet/model.onnx', dims: { batch: 1 }, wanted: 1.8 },
  { ...resnet, model: 'mnist-resnet/model.onnx', dims: { batch: 8 }, wanted: 1.8 },
  { ...resnet, model: 'mnist-resnet/model.onnx', dims: { batch: 32 }, wanted: 2 },
  {
    ...{ model: 'mnist-resnet/model-bn.onnx', data: resnet.data, before: ['foldBatchNorm'] },
    ...{ dims: { batch: 32 }, wanted: 2 },
  },
  { ...resnet, model: 'mnist-resnet/mobilenet.onnx', dims: { batch: 32 }, wanted: 1 },
  {
    ...{ model: 'ultraface/model.onnx', data: 'ultraface/images.npz', before: ['convertOpset'] },
    ...{ dims: {}, wanted: 1 },
  },
  {
    ...{ model: 'minilm-sst2/model.onnx', data: 'minilm-sst2/calibration.npz', before: [] },
    ...{ dims: { batch: 1, sequence: 128 }, wanted: 2 },
  },
];
const rounds = 15;
/** Long enough for the system's count of a thread's time, in milliseconds. */
const blockTime = 60;
const options = { threads: 1, provider: 'cpu', optimize: 'all' } as const;

if (existsSync(folder)) void main();
else console.log('– int8 static: skipped, the models are not there');

async function main(): Promise<void> {
  for (const each of cases) await race(each);
}

async function race({ model, data, before, dims, wanted }: Case): Promise<void> {
  const file = folder + model;
  const steps = [...before, 'int8Static'].map((action): Step => ({ action, targets: {} }));
  const made = await trial(file, steps, { calibration: folder + data, samples: 64 });
  const feeds = runInputs(new Models().sized(file, { dims }), undefined, 1).feeds(0);
  const fp32 = await ortRunner().load(file, options);
  const int8 = await ortRunner().load(made.file, options);
  made.remove();
  const time = (session: typeof fp32, runs: number) =>
    meanThreadTime(runs, () => session.run(feeds));
  const runs = Math.max(3, Math.ceil(blockTime / (await time(fp32, 5))));
  await time(int8, runs);
  const times: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    times.push([await time(fp32, runs), await time(int8, runs)]);
  }
  const ratio = median(times.map(([a, b]) => a / b));
  const value = median(times.map(([, b]) => b));
  const size = Object.values(dims).join('×') || 'its only size';
  const baseline = `fp32 takes ${ratio.toFixed(2)} times as long, ${wanted} wanted`;
  const what = `int8 static, ${model}, ${size}`;
  judge({ what, value, limit: (value * ratio) / wanted, format: milliseconds, baseline });
  await fp32.release();
  await int8.release();
}

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { linearFit } from '../../src/actions/linear';
import { type RoomyKeeper, keeperWithin } from '../../src/actions/keeper';
import { defaultSamples, openCalibration } from '../../src/engine/calibration';
import { Models } from '../../src/engine/models';
import { answered, tryPlan } from '../../src/engine/plan/trial';
import { damageJudge } from '../../src/engine/sensitivity/damage';
import type { Step } from '../../src/protocol/recipe';
import { ortRunner } from '../../src/runtime/ort';
import { modelsFolder } from '../support/models';
import { judge } from './judge';

/**
 * Trying the next plan of MiniLM-SST2, which treats six of its 38 linears otherwise: beside the same plan tried alone, by processor time. The
 * outcome is the same.
 */
const model = join(modelsFolder, 'minilm-sst2', 'model.onnx');
const most = 0.5;
const moved = 6;
const ways = [
  { bits: '8', block: '128', keep: 0, rounding: 'nearest' },
  { bits: '4', block: '16', keep: 0 },
  { bits: '4', block: '32', keep: 0 },
  { bits: '4', block: '128', keep: 0 },
];

/** Every linear in one of the ways in turn, the first few in the one after theirs. */
function planOf(layers: readonly string[], shifted: number): Step[] {
  const wayOf = (at: number) => (at + (at < shifted ? 1 : 0)) % ways.length;
  return ways.map((params, way) => ({
    ...{ action: 'weightOnly', params },
    targets: { layers: layers.filter((_, at) => wayOf(at) === way) },
  }));
}

if (existsSync(model)) void measure();
else console.log('– trials: skipped, the model is not there');

async function measure(): Promise<void> {
  const folder = mkdtempSync(join('out', 'bench-'));
  try {
    const sized = new Models().sized(model, {});
    const runner = ortRunner();
    const open = (data: string, samples: number) =>
      openCalibration(sized, {
        ...{ runner, folder, samples, threads: 2 },
        data: join(modelsFolder, 'minilm-sst2', data),
      });
    const { signal } = new AbortController();
    const { output, score } = damageJudge(sized);
    const common = {
      ...{ folder, runner, signal, threads: 2, unseen: undefined },
      score,
      calibration: open('calibration.npz', defaultSamples),
      seen: await answered(sized, open('dev.npz', 64), { outputs: [output], signal }),
    };
    const layers = sized.structure.layers.filter((layer) => linearFit(layer).fits);
    const ids = layers.map(({ id }) => id);
    const tried = async (shifted: number, keeper: RoomyKeeper) => {
      const before = process.cpuUsage();
      const { figures } = await tryPlan(sized, planOf(ids, shifted), { ...common, keeper });
      const { user, system } = process.cpuUsage(before);
      return { ...figures, seconds: (user + system) / 1e6 };
    };
    const keeper = keeperWithin();
    await tried(0, keeper);
    const next = await tried(moved, keeper);
    const alone = await tried(moved, keeperWithin());
    judge({
      what: 'the next plan tried',
      value: next.seconds,
      limit: most * alone.seconds,
      format: (value) => `${value.toFixed(1)} s of processor time`,
      baseline: `half of what it takes alone; KL ${next.damage.toPrecision(4)}`,
    });
    judge({
      what: 'how far its KL is from that of the plan alone',
      value: Math.abs(next.damage - alone.damage),
      limit: 0,
      format: (value) => value.toExponential(1),
      baseline: 'the same model',
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

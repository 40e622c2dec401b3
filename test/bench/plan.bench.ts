import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Models } from '../../src/engine/models';
import { byHand, fast, fourBits, perplexed, quick, smallest } from './plan/claims';
import { type Case, makers, root } from './plan/stand';

/**
 * Plans beside what one scheme for all layers gives, and beside the same optimum over weight errors, all made and measured in the same
 * run: planned on the first part of the data, judged on the rest, which no plan has looked at. Baselines have the same calibration samples.
 * PLAN_MODELS names folders, PLAN_ONLY claims (`four`, `small`, `hand`, `speed`, `latency`, `perplexity`), PLAN_CACHE keeps measurements.
 */
const cases: readonly Case[] = [
  {
    ...{ folder: 'minilm-sst2', data: 'dev.npz', samples: 512 },
    ...{ hand: 0.0013, at: { sequence: 128 }, speed: 2.3, latency: 1 / 2.3 },
  },
  { folder: 'mnist-resnet', data: 'test.npz', samples: 300, at: { batch: 32 }, speed: 1.5 },
  // Its samples follow one another in one text, whose end is harder than its beginning.
  { folder: 'tiny-lm', data: 'valid.npz', samples: 48, perplexity: 0.01 },
  { folder: 'lstm-sst2', data: 'dev.npz', samples: 512 },
  { folder: 'vad', data: 'speech.npz', samples: 400 },
];

const largestDamage = 0.01;
const wanted = process.env['PLAN_MODELS']?.split(',');
const only = process.env['PLAN_ONLY']?.split(',');
const asks = (claim: string) => !only || only.includes(claim);

void main();

async function main(): Promise<void> {
  for (const each of cases) {
    if (wanted && !wanted.includes(each.folder)) continue;
    if (existsSync(join(root, each.folder))) await measure(each);
    else console.log(`– ${each.folder}: skipped, it is not there`);
  }
}

async function measure(each: Case): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'featherweight-plan-'));
  const models = new Models();
  const file = join(root, each.folder, 'model.onnx');
  try {
    const sized = models.sized(file, {});
    console.log(
      `\n${each.folder}: ${sized.bytes} bytes; planned on ${each.samples} samples of ${each.data}, judged on the rest`,
    );
    const stand = { each, sized, models, file, ...makers(each, sized, models, place) };
    if (asks('four')) await fourBits(stand);
    if (asks('small')) await smallest(stand, 'kl', largestDamage);
    if (each.hand !== undefined && asks('hand')) await byHand(stand, each.hand);
    if (each.perplexity !== undefined && asks('perplexity'))
      await perplexed(stand, each.perplexity);
    if (each.speed !== undefined && asks('speed')) await fast(stand, each.speed);
    if (each.latency !== undefined && asks('latency')) await quick(stand, each.latency);
  } finally {
    models.dispose();
    rmSync(place, { recursive: true, force: true });
  }
}

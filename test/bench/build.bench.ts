import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { saveModel } from '../../src/engine/saveModel';
import type { Built } from '../../src/protocol/build';
import type { Step } from '../../src/protocol/recipe';
import { blockBytes, decoder } from './decoder';
import { judge, megabytes } from './judge';

/**
 * `featherweight build` of a decoder of 3.2 GB, its weights beside it, to 4 bits: in little memory, and not much slower than copying the
 * same bytes in the same run, from the disk's cache and back to the disk.
 */
const program = join(process.env['FEATHERWEIGHT_DIST'] ?? 'dist', 'cli.js');
const mostMemory = 1e9;
const sizes = { blocks: 4, hidden: 4096, forward: 16_384, heads: 32 };

const cases: readonly { name: string; step: Step; copies: number }[] = [
  {
    name: '4-bit, the runtime’s own grids',
    step: { action: 'weightOnly', targets: {}, params: { grid: 'nearest', scales: 'float32' } },
    copies: 10,
  },
  {
    name: '4-bit, searched grids',
    step: { action: 'weightOnly', targets: {} },
    copies: 30,
  },
];

const bytes = sizes.blocks * blockBytes(sizes);
const folder = mkdtempSync(join('out', 'bench-'));
try {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < 2.5 * bytes) {
    console.log(`– build: skipped, the disk has only ${megabytes(bavail * bsize)} free`);
  } else {
    const file = join(folder, 'model.onnx');
    const files = saveModel(decoder(sizes), file, { weights: 'outside' });
    for (const each of cases) measure(each, files);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function measure({ name, step, copies }: (typeof cases)[number], files: readonly string[]): void {
  const copying = timeOfCopying(files);
  const recipe = join(folder, 'recipe.featherweight.json');
  const steps = [step];
  writeFileSync(recipe, JSON.stringify({ version: 1, model: { file: 'model.onnx' }, steps }));
  const output = join(folder, 'light.onnx');
  const args = ['build', recipe, '--out', output, '--overwrite', '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(stderr);
  const built = JSON.parse(stdout) as Built;
  const share = ((100 * built.bytes) / built.sourceBytes).toFixed(1);
  judge({
    what: `${name}, ${megabytes(bytes)} to ${share} %`,
    value: built.seconds,
    limit: copies * copying,
    format: (seconds) => `${seconds.toFixed(1)} s, ${(seconds / copying).toFixed(1)} copies`,
    baseline: `copying the same bytes takes ${copying.toFixed(1)} s`,
  });
  judge({
    what: `memory of ${name}`,
    value: built.peakMemoryBytes,
    limit: mostMemory,
    format: megabytes,
    baseline: `the engine’s process; the largest weight takes ${megabytes(4 * sizes.hidden * sizes.forward)}`,
  });
  rmSync(output, { force: true });
}

/** In seconds, through a buffer that is larger than the processor’s caches. */
function timeOfCopying(files: readonly string[]): number {
  const buffer = new Uint8Array(1 << 27);
  const begin = performance.now();
  for (const path of files) {
    const from = openSync(path, 'r');
    const to = openSync(join(folder, 'copy'), 'w');
    const { size } = statSync(path);
    for (let done = 0; done < size;) {
      const read = readSync(from, buffer, 0, buffer.length, done);
      writeSync(to, buffer, 0, read);
      done += read;
    }
    closeSync(from);
    closeSync(to);
  }
  rmSync(join(folder, 'copy'));
  return (performance.now() - begin) / 1000;
}

import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { saveModel } from '../../src/engine/saveModel';
import { blockBytes, decoder, type DecoderSizes } from './decoder';
import { judge, median, megabytes, milliseconds, peakOfNode, timeOfNode } from './judge';

/**
 * `featherweight inspect` of models of 4 GB, their weights beside them and inside them: it must not read them. Compared with reading the
 * same bytes once, in the same run; what Node takes to start at all is set apart.
 */
const program = join(process.env['FEATHERWEIGHT_DIST'] ?? 'dist', 'cli.js');
const sizes: Omit<DecoderSizes, 'blocks'> = { hidden: 2048, forward: 8192, heads: 16 };
const perBlock = blockBytes({ blocks: 1, ...sizes });
const shareOfReading = 0.1;
const mostMemory = 150e6;
const runs = 7;

const cases = [
  // The largest file that a protocol buffer may be is 2 GiB less one byte.
  { name: 'inline, just under 2 GiB', bytes: 2 ** 31 - 16e6, weights: 'keep' },
  { name: 'external, 4 GB', bytes: 4e9, weights: 'outside' },
] as const;

for (const { name, bytes, weights } of cases) {
  const folder = mkdtempSync(join('out', 'bench-'));
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < 1.2 * bytes) {
      console.log(`– ${name}: skipped, the disk has only ${megabytes(bavail * bsize)} free`);
      continue;
    }
    const file = join(folder, 'model.onnx');
    const model = decoder({ blocks: Math.floor(bytes / perBlock), ...sizes });
    const files = saveModel(model, file, { weights });
    compare(name, file, files, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compare(name: string, file: string, files: readonly string[], folder: string): void {
  const inspect = [program, 'inspect', file, '--json'];
  // Read in turns, so that what else the machine does falls on all of them alike; the first of each warms the disk's cache.
  const times = Array.from({ length: runs }, () => ({
    reading: timeOfReading(files),
    start: timeOfNode(['-e', '0']),
    inspect: timeOfNode(inspect),
  })).slice(1);
  const reading = median(times.map((time) => time.reading));
  const start = median(times.map((time) => time.start));
  const spent = median(times.map((time) => time.inspect)) - start;
  judge({
    what: `inspect, ${name}`,
    value: spent,
    limit: shareOfReading * reading,
    format: milliseconds,
    baseline: `10 % of reading its bytes once, ${milliseconds(reading)}; Node's start, ${milliseconds(start)}, set apart`,
  });
  judge({
    what: `memory of inspect, ${name}`,
    value: peakOfNode(inspect, folder),
    limit: mostMemory,
    format: megabytes,
    baseline: `the whole process; Node alone takes ${megabytes(peakOfNode(['-e', '0'], folder))}`,
  });
}

function timeOfReading(files: readonly string[]): number {
  const buffer = new Uint8Array(1 << 23);
  const begin = performance.now();
  for (const path of files) {
    const file = openSync(path, 'r');
    const { size } = fstatSync(file);
    for (let done = 0; done < size;) done += readSync(file, buffer, 0, buffer.length, done);
    closeSync(file);
  }
  return performance.now() - begin;
}

import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { saveModel } from '../../src/engine/saveModel';
import { blockBytes, decoder } from './decoder';
import { judge, megabytes, milliseconds, peakOfNode, timeOfNode } from './judge';

/**
 * `featherweight inspect` of models of 4 GB, their weights beside them and inside them: it must not read them. Compared with reading the
 * same bytes once, in the same run and from the disk's cache; what Node takes to start at all is set apart.
 */
const program = join(process.env['FEATHERWEIGHT_DIST'] ?? 'dist', 'cli.js');
const shareOfReading = 0.1;
const mostMemory = 150e6;
const runs = 9;

const cases = [
  {
    // The largest file that a protocol buffer may be is 2 GiB less one byte.
    name: 'inline, just under 2 GiB',
    sizes: { blocks: 2, hidden: 4096, forward: 24_000, heads: 32 },
    weights: 'keep',
  },
  {
    name: 'external, 4 GB',
    sizes: { blocks: 5, hidden: 4096, forward: 16_384, heads: 32 },
    weights: 'outside',
  },
] as const;

for (const { name, sizes, weights } of cases) {
  const bytes = sizes.blocks * blockBytes(sizes);
  const folder = mkdtempSync(join('out', 'bench-'));
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < 1.2 * bytes) {
      console.log(`– ${name}: skipped, the disk has only ${megabytes(bavail * bsize)} free`);
      continue;
    }
    const file = join(folder, 'model.onnx');
    const files = saveModel(decoder(sizes), file, { weights });
    compare(`${name} (${megabytes(bytes)})`, file, files, folder);
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
  // The least of each is what it takes when nothing else runs.
  const least = (of: (time: (typeof times)[number]) => number) => Math.min(...times.map(of));
  const reading = least((time) => time.reading);
  const start = least((time) => time.start);
  const spent = least((time) => time.inspect) - start;
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

/** Through a buffer that is larger than the processor's caches, so that every byte passes through memory, as it would for any use. */
function timeOfReading(files: readonly string[]): number {
  const buffer = new Uint8Array(1 << 27);
  const begin = performance.now();
  for (const path of files) {
    const file = openSync(path, 'r');
    const { size } = fstatSync(file);
    for (let done = 0; done < size;) done += readSync(file, buffer, 0, buffer.length, done);
    closeSync(file);
  }
  return performance.now() - begin;
}

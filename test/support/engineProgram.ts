import { buildSync } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

let program: string | undefined;

/** The engine's program, bundled once for the test file that asks; removed when its process ends. Absolute path. */
export function engineProgram(): string {
  return (program ??= bundled());
}

function bundled(): string {
  // Inside the repository, so that the runtime is found from there.
  mkdirSync('out', { recursive: true });
  const folder = mkdtempSync('out/engine-');
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outfile = resolve(join(folder, 'engine.js'));
  buildSync({
    entryPoints: ['src/engine/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['onnxruntime-node'],
    logLevel: 'error',
  });
  return outfile;
}

import { buildSync } from 'esbuild';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

let folder: string | undefined;

/** The folder with the command line's program and its engine, bundled once for the test file that asks. Absolute path. */
export function programFolder(): string {
  return (folder ??= bundled());
}

function bundled(): string {
  // Inside the repository, so that the runtime is found from there.
  mkdirSync('out', { recursive: true });
  const outdir = resolve(mkdtempSync('out/cli-'));
  process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
  buildSync({
    entryPoints: {
      cli: 'src/cli.ts',
      'cli.main': 'src/cli/start.ts',
      engine: 'src/engine/main.ts',
    },
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['onnxruntime-node'],
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  return outdir;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  /** Where `cli.js` lies. */
  readonly from?: string;
  /** Told the process as soon as it runs. */
  readonly started?: (process: ReturnType<typeof spawn>) => void;
}

/** Runs `featherweight` with these arguments to its end. */
export function featherweight(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const program = join(options.from ?? programFolder(), 'cli.js');
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  options.started?.(child);
  return new Promise((done) => child.on('close', (code) => done({ code, ...texts })));
}

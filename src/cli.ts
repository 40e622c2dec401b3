import { readFileSync, writeFileSync } from 'node:fs';
import { Module } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/**
 * Starts the command line: `cli.main.js`, with the code that V8 made of it before, if the build left that beside it and it is of this
 * version of V8. Counting a model takes less time than compiling what counts it.
 */
const program = join(__dirname, 'cli.main.js');
const cache = join(__dirname, 'cli.cache');

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

const cachedData = read(cache);
const script = new Script(Module.wrap(readFileSync(program, 'utf8')), {
  filename: program,
  ...(cachedData ? { cachedData } : {}),
});
// At the end it holds the functions that were used, which is what the next run will want.
if (process.env['FEATHERWEIGHT_WRITE_CODE_CACHE']) {
  process.on('exit', () => writeFileSync(cache, script.createCachedData()));
}
const run = script.runInThisContext() as (...parts: unknown[]) => void;
run(exports, require, module, program, __dirname);

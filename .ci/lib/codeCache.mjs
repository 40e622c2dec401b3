import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.mjs';

/**
 * Leaves what V8 makes of the command line beside it, for the Node that runs this: the command line then starts in half the time.
 * Another Node compiles it anew.
 * @param {string} folder where `cli.js` lies
 */
export async function writeCodeCache(folder) {
  removeCodeCache(folder);
  // A run that does all there is to counting: what it uses is what is kept.
  const args = [join(folder, 'cli.js'), 'inspect', 'media/samples/digits-vit/model.onnx', '--json'];
  const env = { ...process.env, FEATHERWEIGHT_WRITE_CODE_CACHE: '1' };
  const { status, output } = await run(process.execPath, args, { env });
  if (status !== 0) throw new Error(`The command line that was built does not run:\n${output}`);
}

/**
 * Code made of another build must not stay: V8 tells sources apart by their length only.
 * @param {string} folder
 */
export function removeCodeCache(folder) {
  rmSync(join(folder, 'cli.cache'), { force: true });
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { normal, seededRandom } from '../../src/base/random';
import { FileSource } from '../../src/engine/files';
import { saveModel, type SaveOptions } from '../../src/engine/saveModel';
import { readModel } from '../../src/onnx/read';
import { ortRunner } from '../../src/runtime/ort';
import { inFolder } from '../support/folder';

const sample = join('media', 'samples', 'digits-vit', 'model.onnx');
const random = seededRandom(11);
const image = Float32Array.from({ length: 64 }, () => normal(random));

/** What the runtime makes of one made-up image. */
async function outputsOf(file: string): Promise<number[]> {
  const session = await ortRunner().load(file, { threads: 1, provider: 'cpu', optimize: 'none' });
  const [name = ''] = session.inputs;
  const feeds = { [name]: { dtype: 'float32', shape: [1, 1, 8, 8], data: image } } as const;
  const { outputs } = await session.run(feeds);
  await session.release();
  return Object.values(outputs).flatMap((tensor) => [...(tensor.data as Float32Array)]);
}

test('the runtime runs a saved model as it ran the original, weights inside and outside', async () => {
  const before = await outputsOf(sample);
  assert.equal(before.length, 10);
  const choices: SaveOptions[] = [{}, { weights: 'outside' }];
  for (const options of choices) {
    await inFolder(async (folder) => {
      const source = new FileSource(sample);
      const file = join(folder, 'saved.onnx');
      saveModel(readModel(source), file, options);
      source.dispose();
      assert.deepEqual(await outputsOf(file), before);
    });
  }
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { encode } from 'fast-png';
import { openCalibration } from '../../src/engine/calibration';
import { Models } from '../../src/engine/models';
import { numbersOf } from '../../src/runtime/arrays';
import { openNpz } from '../../src/runtime/datasets/npz';
import { dataFile } from '../../src/runtime/datasets/files';
import { numberAt } from '../../src/runtime/datasets/slices';
import { ortRunner } from '../../src/runtime/ort';
import { topClass } from '../../src/tensor/measures';
import { facesOf, overlap } from '../support/faces';
import { inFolder } from '../support/folder';
import { modelsFolder, withoutModels } from '../support/models';

interface Written {
  readonly archive: string;
  readonly input: string;
  /** The byte that a value was made from. */
  readonly byteOf: (value: number) => number;
  readonly preprocessing: object;
}

/** Writes the images of an archive [samples, channels, height, width] as PNG, each into the folder of its label if it has one. */
function writeImages(folder: string, { archive, input, byteOf, preprocessing }: Written): void {
  const arrays = openNpz(dataFile(join(modelsFolder, archive), archive), archive);
  const images = arrays.get(input)!().all();
  const labels = arrays.get('label')?.().all();
  const [count = 0, channels = 0, height = 0, width = 0] = images.shape;
  const values = numbersOf(images);
  const plane = height * width;
  for (let sample = 0; sample < count; sample++) {
    const data = new Uint8Array(plane * channels);
    for (let at = 0; at < data.length; at++) {
      const place = sample * data.length + (at % channels) * plane + Math.floor(at / channels);
      data[at] = Math.round(byteOf(values[place]!));
    }
    const place = labels
      ? `${numberAt(labels, sample)}/${sample}`
      : String(sample).padStart(4, '0');
    const file = join(folder, `${place}.png`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, encode({ width, height, channels, data }));
  }
  writeFileSync(join(folder, 'featherweight.images.json'), JSON.stringify(preprocessing));
}

/** Everything the model makes of all samples of some data, and their labels. */
async function answers(model: string, data: string, folder: string) {
  const sized = new Models().sized(join(modelsFolder, model), {});
  const runner = ortRunner();
  const options = { runner, data, folder, samples: Infinity, threads: 1 };
  const { batches, facts } = openCalibration(sized, options);
  const session = await runner.load(sized.file, { threads: 1, provider: 'cpu', optimize: 'all' });
  const found = [];
  for (const { feeds, labels } of batches()) {
    found.push({ labels, outputs: (await session.run(feeds)).outputs });
  }
  await session.release();
  return { facts, found };
}

const digits: readonly (Written & { readonly model: string })[] = [
  {
    ...{ model: 'digits-vit/model.onnx', archive: 'digits-vit/test.npz', input: 'image' },
    byteOf: (value) => value * 16,
    preprocessing: { scale: 1 / 16 },
  },
  {
    ...{ model: 'mnist-resnet/model.onnx', archive: 'mnist-resnet/test.npz', input: 'image' },
    byteOf: (value) => (value * 0.308839 + 0.131294) * 255,
    preprocessing: { scale: 1 / 255, mean: 0.131294, std: 0.308839 },
  },
];

for (const written of digits) {
  test(`${written.archive} as PNG is as right as from arrays`, { skip: withoutModels }, () =>
    inFolder(async (folder) => {
      const images = join(folder, 'images');
      writeImages(images, written);
      const right = async (data: string) => {
        const { facts, found } = await answers(written.model, data, folder);
        let count = 0;
        for (const { labels = [], outputs } of found) {
          const { data: logits, shape } = Object.values(outputs)[0]!;
          const width = shape.at(-1)!;
          labels.forEach((label, row) => {
            count += Number(topClass(logits as Float32Array, row * width, width) === label);
          });
        }
        return { count, classes: facts.classes, samples: facts.used };
      };
      assert.deepEqual(await right(images), await right(join(modelsFolder, written.archive)));
    }),
  );
}

test('faces are found in PNG where they are found in arrays', { skip: withoutModels }, () =>
  inFolder(async (folder) => {
    const images = join(folder, 'images');
    writeImages(images, {
      ...{ archive: 'ultraface/images.npz', input: 'input' },
      byteOf: (value) => value * 128 + 127,
      preprocessing: { resize: [240, 320], scale: 1, mean: 127, std: 128 },
    });
    const faces = async (data: string) =>
      (await answers('ultraface/model.onnx', data, folder)).found.flatMap(({ outputs }) => {
        const [scores, boxes] = [outputs['scores']!, outputs['boxes']!];
        return facesOf(scores.data as Float32Array, boxes.data as Float32Array);
      });
    const [found, wanted] = [
      await faces(images),
      await faces(join(modelsFolder, 'ultraface/images.npz')),
    ];
    assert.equal(found.length, wanted.length);
    found.forEach((face, at) => assert.ok(overlap(face, wanted[at]!) > 0.99));
  }),
);

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encode } from 'fast-png';
import type { InputSpec } from '../../../../src/runtime/inputs';
import { dataFolder, numbersIn as numbers } from '../../../support/datasets';
import { refuses as refusesAs } from '../../../support/refuses';

const { path: folder, save, open } = dataFolder();

const refuses = (work: () => unknown, message: RegExp) => refusesAs(work, 'badInput', message);

/** All pixels of one value. */
const flat = (value: number, width = 2, height = 2, channels = 1) =>
  encode({ width, height, channels, data: new Uint8Array(width * height * channels).fill(value) });

const image = (shape: InputSpec['shape'], dtype: InputSpec['dtype'] = 'float32'): InputSpec[] => [
  { name: 'x', dtype, shape },
];
const small = image(['n', 1, 2, 2]);
const stated = (place: string, fields: object) =>
  save(`${place}/featherweight.images.json`, JSON.stringify(fields));

test('classes are sub-folders, taken in turn, and what nobody stated is told', () => {
  for (const [name, value] of [
    ['cat/1.png', 51],
    ['cat/2.png', 102],
    ['dog/1.jpg', 153],
    ['.hidden/1.png', 0],
    ['cat/notes.txt', 0],
    ['dog/.DS_Store.png', 0],
  ] as const) {
    save(`pets/${name}`, flat(value));
  }
  const data = open('pets', small);
  assert.deepEqual([data.kind, data.count], ['images', 3]);
  assert.deepEqual(data.labels([0, 1, 2]), [0, 1, 0]);
  const { feeds, labels } = data.select([2, 1]);
  assert.deepEqual(feeds['x']!.shape, [2, 1, 2, 2]);
  assert.deepEqual(
    numbers(feeds, 'x').map((value) => Math.round(value * 255)),
    [102, 102, 102, 102, 153, 153, 153, 153],
  );
  assert.deepEqual(labels, [0, 1]);
  assert.deepEqual(data.assumed, [
    'no preprocessing is stated: grey, stretched to 2 × 2 (bilinear), values from 0 to 1',
    'classes are numbered in the order of the folders’ names: cat = 0, dog = 1',
    'photographs are turned as their EXIF orientation says',
  ]);
});

test('config.json numbers classes, and folders called by numbers are these', () => {
  for (const name of ['cat', 'dog']) save(`told/${name}/1.png`, flat(1));
  save('told/config.json', JSON.stringify({ label2id: { dog: 0, cat: 1 } }));
  assert.deepEqual(open('told', small).labels([0, 1]), [1, 0]);
  save('told/fish/1.png', flat(1));
  refuses(
    () => open('told', small),
    /The folder 'fish' is no class of config\.json, which has dog, cat/,
  );
  for (const name of ['10', '2']) save(`digits/${name}/1.png`, flat(Number(name)));
  const data = open('digits', small);
  assert.deepEqual(data.labels([0, 1]), [10, 2]);
  assert.match(data.assumed.join(), /folders’ names are the numbers/);
});

test('a labels file names every image of the folder, and nothing outside', () => {
  save('filed/a.png', flat(10));
  save('filed/b.png', flat(20));
  const table = (lines: string) => save('filed/labels.csv', `file_name,label\n${lines}`);
  table('b.png,1\na.png,0\n');
  assert.deepEqual(open('filed', small).labels([0, 1]), [0, 1]);
  table('b.png,1\n');
  refuses(() => open('filed', small), /'a\.png', by labels\.csv, has no label/);
  table('b.png,1\na.png,\n');
  refuses(() => open('filed', small), /Line 3 of labels\.csv has no label/);
  table('b.png,1\na.png,0\nc.png,1\n');
  refuses(
    () => open('filed', small),
    /Line 4 of labels\.csv names 'c\.png', which is no image in filed/,
  );
  for (const path of ['../pets/cat/1.png', '/etc/passwd.png', 'x/../../a.png', 'C:\\a.png']) {
    table(`${path},1\n`);
    refusesAs(
      () => open('filed', small),
      'unsafePath',
      /Line 2 of labels\.csv names .* outside the folder/,
    );
  }
  save(
    'filed/metadata.jsonl',
    '{"file_name": "a.png", "label": "x"}\n{"file_name": "./b.png", "label": "y"}\n',
  );
  assert.deepEqual(open('filed', small).labels([0, 1]), [0, 1]);
});

test('images without classes have no labels', () => {
  save('bare/a.png', flat(1));
  save('bare/sub/b.png', flat(1));
  const data = open('bare', small);
  assert.deepEqual([data.count, data.labels([0])], [1, undefined]);
  save('bare/a.txt', 'x');
  mkdirSync(join(folder, 'nothing'));
  refuses(
    () => open('nothing', small),
    /nothing holds no \.png or \.jpg images, and no input_0\.pb/,
  );
});

test('links to images and to folders of them are followed', () => {
  save('far/cat/1.png', flat(7));
  mkdirSync(join(folder, 'linked'));
  symlinkSync(join(folder, 'far/cat'), join(folder, 'linked/cat'));
  assert.equal(open('linked', small).count, 1);
  symlinkSync(join(folder, 'gone.png'), join(folder, 'far/cat/2.png'));
  refuses(() => open('linked', small).select([1]), /cat\/2\.png cannot be read: it does not exist/);
});

test('preprocessing in our own form is followed', () => {
  save('own/a.png', flat(100, 8, 4, 3));
  stated('own', {
    resize: 2,
    crop: [2, 3],
    channels: 'bgr',
    scale: 1,
    mean: [1, 2, 3],
    std: 2,
    layout: 'nhwc',
  });
  const data = open('own', image([1, 'h', 'w', 3]));
  const { feeds } = data.batch(0, 1);
  assert.deepEqual(feeds['x']!.shape, [1, 2, 3, 3]);
  assert.deepEqual(numbers(feeds, 'x').slice(0, 3), [49.5, 49, 48.5]);
  assert.deepEqual(data.assumed, []);
});

test('what is mistyped in it is told with its field', () => {
  save('typo/a.png', flat(1));
  const says = (fields: object, message: RegExp) => {
    stated('typo', fields);
    refuses(() => open('typo', small), message);
  };
  says({ means: 1 }, /featherweight\.images\.json has the field 'means'; there are resize, crop/);
  says(
    { resize: '2' },
    /resize in featherweight\.images\.json is '"2"'; a number of pixels, or \[height, width\] is expected/,
  );
  says({ resize: 1e9 }, /resize in featherweight/);
  says({ std: 0 }, /std in .* is '0'; a number other than 0 is expected/);
  says({ mean: [1, 2] }, /mean in .*; a number, or one for each of three channels is expected/);
  says({ layout: 'CHW' }, /layout in .*; one of NCHW, NHWC is expected/);
  says(
    { channels: 'RGB' },
    /makes images of 3 channels; the model takes float32 \[n, 1, 2, 2\] as 'x'/,
  );
  says({ resize: [3, 3] }, /makes images of 3 × 3; the model takes float32 \[n, 1, 2, 2\]/);
  says({ mean: [1, 2, 3] }, /makes a mean or deviation for 3 channels/);
  save('typo/featherweight.images.json', '{"mean": ');
  refuses(() => open('typo', small), /featherweight\.images\.json is not readable JSON/);
});

test('preprocessing in the form of Hugging Face is followed', () => {
  save('hf/a.png', flat(255, 8, 6, 3));
  const makes = (fields: object, shape: InputSpec['shape']) => {
    save('hf/preprocessor_config.json', JSON.stringify(fields));
    const data = open('hf', image(shape));
    return { feeds: data.batch(0, 1).feeds, assumed: data.assumed };
  };
  const normalized = {
    do_normalize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.25],
  };
  const vit = makes(
    {
      image_processor_type: 'ViTImageProcessor',
      size: { height: 4, width: 4 },
      resample: 2,
      ...normalized,
    },
    ['n', 3, 4, 4],
  );
  assert.deepEqual(
    numbers(vit.feeds, 'x').filter((_, at) => at % 16 === 0),
    [1, 1, 2],
  );
  assert.deepEqual(vit.assumed, []);
  const clip = makes(
    { feature_extractor_type: 'CLIPFeatureExtractor', size: 4, crop_size: 4, resample: 3 },
    ['n', 3, 4, 4],
  );
  assert.deepEqual(clip.assumed, []);
  assert.deepEqual(numbers(clip.feeds, 'x')[0], 1);
  const old = makes({ feature_extractor_type: 'ViTFeatureExtractor', size: 4 }, ['n', 3, 4, 4]);
  assert.deepEqual(old.assumed, [
    'preprocessor_config.json: a size of 4 is taken for a square',
    'preprocessor_config.json: resized bilinearly, as no filter is named',
  ]);
  const convnext = makes(
    {
      image_processor_type: 'ConvNextImageProcessor',
      size: { shortest_edge: 4 },
      crop_pct: 0.8,
      resample: 3,
    },
    ['n', 3, 'h', 'w'],
  );
  assert.deepEqual(convnext.feeds['x']!.shape, [1, 3, 4, 4]);
  const raw = makes({ do_resize: false, do_rescale: false, do_normalize: false }, [
    'n',
    3,
    'h',
    'w',
  ]);
  assert.deepEqual([raw.feeds['x']!.shape, numbers(raw.feeds, 'x')[0]], [[1, 3, 6, 8], 255]);
  refuses(
    () => makes({ size: { shortest_edge: 4, longest_edge: 8 } }, ['n', 3, 'h', 'w']),
    /size in preprocessor_config\.json is .*; height and width, or shortest_edge alone, is expected/,
  );
  refuses(
    () => makes({ resample: 9, size: 4 }, ['n', 3, 4, 4]),
    /resample in .*; a number from 0 to 5/,
  );
});

test('bytes are given to models that take bytes, and one picture to those without a batch', () => {
  save('byte/a.png', flat(200));
  save('byte/b.png', flat(100));
  const bytes = open('byte', image(['n', 1, 2, 2], 'uint8')).select([0, 1]);
  assert.deepEqual(numbers(bytes.feeds, 'x').slice(3, 5), [200, 100]);
  const single = open('byte', image([1, 2, 2]));
  assert.equal(single.atOnce, 1);
  assert.deepEqual(single.select([1]).feeds['x']!.shape, [1, 2, 2]);
});

test('pictures that do not become what the model takes are told by name', () => {
  save('sizes/a.png', flat(1, 4, 4));
  save('sizes/b.png', flat(1, 6, 4));
  const free = image(['n', 1, 'h', 'w']);
  refuses(
    () => open('sizes', free).select([0, 1]),
    /a\.png is 4 × 4 pixels and b\.png is 6 × 4; the model takes images of one size at once/,
  );
  stated('sizes', { resize: 2 });
  refuses(
    () => open('sizes', small).select([1]),
    /b\.png becomes 3 × 2 pixels; the model takes float32 \[n, 1, 2, 2\]/,
  );
  save('cut/a.png', flat(1).subarray(0, 40));
  refuses(() => open('cut', small).select([0]), /a\.png is a damaged PNG file/);
  refuses(
    () => open('sizes', [{ name: 'ids', dtype: 'int64', shape: ['n', 's'] }]),
    /The images of sizes do not fit the model, which takes 'ids' \(int64 \[n, s\]\)/,
  );
});

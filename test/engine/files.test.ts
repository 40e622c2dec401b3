import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ExternalFiles, FileSource } from '../../src/engine/files';
import { seededRandom } from '../../src/base/random';
import { inFolder } from '../support/folder';
import { refuses } from '../support/refuses';

test('a file is read anywhere, in small and large pieces', () => {
  inFolder((folder) => {
    const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 255);
    writeFileSync(join(folder, 'file'), content);
    const source = new FileSource(join(folder, 'file'));
    const random = seededRandom(3);
    for (let i = 0; i < 500; i++) {
      const offset = Math.floor(random() * content.length);
      const length = Math.floor(random() * Math.min(i * 200, content.length - offset));
      assert.deepEqual(source.read(offset, length), content.subarray(offset, offset + length));
    }
    refuses(() => source.read(content.length - 1, 2), 'badFile', /ends too early/);
    truncateSync(join(folder, 'file'), 100);
    refuses(() => source.read(0, 200_000), 'badFile', /has become shorter/);
    source.dispose();
  });
});

test('what is not a file, or not there, is said to be so', () => {
  inFolder((folder) => {
    refuses(
      () => new FileSource(join(folder, 'none.onnx'), 'none.onnx'),
      'missingFile',
      /none\.onnx does not exist/,
    );
    refuses(() => new FileSource(folder), 'badFile', /is a folder/);
    refuses(() => new FileSource('/dev/null'), 'badFile', /is a device/);
  });
});

test('external data is opened inside the folder of the model only', () => {
  inFolder((folder) => {
    const inside = join(folder, 'model');
    mkdirSync(join(inside, 'data'), { recursive: true });
    writeFileSync(join(inside, 'model.onnx'), 'x');
    writeFileSync(join(inside, 'data', 'w.bin'), 'weights');
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), join(inside, 'link'));
    symlinkSync(folder, join(inside, 'up'));
    symlinkSync(join(inside, 'data', 'w.bin'), join(inside, 'harmless'));
    const files = new ExternalFiles(join(inside, 'model.onnx'));
    assert.equal(Buffer.from(files.open('data/w.bin').read(0, 7)).toString(), 'weights');
    assert.equal(files.open('./data/w.bin'), files.open('data/w.bin'));
    assert.equal(files.open('harmless').size, 7);
    for (const location of [
      '../secret',
      'data/../../secret',
      '..\\secret',
      join(folder, 'secret'),
      'C:\\secret',
      'file:secret',
      'w\0.bin',
      '',
      '.',
    ]) {
      refuses(() => files.open(location), 'unsafePath', /outside its own folder/);
    }
    refuses(() => files.open('link'), 'unsafePath', /leads out of its folder/);
    refuses(() => files.open('up/secret'), 'unsafePath', /leads out of its folder/);
    refuses(() => files.open('none.bin'), 'missingFile', /'none\.bin', which is not beside it/);
    refuses(() => files.open('data'), 'badFile', /is a folder/);
    files.dispose();
  });
});

test("a model behind a link finds its data as it lies in Hugging Face's cache", () => {
  inFolder((folder) => {
    for (const name of ['blobs', 'snapshot']) mkdirSync(join(folder, name));
    for (const [blob, link] of [
      ['1a', 'model.onnx'],
      ['2b', 'model.onnx_data'],
    ] as const) {
      writeFileSync(join(folder, 'blobs', blob), 'weights');
      symlinkSync(join('..', 'blobs', blob), join(folder, 'snapshot', link));
    }
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join('..', 'secret'), join(folder, 'snapshot', 'link'));
    writeFileSync(join(folder, 'blobs', 'w.bin'), 'more');
    const files = new ExternalFiles(join(folder, 'snapshot', 'model.onnx'));
    assert.equal(files.open('model.onnx_data').size, 7);
    assert.equal(files.open('w.bin').size, 4);
    refuses(() => files.open('link'), 'unsafePath', /leads out of its folder/);
    files.dispose();
  });
});

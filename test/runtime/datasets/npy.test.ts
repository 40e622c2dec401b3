import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { UserError } from '../../../src/base/errors';
import { readNpy } from '../../../src/runtime/datasets/npy';
import { readNpz } from '../../../src/runtime/datasets/npz';
import { npyFile } from '../../support/npy';
import { modelsFolder, withoutModels } from '../../support/models';

const bytes = (view: ArrayBufferView) =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

test('reads numbers in both byte orders and both memory orders', () => {
  const values = new Float32Array([1, 2, 3, 4, 5, 6]);
  assert.deepEqual(readNpy(npyFile('<f4', [2, 3], bytes(values)), 'a'), {
    dtype: 'float32',
    shape: [2, 3],
    data: values,
  });
  const swapped = bytes(values).slice();
  for (let at = 0; at < swapped.length; at += 4) swapped.subarray(at, at + 4).reverse();
  assert.deepEqual(readNpy(npyFile('>f4', [6], swapped), 'a').data, values);
  const columns = readNpy(npyFile('<f4', [2, 3], bytes(values), { fortran: true }), 'a');
  assert.deepEqual([...(columns.data as Float32Array)], [1, 3, 5, 2, 4, 6]);
});

test('reads scalars, booleans, 64-bit integers, half floats and texts', () => {
  assert.deepEqual(readNpy(npyFile('<i8', [], bytes(new BigInt64Array([16000n]))), 'a'), {
    dtype: 'int64',
    shape: [],
    data: new BigInt64Array([16000n]),
  });
  assert.deepEqual(readNpy(npyFile('|b1', [2], new Uint8Array([1, 0])), 'a').dtype, 'bool');
  assert.deepEqual(
    readNpy(npyFile('<f2', [1], new Uint8Array([0, 0x3c])), 'a').data,
    new Uint16Array([0x3c00]),
  );
  const text = bytes(Uint32Array.from([...'ab\0\0cde'], (c) => c.charCodeAt(0))).slice(0, 24);
  assert.deepEqual(
    readNpy(npyFile('<U3', [2], text), 'a').data,
    ['ab', 'cde'].map((t, i) => (i ? '\0cd' : t)).map((t) => t.split('\0')[0]),
  );
});

test('reads version 2 headers', () => {
  assert.deepEqual(
    readNpy(npyFile('<f4', [1], bytes(new Float32Array([7])), { version: 2 }), 'a').data,
    new Float32Array([7]),
  );
});

test('refuses what it cannot read, and says why', () => {
  const refuse = (data: Uint8Array, message: RegExp) =>
    assert.throws(
      () => readNpy(data, 'x.npy'),
      (error: unknown) => error instanceof UserError && message.test(error.message),
    );
  refuse(Buffer.from('not numpy at all'), /x\.npy is not a NumPy array/);
  refuse(npyFile('<c8', [1], new Uint8Array(8)), /element type <c8/);
  refuse(npyFile('|O', [1], new Uint8Array(8)), /element type/);
  refuse(npyFile('<f4', [1000000000, 1000000000], new Uint8Array(8)), /cut off/);
  refuse(npyFile('<f4', [9], new Uint8Array(8)), /cut off/);
});

test('an archive gives its arrays by name', () => {
  const archive = zipSync({
    'a.npy': npyFile('<f4', [1], bytes(new Float32Array([1]))),
    'b.npy': npyFile('|u1', [2], new Uint8Array([3, 4])),
  });
  const arrays = readNpz(archive, 'd.npz');
  assert.deepEqual([...arrays.keys()], ['a', 'b']);
  assert.deepEqual(arrays.get('b'), { dtype: 'uint8', shape: [2], data: new Uint8Array([3, 4]) });
});

test('an archive with a forged size is refused before memory is asked for', () => {
  const archive = zipSync({ 'a.npy': npyFile('<f4', [1], new Uint8Array(4)) });
  const forged = archive.slice();
  const directory = Buffer.from(forged).indexOf(Buffer.from('PK\x01\x02', 'latin1'));
  new DataView(forged.buffer).setUint32(directory + 24, 0xf0000000, true);
  assert.throws(() => readNpz(forged, 'd.npz'), /d\.npz is not a readable \.npz archive/);
  assert.throws(() => readNpz(Buffer.from('garbage'), 'd.npz'), UserError);
});

test('real archives are read', { skip: withoutModels }, () => {
  const dev = readNpz(readFileSync(join(modelsFolder, 'minilm-sst2/dev.npz')), 'dev.npz');
  assert.deepEqual(dev.get('input_ids')?.shape, [872, 60]);
  assert.equal((dev.get('input_ids')!.data as BigInt64Array)[0], 101n);
  const images = readNpz(readFileSync(join(modelsFolder, 'ultraface/images.npz')), 'images.npz');
  assert.equal(images.get('name')?.dtype, 'string');
});

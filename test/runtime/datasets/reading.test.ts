import assert from 'node:assert/strict';
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { type ByteSource, memorySource } from '../../../src/base/bytes';
import { seededRandom } from '../../../src/base/random';
import { dataFile, wholeFile } from '../../../src/runtime/datasets/files';
import { openNpy } from '../../../src/runtime/datasets/npy';
import { openNpz } from '../../../src/runtime/datasets/npz';
import { textRecords } from '../../../src/runtime/datasets/records';
import type { InputSpec } from '../../../src/runtime/inputs';
import { dataFolder, float32 } from '../../support/datasets';
import { npyFile, npyOf } from '../../support/npy';
import { refuses } from '../../support/refuses';

const { path: folder, save, open } = dataFolder();

/** A source that counts what is read of it. */
function counted(bytes: Uint8Array): ByteSource & { readonly taken: () => number } {
  const source = memorySource('x', bytes);
  let taken = 0;
  return {
    ...source,
    read: (offset, length) => {
      taken += length;
      return source.read(offset, length);
    },
    taken: () => taken,
  };
}

test('of 10 GB of .npy only the samples that are taken are read', () => {
  const rows = 250_000;
  const path = join(folder, 'huge.npy');
  const header = npyFile('<f4', [rows, 100, 100], new Uint8Array(0));
  writeFileSync(path, header);
  const file = openSync(path, 'r+');
  // A hole in the file takes no room on the disk, and would take all memory if it were read.
  ftruncateSync(file, header.length + rows * 40_000);
  writeSync(file, Float32Array.from([7]), 0, 4, header.length + 249_999 * 40_000);
  closeSync(file);
  const image: InputSpec = { name: 'x', dtype: 'float32', shape: ['n', 100, 100] };
  const before = process.memoryUsage().arrayBuffers;
  const { feeds } = open('huge.npy', [image]).select([249_999, 3]);
  assert.deepEqual(feeds['x']!.shape, [2, 100, 100]);
  assert.equal((feeds['x']!.data as Float32Array)[0], 7);
  assert.ok(process.memoryUsage().arrayBuffers - before < 5e6);
});

test('an array that cannot be read in parts is refused where it is too large', () => {
  const path = join(folder, 'columns.npy');
  const header = npyFile('<f4', [1_000_000, 1000], new Uint8Array(0), { fortran: true });
  writeFileSync(path, header);
  const file = openSync(path, 'r+');
  ftruncateSync(file, header.length + 4e9);
  closeSync(file);
  const spec: InputSpec = { name: 'x', dtype: 'float32', shape: ['n', 1000] };
  refuses(
    () => open('columns.npy', [spec]).select([0]),
    'badInput',
    /stored column by column.*4000 MB/,
  );
});

test('of a stored archive a part is read, of a compressed one the arrays that are asked for', () => {
  const random = seededRandom(1);
  const noise = () => npyOf(float32([500, 200], Array.from({ length: 1e5 }, random)));
  const arrays = { 'a.npy': noise(), 'b.npy': noise(), 'c.npy': noise() };
  const stored = counted(zipSync(arrays, { level: 0 }));
  assert.deepEqual(openNpz(stored, 'x.npz').get('b')!().shape, [500, 200]);
  assert.ok(stored.taken() < 70_000, String(stored.taken()));
  const packed = counted(zipSync(arrays, { level: 1 }));
  openNpz(packed, 'x.npz').get('b')!().take(0, [5]);
  assert.ok(packed.size > 1e6 && packed.taken() < packed.size / 2);
});

test('archives that lie about their sizes, are cut off or encrypted are told', () => {
  const good = zipSync({ 'a.npy': npyOf(float32([2], [1, 2])) }, { level: 0 });
  const openA = (bytes: Uint8Array) =>
    openNpz(memorySource('x', bytes), 'x.npz').get('a')?.().all();
  assert.deepEqual(openA(good)?.data, Float32Array.from([1, 2]));
  refuses(
    () => openA(good.subarray(0, good.length - 30)),
    'badInput',
    /x\.npz is not a readable \.npz/,
  );
  const directory = Buffer.from(good).indexOf(Buffer.from('PK\x01\x02', 'latin1'));
  const changed = (change: (view: DataView) => void) => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  const cases: readonly [(view: DataView) => void, RegExp][] = [
    [(view) => view.setUint16(directory + 8, 1, true), /a\.npy is encrypted/],
    [(view) => view.setUint16(directory + 10, 99, true), /packed in a way of its own/],
    [(view) => view.setUint32(directory + 42, 1e9, true), /lies outside the file/],
    [(view) => view.setUint32(directory, 0, true), /directory is damaged/],
    [(view) => view.setUint16(good.length - 22 + 10, 9, true), /directory is damaged/],
    [(view) => view.setUint32(good.length - 22 + 16, 1e9, true), /directory lies outside/],
  ];
  for (const [change, message] of cases) refuses(() => openA(changed(change)), 'badInput', message);
});

test('damaged archives never end in anything but a message', () => {
  const good = zipSync({ 'a.npy': npyOf(float32([8], [1, 2, 3, 4, 5, 6, 7, 8])) });
  for (let at = 0; at < good.length; at++) {
    const bytes = good.slice();
    bytes[at]! ^= 0xff;
    try {
      for (const array of openNpz(memorySource('x', bytes), 'x.npz').values()) array().all();
    } catch (error) {
      assert.equal((error as Error).name, 'UserError', String((error as Error).stack));
    }
  }
});

test('parts of an array in any order and byte order', () => {
  const values = Float32Array.from([1, 2, 3, 4, 5, 6]);
  const array = openNpy(memorySource('x', npyOf(float32([3, 2], [...values]))), 'x');
  assert.deepEqual(array.take(0, [2, 0]).data, Float32Array.from([5, 6, 1, 2]));
  assert.deepEqual(array.take(1, [1]).data, Float32Array.from([2, 4, 6]));
});

test('lines are found across the pieces a file is read in, with their numbers', () => {
  const long = 'x'.repeat(3 << 20);
  const text = Array.from({ length: 40 }, (_, at) => `${at}${at % 13 === 5 ? long : ''}`).join(
    '\n\n',
  );
  const records = textRecords(memorySource('x', Buffer.from(text)), { quoted: false });
  assert.equal(records.count, 40);
  const found = records.at([39, 18, 0]);
  assert.deepEqual(
    found.map(({ line, text: each }) => [line, each.length]),
    [
      [79, 2],
      [37, 2 + long.length],
      [1, 1],
    ],
  );
});

test('a quoted field goes over lines, also at the end of a piece', () => {
  const before = `${'a'.repeat((4 << 20) - 3)}\n"`;
  const records = textRecords(memorySource('x', Buffer.from(`${before}b\nc"\r\nd`)), {
    quoted: true,
  });
  assert.deepEqual(records.at([1, 2]), [
    { line: 2, text: '"b\nc"' },
    { line: 4, text: 'd' },
  ]);
});

test('files that cannot be read are told in one line', () => {
  refuses(
    () => dataFile(join(folder, 'no.csv'), 'no.csv'),
    'badInput',
    /no\.csv cannot be read: it does not exist/,
  );
  refuses(() => dataFile(folder, 'folder'), 'badInput', /folder (is a folder|cannot be read)/);
  save('ten.bin', new Uint8Array(10));
  refuses(
    () => wholeFile(join(folder, 'ten.bin'), 'ten.bin', 9),
    'badInput',
    /ten\.bin has 10 bytes; no more than 9/,
  );
  assert.equal(readFileSync(join(folder, 'ten.bin')).length, 10);
});

import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeptLines, type LineKind } from '../../../src/engine/sensitivity/keptLines';
import { trimKept } from '../../../src/engine/sensitivity/trimKept';
import { inFolder } from '../../support/folder';

interface Figure {
  readonly name: string;
  readonly value: number;
}

const figures: LineKind<Figure> = {
  keyOf: ({ name }) => name,
  read(line) {
    const { name, value } = (line ?? {}) as Partial<Figure>;
    return typeof name === 'string' && typeof value === 'number' ? { name, value } : undefined;
  },
};

const opened = (folder: string | undefined, on = 'model') => new KeptLines(folder, [on], figures);

const onlyFile = (folder: string) => {
  const [name, ...more] = readdirSync(folder);
  assert.deepEqual(more, []);
  return join(folder, name!);
};

test('what is added is there the next time, the later of two, and for the same question only', () =>
  inFolder((folder) => {
    const first = opened(folder);
    first.add({ name: 'a', value: 1 });
    first.add({ name: 'b', value: 2 });
    first.add({ name: 'a', value: 3 });
    assert.equal(first.get('a')?.value, 3);
    const again = opened(folder);
    assert.deepEqual([again.get('a')?.value, again.get('b')?.value], [3, 2]);
    assert.deepEqual(again.notes(), []);
    assert.equal(opened(folder, 'other').get('a'), undefined);
  }));

test('without a folder nothing is kept beyond the call', () => {
  const lines = opened(undefined);
  lines.add({ name: 'a', value: 1 });
  assert.equal(lines.get('a')?.value, 1);
  assert.equal(opened(undefined).get('a'), undefined);
});

test('damaged lines are left out with a note, and told of once', () =>
  inFolder((folder) => {
    opened(folder).add({ name: 'a', value: 1 });
    const file = onlyFile(folder);
    appendFileSync(
      file,
      '\nnull\n{"name":"b"}\n\u0000\ufffd{{{\n{"name":"c","value":4}\n{"name":"d","va',
    );
    const mended = opened(folder);
    assert.deepEqual([mended.get('a')?.value, mended.get('c')?.value], [1, 4]);
    assert.deepEqual(mended.notes(), [
      'Of what was kept from before, 4 lines could not be read and are left out.',
    ]);
    mended.add({ name: 'e', value: 5 });
    const again = opened(folder);
    assert.deepEqual(again.notes(), []);
    assert.deepEqual(
      ['a', 'c', 'e'].map((name) => again.get(name)?.value),
      [1, 4, 5],
    );
    assert.equal(onlyFile(folder), file);
  }));

test('a file of nothing but noise is as if it were not there', () =>
  inFolder((folder) => {
    opened(folder).add({ name: 'a', value: 1 });
    const file = onlyFile(folder);
    writeFileSync(file, Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 37) % 256)));
    const noisy = opened(folder);
    assert.equal(noisy.get('a'), undefined);
    assert.match(noisy.notes().join(), /could not be read and are left out/);
    noisy.add({ name: 'a', value: 2 });
    assert.equal(opened(folder).get('a')?.value, 2);
  }));

test('a folder stays within its bytes: what nobody has asked for longest goes', () =>
  inFolder((folder) => {
    const days = (count: number) => new Date(Date.now() - count * 24 * 3600 * 1000);
    const write = (name: string, bytes: number, age: number) => {
      const file = join(folder, name);
      writeFileSync(file, 'x'.repeat(bytes));
      utimesSync(file, days(age), days(age));
      return file;
    };
    const [own, new1, new2, old, ancient, half, foreign] = [
      write('own.jsonl', 400, 50),
      write('new1.jsonl', 300, 1),
      write('new2.jsonl', 300, 2),
      write('old.jsonl', 300, 3),
      write('ancient.jsonl', 1, 91),
      write('half.jsonl.1234', 1, 2),
      write('notes.txt', 5000, 400),
    ];
    mkdirSync(join(folder, 'folder.jsonl'));
    trimKept(folder, own, 1000);
    assert.deepEqual(
      [own, new1, new2, old, ancient, half, foreign].map((file) => existsSync(file)),
      [true, true, true, false, false, false, true],
    );
    trimKept(join(folder, 'nowhere'), own);
  }));

test('a file that was asked for is as new as one that was written', () =>
  inFolder((folder) => {
    opened(folder).add({ name: 'a', value: 1 });
    const file = onlyFile(folder);
    const old = new Date(Date.now() - 80 * 24 * 3600 * 1000);
    utimesSync(file, old, old);
    opened(folder);
    const before = readFileSync(file, 'utf8');
    trimKept(folder, join(folder, 'own.jsonl'), before.length);
    assert.ok(existsSync(file));
  }));

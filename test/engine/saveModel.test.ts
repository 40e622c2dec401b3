import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { isCancelled } from '../../src/base/errors';
import { ExternalFiles, FileSource } from '../../src/engine/files';
import { saveModel } from '../../src/engine/saveModel';
import type { Model } from '../../src/onnx/model';
import { readModel } from '../../src/onnx/read';
import { tensorsOf } from '../../src/onnx/tensors';
import { tensorBytes, tensorValues } from '../../src/onnx/weights';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { inFolder } from '../support/folder';
import { modelFiles, withoutModels } from '../support/models';
import { refuses } from '../support/refuses';

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i);

function twoWeights(): Model {
  return aModel({
    nodes: [aNode('MatMul', ['x', 'w'], ['h']), aNode('MatMul', ['h', 'v'], ['y'])],
    inputs: [aValue('x', 'float32', ['batch', 30])],
    outputs: [aValue('y', 'float32', ['batch', 30])],
    initializers: [
      aTensor('w', 'float32', [30, 30], ramp(900)),
      aTensor('v', 'float32', [2], ramp(2)),
    ],
  });
}

/** The weights of the model in the file, by name, read through its external data where it has some. */
function weightsIn(file: string): Record<string, readonly number[]> {
  const source = new FileSource(file);
  const external = new ExternalFiles(file);
  const tensors = readModel(source).graph.initializers;
  const values = tensors.map(
    (t) => [t.name, [...tensorValues(t, external.open)]] as [string, number[]],
  );
  source.dispose();
  external.dispose();
  return Object.fromEntries(values);
}

const expected = { w: [...ramp(900)], v: [0, 1] };

test('weights stay inside, go outside when asked, and outside by themselves when the file grows too large', () => {
  inFolder((folder) => {
    const file = (name: string) => join(folder, name);
    assert.deepEqual(saveModel(twoWeights(), file('a.onnx')), [file('a.onnx')]);
    assert.deepEqual(weightsIn(file('a.onnx')), expected);
    for (const [name, options] of [
      ['b.onnx', { weights: 'outside' }],
      ['c.onnx', { limit: 3000 }],
    ] as const) {
      assert.deepEqual(saveModel(twoWeights(), file(name), options), [
        file(`${name}.data`),
        file(name),
      ]);
      assert.deepEqual(weightsIn(file(name)), expected);
      assert.equal(statSync(file(`${name}.data`)).size, 3600);
    }
    refuses(
      () => saveModel(twoWeights(), file('d.onnx'), { limit: 100 }),
      'unsupported',
      /can hold 100 B/,
    );
    assert.deepEqual(readdirSync(folder).sort(), [
      'a.onnx',
      'b.onnx',
      'b.onnx.data',
      'c.onnx',
      'c.onnx.data',
    ]);
  });
});

test('external data stays external in another folder, and one place shared by two weights stays one', () => {
  inFolder((folder) => {
    mkdirSync(join(folder, 'other'));
    const from = join(folder, 'a.onnx');
    const model = twoWeights();
    const [w, v] = model.graph.initializers;
    saveModel({ ...model, graph: { ...model.graph, initializers: [w!, v!] } }, from, {
      weights: 'outside',
    });
    const source = new FileSource(from);
    const external = new ExternalFiles(from);
    const read = readModel(source);
    const shared = { ...read.graph.initializers[0]!, name: 'again' };
    const tied = {
      ...read,
      graph: { ...read.graph, initializers: [...read.graph.initializers, shared] },
    };
    const to = join(folder, 'other', 'b.onnx');
    saveModel(tied, to, { open: external.open });
    assert.equal(statSync(`${to}.data`).size, 3600);
    assert.deepEqual(weightsIn(to), { ...expected, again: expected.w });
    // The same model over itself: its own data is read while the new data is written.
    saveModel(tied, from, { open: external.open });
    source.dispose();
    external.dispose();
    assert.deepEqual(weightsIn(from), { ...expected, again: expected.w });
  });
});

test('large weights lie where they can be mapped into memory', () => {
  inFolder((folder) => {
    const file = join(folder, 'a.onnx');
    const sizes = [300, 300_000, 400, 300_000];
    const initializers = sizes.map((size, i) => aTensor(`w${i}`, 'float32', [size], ramp(size)));
    saveModel(aModel({ initializers }), file, { weights: 'outside' });
    const source = new FileSource(file);
    const offsets = readModel(source).graph.initializers.map(({ data }) =>
      data.kind === 'external' ? data.offset : -1,
    );
    assert.deepEqual(
      offsets.map((offset, i) => offset % (sizes[i]! > 1000 ? 65536 : 64)),
      [0, 0, 0, 0],
    );
    assert.deepEqual(weightsIn(file).w3, [...ramp(300_000)]);
    source.dispose();
  });
});

test('whatever fails, the file that was there stays, and nothing is left behind', () => {
  inFolder((folder) => {
    const file = join(folder, 'a.onnx');
    writeFileSync(file, 'before');
    const unchanged = () => {
      assert.equal(readFileSync(file, 'utf8'), 'before');
      assert.deepEqual(readdirSync(folder), ['a.onnx']);
    };
    const controller = new AbortController();
    controller.abort();
    assert.throws(() => saveModel(twoWeights(), file, { signal: controller.signal }), isCancelled);
    unchanged();
    const broken = {
      name: 'gone',
      size: 1 << 20,
      read: () => {
        throw new Error('the disk fell out');
      },
    };
    const weight = aTensor('w', 'uint8', [1 << 20], []);
    const range = { source: broken, offset: 0, length: 1 << 20 };
    const model = aModel({ initializers: [{ ...weight, data: { kind: 'raw', range } }] });
    assert.throws(() => saveModel(model, file), /the disk fell out/);
    unchanged();
    refuses(
      () => saveModel(twoWeights(), join(folder, 'none', 'a.onnx')),
      'badInput',
      /folder does not exist/,
    );
  });
});

test('progress runs to the end', () => {
  inFolder((folder) => {
    const seen: number[] = [];
    saveModel(twoWeights(), join(folder, 'a.onnx'), {
      weights: 'outside',
      progress: (fraction) => seen.push(fraction),
    });
    assert.equal(seen.at(-1), 1);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
  });
});

test('real models with external data move with it', { skip: withoutModels }, () => {
  for (const file of modelFiles().filter((name) => name.includes('_ext'))) {
    inFolder((folder) => {
      const source = new FileSource(file);
      const external = new ExternalFiles(file);
      const model = readModel(source);
      const to = join(folder, basename(file));
      saveModel(model, to, { open: external.open });
      assert.ok(existsSync(`${to}.data`), file);
      const written = new FileSource(to);
      const moved = new ExternalFiles(to);
      const before = tensorsOf(model).map((tensor) => tensorBytes(tensor, external.open));
      const after = tensorsOf(readModel(written)).map((tensor) => tensorBytes(tensor, moved.open));
      assert.deepEqual(after, before, file);
      for (const each of [source, external, written, moved]) each.dispose();
    });
  }
});

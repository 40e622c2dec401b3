import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ByteSource } from '../../src/base/bytes';
import { ExternalFiles, FileSource } from '../../src/engine/files';
import type { Encoded } from '../../src/onnx/output';
import { readModel } from '../../src/onnx/read';
import { tensorChunks, tensorRange } from '../../src/onnx/weights';
import { planWrite } from '../../src/onnx/write';
import { aModel, aNode, aTensor, aValue } from '../support/build';
import { inFolder } from '../support/folder';

const weight = 96 << 20;

// Windows would fill the holes.
const options = { skip: process.platform === 'win32' ? 'no sparse files' : false };

/** A model of `count` weights of 96 MiB, all zero. */
function largeModel(count: number) {
  const source: ByteSource = {
    name: 'zeros',
    size: count * weight,
    read: () => assert.fail('nobody asked for weights'),
  };
  return aModel({
    nodes: Array.from({ length: count }, (_, i) =>
      aNode('MatMul', [`h${i}`, `w${i}`], [`h${i + 1}`]),
    ),
    inputs: [aValue('h0', 'float32', ['n', 24 << 10])],
    outputs: [aValue(`h${count}`, 'float32')],
    initializers: Array.from({ length: count }, (_, i) => ({
      ...aTensor(`w${i}`, 'float32', [24 << 10, 1 << 10], []),
      data: { kind: 'raw', range: { source, offset: i * weight, length: weight } } as const,
    })),
  });
}

/** Writes a plan with holes in place of the weights, which take no room on the disk. */
function writeSparse(path: string, { pieces, length }: Encoded): void {
  const file = openSync(path, 'w');
  let at = 0;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) writeSync(file, piece, 0, piece.length, at);
    at += piece.length;
  }
  ftruncateSync(file, length);
  closeSync(file);
}

test('just under 2 GiB inside: read without the weights', options, () => {
  inFolder((folder) => {
    const path = join(folder, 'large.onnx');
    writeSparse(path, planWrite(largeModel(21), { dataName: '' }).model);
    assert.ok(statSync(path).size > 2_100_000_000);
    const before = process.memoryUsage().arrayBuffers;
    const source = new FileSource(path);
    const model = readModel(source);
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 << 20);
    const last = model.graph.initializers.at(-1)!;
    assert.equal(tensorRange(last).length, weight);
    const [chunk] = tensorChunks(last, undefined, 1024);
    assert.deepEqual([...chunk!], new Array(1024).fill(0));
    source.dispose();
  });
});

test('5 GB outside, places beyond 4 GiB: found where they are', options, () => {
  inFolder((folder) => {
    const path = join(folder, 'large.onnx');
    const plan = planWrite(largeModel(50), { dataName: 'large.onnx.data' });
    writeSparse(path, plan.model);
    writeSparse(`${path}.data`, plan.data!);
    const file = openSync(`${path}.data`, 'r+');
    writeSync(file, new Uint8Array(Float32Array.of(1, 2, 3).buffer), 0, 12, 49 * weight);
    closeSync(file);
    const source = new FileSource(path);
    const external = new ExternalFiles(path);
    const model = readModel(source);
    const last = model.graph.initializers.at(-1)!;
    assert.ok(last.data.kind === 'external' && last.data.offset > 2 ** 32);
    const [chunk] = tensorChunks(last, external.open, 8);
    assert.deepEqual([...chunk!].slice(0, 4), [1, 2, 3, 0]);
    source.dispose();
    external.dispose();
  });
});

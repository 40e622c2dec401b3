import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { memorySource, type ByteSource } from '../../src/base/bytes';
import { FileSource } from '../../src/engine/files';
import type { Model } from '../../src/onnx/model';
import { modelMessage } from '../../src/onnx/modelMessage';
import { Output } from '../../src/onnx/output';
import { readModel } from '../../src/onnx/read';
import { meaningOf } from '../support/meaning';
import { modelFiles, modelsFolder, withoutModels } from '../support/models';
import { tarFiles } from '../support/tar';

/** How the files came back: all of them in their meaning, or an assertion failed; these many in every byte. */
interface Tally {
  files: number;
  identical: number;
}

function bytesOf(model: Model, verbatim: boolean): Uint8Array {
  const output = new Output(verbatim);
  modelMessage.writeBody(output, model);
  return output.toBytes();
}

/** Writes a model twice, copying what was not edited and making every record anew, and compares what is read back. */
function roundTrip(source: ByteSource, tally: Tally): void {
  const model = readModel(source);
  const meaning = JSON.stringify(meaningOf(model));
  const check = (bytes: Uint8Array, how: string) => {
    const again = meaningOf(readModel(memorySource(source.name, bytes)));
    // As text first: comparing records one by one is slow, but tells where they differ.
    if (JSON.stringify(again) === meaning) return;
    assert.deepEqual(again, meaningOf(model), `${source.name}, ${how}`);
    assert.fail(`${source.name}, ${how}: another order of fields`);
  };
  const copied = bytesOf(model, true);
  check(copied, 'copied');
  check(bytesOf(model, false), 'made anew');
  tally.files++;
  if (Buffer.compare(copied, source.read(0, source.size)) === 0) tally.identical++;
}

test('every model comes back as it was', { skip: withoutModels }, (context) => {
  const tally = { files: 0, identical: 0 };
  for (const file of modelFiles()) {
    const source = new FileSource(file);
    roundTrip(source, tally);
    source.dispose();
  }
  context.diagnostic(`${tally.identical} of ${tally.files} files identical in every byte`);
  // The others differ by fields of the outermost messages that are empty but present.
  assert.ok(tally.identical >= 0.8 * tally.files);
});

test("every model of ONNX's own tests comes back as it was", { skip: withoutModels }, (context) => {
  const tally = { files: 0, identical: 0 };
  const found: string[] = [];
  for (const { name, content } of tarFiles(join(modelsFolder, 'onnx-backend', 'models.tar.gz'))) {
    roundTrip(memorySource(name, content), tally);
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
    found.push(`${hash} ${name.replace(/\/model\.onnx$/, '')}`);
  }
  context.diagnostic(`${tally.identical} of ${tally.files} files identical in every byte`);
  assert.equal(tally.identical, tally.files);
  const listed = readFileSync('test/golden/onnx-backend.txt', 'utf8').trim().split('\n');
  assert.deepEqual(found.sort(), listed.sort());
});

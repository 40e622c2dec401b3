import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteSource } from '../../src/base/bytes';
import { checkModel } from '../../src/onnx/check';
import { inlineFunctions } from '../../src/onnx/inline';
import type { Model } from '../../src/onnx/model';
import { sortNodes } from '../../src/onnx/order';
import { readModel } from '../../src/onnx/read';
import { tensorsOf } from '../../src/onnx/tensors';
import { tensorValues } from '../../src/onnx/weights';
import { planWrite } from '../../src/onnx/write';
import { attempt, mutatedFiles, seeds, strictSource } from '../support/mutate';

const files = 20_000;
const seed = 20_26;

/** All that a reader of untrusted files does with one. */
function use(bytes: Uint8Array, weights: ByteSource): Model {
  const model = readModel(strictSource(bytes));
  checkModel(model);
  attempt(() => sortNodes(model));
  attempt(() => inlineFunctions(model));
  for (const tensor of tensorsOf(model)) attempt(() => tensorValues(tensor, () => weights));
  attempt(() => planWrite(model, { dataName: 'data', open: () => weights, verbatim: false }));
  return model;
}

/** Runs `body` while every typed array that is made is looked at; returns the bytes of the largest. */
function largestAllocation(body: () => void): number {
  const names = ['Uint8Array', 'Uint16Array', 'Float32Array', 'Float64Array'] as const;
  const originals = names.map((name) => globalThis[name]);
  let largest = 0;
  const globals = globalThis as unknown as Record<string, unknown>;
  for (const [i, name] of names.entries()) {
    globals[name] = new Proxy(originals[i]!, {
      construct(target, args: [number], newTarget) {
        const made = Reflect.construct(target, args, newTarget) as Uint8Array;
        if (typeof args[0] === 'number') largest = Math.max(largest, made.byteLength);
        return made;
      },
    });
  }
  try {
    body();
  } finally {
    for (const [i, name] of names.entries()) globals[name] = originals[i];
  }
  return largest;
}

test('the watch over allocations sees them', () => {
  assert.equal(
    largestAllocation(() => new Uint8Array(12_345)),
    12_345,
  );
});

test(`${files} mutated and truncated files`, (context) => {
  const originals = seeds();
  const weights = strictSource(new Uint8Array(64));
  for (const bytes of originals) use(bytes, weights);
  let read = 0;
  let slowest = 0;
  const largest = largestAllocation(() => {
    for (const bytes of mutatedFiles(originals, files, seed)) {
      const start = performance.now();
      if (attempt(() => use(bytes, weights))) read++;
      slowest = Math.max(slowest, performance.now() - start);
    }
  });
  context.diagnostic(
    `${read} of ${files} still read; slowest ${slowest.toFixed(0)} ms, largest allocation ${largest} bytes`,
  );
  // Both kinds must be met, or the mutations test nothing.
  assert.ok(read > files / 10 && read < files * 0.95);
  // A hang, not a busy machine.
  assert.ok(slowest < 5000);
  // A 16-bit type's table of values, and buffers that grow by doubling, are the largest honest ones.
  assert.ok(largest <= 1 << 18, `${largest} bytes at once`);
});

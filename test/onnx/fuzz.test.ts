import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import type { ByteSource } from '../../src/base/bytes';
import { isUserError } from '../../src/base/errors';
import { seededRandom, type Random } from '../../src/base/random';
import { checkModel } from '../../src/onnx/check';
import { inlineFunctions } from '../../src/onnx/inline';
import type { Model } from '../../src/onnx/model';
import { sortNodes } from '../../src/onnx/order';
import { readModel } from '../../src/onnx/read';
import { tensorsOf } from '../../src/onnx/tensors';
import { tensorValues } from '../../src/onnx/weights';
import { planWrite } from '../../src/onnx/write';
import { aModel, aNode, aTensor, aValue, modelBytes } from '../support/build';
import { disturbed } from '../support/disturb';
import { everything } from '../support/everything';
import { modelFiles } from '../support/models';

const seed = 20_26;
const files = 20_000;
const largestSeed = 12_000;

const chain = aModel({
  nodes: Array.from({ length: 20 }, (_, i) => aNode('Relu', [`v${i}`], [`v${i + 1}`])),
  inputs: [aValue('v0', 'float32', ['batch', 8])],
  outputs: [aValue('v20', 'float32', ['batch', 8])],
  initializers: [aTensor('w', 'float32', [8, 8], new Float32Array(64))],
});

/** Small models: some made here, and real ones where they are there. */
function seeds(): readonly Uint8Array[] {
  const real = modelFiles().filter((file) => statSync(file).size < largestSeed);
  return [modelBytes(everything()), modelBytes(chain), ...real.map((file) => readFileSync(file))];
}

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const below = (random: Random, limit: number) => Math.floor(random() * limit);
const joined = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

/** Lengths and sizes that a forger would try. */
const forged = [
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x10],
  [0x80, 0x80, 0x80],
];

const mutations: readonly Mutation[] = [
  (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  (bytes, random) => {
    const copy = bytes.slice();
    for (let i = 1 + below(random, 8); i > 0; i--)
      copy[below(random, copy.length)] = below(random, 256);
    return copy;
  },
  (bytes, random) => {
    const copy = bytes.slice();
    const at = below(random, copy.length);
    copy[at] = copy[at]! ^ (1 << below(random, 8));
    return copy;
  },
  (bytes, random) => {
    const at = below(random, bytes.length);
    const insert = Uint8Array.from(forged[below(random, forged.length)]!);
    return joined(bytes.subarray(0, at), insert, bytes.subarray(at + below(random, 3)));
  },
  (bytes, random) => {
    const from = below(random, bytes.length);
    return joined(bytes.subarray(0, from), bytes.subarray(from + below(random, 64)));
  },
  (bytes, random) => {
    const from = below(random, bytes.length);
    const to = Math.min(bytes.length, from + below(random, 512));
    return joined(bytes.subarray(0, to), bytes.subarray(from));
  },
  disturb,
  disturb,
  (bytes, random, other) => {
    const at = below(random, bytes.length);
    const from = below(random, other.length);
    return joined(
      bytes.subarray(0, at),
      other.subarray(from, from + below(random, 300)),
      bytes.subarray(at),
    );
  },
];

function disturb(bytes: Uint8Array, random: Random): Uint8Array {
  const model = attempt(() => readModel(strictSource(bytes)));
  return model ? modelBytes(disturbed(model, random)) : bytes;
}

/** A source that nobody reads outside of. */
function strictSource(bytes: Uint8Array): ByteSource {
  return {
    name: 'mutated.onnx',
    size: bytes.length,
    read(offset, length) {
      assert.ok(offset >= 0 && length >= 0 && offset + length <= bytes.length, 'reads outside');
      return bytes.subarray(offset, offset + length);
    },
  };
}

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

/** Undefined for a failure that the user is told of; anything else that is thrown is a bug. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (isUserError(error)) return undefined;
    throw error;
  }
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
  const random = seededRandom(seed);
  let read = 0;
  let slowest = 0;
  const largest = largestAllocation(() => {
    for (let i = 0; i < files; i++) {
      let bytes = originals[below(random, originals.length)]!;
      for (let n = 1 + below(random, 2); n > 0; n--) {
        const other = originals[below(random, originals.length)]!;
        if (bytes.length > 0)
          bytes = mutations[below(random, mutations.length)]!(bytes, random, other);
      }
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

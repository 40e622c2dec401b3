import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import type { ByteSource } from '../../src/base/bytes';
import { isUserError } from '../../src/base/errors';
import { seededRandom, type Random } from '../../src/base/random';
import { readModel } from '../../src/onnx/read';
import { aModel, aNode, aTensor, aValue, modelBytes } from './build';
import { disturbed } from './disturb';
import { everything } from './everything';
import { modelFiles } from './models';

const largestSeed = 12_000;

const chain = aModel({
  nodes: Array.from({ length: 20 }, (_, i) => aNode('Relu', [`v${i}`], [`v${i + 1}`])),
  inputs: [aValue('v0', 'float32', ['batch', 8])],
  outputs: [aValue('v20', 'float32', ['batch', 8])],
  initializers: [aTensor('w', 'float32', [8, 8], new Float32Array(64))],
});

/** Small models: some made here, and real ones where they are there. */
export function seeds(): readonly Uint8Array[] {
  const real = modelFiles().filter((file) => statSync(file).size < largestSeed);
  return [modelBytes(everything()), modelBytes(chain), ...real.map((file) => readFileSync(file))];
}

/** Files made of `originals`, truncated, mutated and disturbed; the same for the same seed. */
export function* mutatedFiles(
  originals: readonly Uint8Array[],
  count: number,
  seed: number,
): Generator<Uint8Array> {
  const random = seededRandom(seed);
  const original = () => originals[below(random, originals.length)]!;
  for (let i = 0; i < count; i++) {
    let bytes = original();
    for (let n = 1 + below(random, 2); n > 0 && bytes.length > 0; n--) {
      bytes = mutations[below(random, mutations.length)]!(bytes, random, original());
    }
    yield bytes;
  }
}

/** A source that nobody reads outside of. */
export function strictSource(bytes: Uint8Array): ByteSource {
  return {
    name: 'mutated.onnx',
    size: bytes.length,
    read(offset, length) {
      assert.ok(offset >= 0 && length >= 0 && offset + length <= bytes.length, 'reads outside');
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** Undefined for a failure that the user is told of; anything else that is thrown is a bug. */
export function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (isUserError(error)) return undefined;
    throw error;
  }
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

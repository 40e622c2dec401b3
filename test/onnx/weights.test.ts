import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySource } from '../../src/base/bytes';
import type { Tensor, TensorData } from '../../src/onnx/model';
import { storedBytes, tensorBytes, tensorChunks, tensorValues } from '../../src/onnx/weights';
import { encodeElements } from '../../src/tensor/decode';
import { aTensor } from '../support/build';
import { typedTensors } from '../support/everything';
import { refuses } from '../support/refuses';

test('typed fields give the same elements as raw data', () => {
  const values = Object.fromEntries(typedTensors().map((t) => [t.dtype, [...tensorValues(t)]]));
  assert.deepEqual(values, {
    float32: [1, 2, 3],
    complex64: [1, 2, 3, 4, 5, 6],
    float64: [1, 2, 3],
    int32: [1, 2, -1],
    int8: [1, 2, -1],
    bool: [1, 0, 1],
    float16: [1, 2, 0],
    uint4: [1, 2, 3],
    int2: [-1, -2, 1],
    float6e2m3: [0.125, 0.25, 0.375],
    int64: [1, 2, -1],
    uint32: [1, 2, 2 ** 32 - 1],
    uint64: [1, 2, 2 ** 64],
  });
  for (const tensor of typedTensors()) {
    const values = tensorValues(tensor);
    // 2^64 - 1 is not a number that JavaScript has.
    if (tensor.dtype === 'uint64') continue;
    assert.deepEqual(tensorBytes(tensor), encodeElements(tensor.dtype, values), tensor.dtype);
  }
});

test('typed fields that do not suit the type or the shape are refused', () => {
  for (const tensor of typedTensors()) {
    for (const shape of [[2], [4], [2 ** 40]]) {
      // Half a byte more or less is not seen in types that lie several to a byte.
      if (shape[0] === 4 && ['uint4', 'int2'].includes(tensor.dtype)) continue;
      if (shape[0] === 2 && tensor.dtype === 'int2') continue;
      refuses(
        () => tensorValues({ ...tensor, shape }),
        'badModel',
        /does not hold the elements of its shape/,
      );
    }
  }
  const floats = typedTensors()[0]!;
  refuses(() => tensorValues({ ...floats, dtype: 'int32' }), 'badModel', /of int32/);
});

test('chunks together are the whole, for types of any width', () => {
  for (const dtype of ['float32', 'int4', 'uint2', 'float6e3m2', 'bfloat16', 'int64'] as const) {
    const tensor = aTensor(
      'w',
      dtype,
      [103],
      Array.from({ length: 103 }, (_, i) => i % 2),
    );
    const whole = [...tensorValues(tensor)];
    const chunks = [...tensorChunks(tensor, undefined, 16)].map((chunk) => [...chunk]);
    assert.equal(chunks.length, 7);
    assert.deepEqual(chunks.flat(), whole, dtype);
  }
});

const external = (change: Partial<Extract<TensorData, { kind: 'external' }>>): Tensor => ({
  ...aTensor('w', 'float32', [3], []),
  data: { kind: 'external', location: 'w.bin', offset: 4, length: 12, entries: [], ...change },
});
const open = (location: string) => memorySource(location, encodeElements('float32', [9, 1, 2, 3]));

test('external data is read at its place and checked against its file', () => {
  assert.deepEqual([...tensorValues(external({}), open)], [1, 2, 3]);
  assert.deepEqual([...tensorValues(external({ length: undefined }), open)], [1, 2, 3]);
  refuses(
    () => tensorValues(external({ offset: 8 }), open),
    'badModel',
    /'w' should lie at bytes 8 to 20 of 'w\.bin', which has only 16/,
  );
  refuses(() => tensorValues(external({ offset: 2 ** 50 }), open), 'badModel', /which has only 16/);
  refuses(
    () => tensorValues(external({ length: 16 }), open),
    'badModel',
    /has 16 bytes, which does not fit its shape \[3\] of float32/,
  );
  refuses(() => tensorValues(external({})), 'missingFile', /'w\.bin' are not available/);
});

test('bytes as stored are known without reading', () => {
  assert.equal(storedBytes(external({})), 12);
  assert.equal(storedBytes(aTensor('w', 'int4', [5], [0, 0, 0, 0, 0])), 3);
  const strings: Tensor = {
    ...aTensor('s', 'uint8', [2], []),
    dtype: 'string',
    data: { kind: 'strings', values: [Uint8Array.of(1, 2), Uint8Array.of(3)] },
  };
  assert.equal(storedBytes(strings), 3);
  refuses(() => tensorBytes(strings), 'badInput', /'s' holds text/);
  refuses(() => tensorBytes({ ...strings, shape: [3] }), 'badModel', /holds 2 strings/);
});

test('a shape that asks for more than there is allocates nothing', () => {
  const tensor = { ...aTensor('w', 'float32', [3], [1, 2, 3]), shape: [2 ** 40, 2 ** 40] };
  refuses(() => tensorValues(tensor), 'badModel', /has 12 bytes/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../src/base/random';
import { decodeElements, encodeElements, packCodes, roundHalfEven } from '../../src/tensor/decode';
import { byteLength, dtypes, type DType } from '../../src/tensor/dtype';
import { isMiniFloat, miniFloatValues } from '../../src/tensor/minifloat';

const numeric = (Object.keys(dtypes) as DType[]).filter((dtype) => dtype !== 'string');

/** Largest number, least positive number, and codes of both, as the specification and IEEE 754 state them. */
const published: Partial<Record<DType, { max: number; least: number; maxCode: number }>> = {
  float16: { max: 65504, least: 2 ** -24, maxCode: 0x7bff },
  bfloat16: { max: 3.3895313892515355e38, least: 2 ** -133, maxCode: 0x7f7f },
  float8e4m3fn: { max: 448, least: 2 ** -9, maxCode: 0x7e },
  float8e4m3fnuz: { max: 240, least: 2 ** -10, maxCode: 0x7f },
  float8e5m2: { max: 57344, least: 2 ** -16, maxCode: 0x7b },
  float8e5m2fnuz: { max: 57344, least: 2 ** -17, maxCode: 0x7f },
  float8e8m0: { max: 2 ** 127, least: 2 ** -127, maxCode: 0xfe },
  float6e2m3: { max: 7.5, least: 0.125, maxCode: 0x1f },
  float6e3m2: { max: 28, least: 0.0625, maxCode: 0x1f },
  float4e2m1: { max: 6, least: 0.5, maxCode: 0x07 },
};

test('small floats have the published range', () => {
  for (const [name, facts] of Object.entries(published)) {
    const dtype = name as DType;
    assert.ok(isMiniFloat(dtype));
    const finite = [...miniFloatValues(dtype)].filter(Number.isFinite);
    assert.equal(
      finite.reduce((a, b) => Math.max(a, b)),
      facts.max,
      name,
    );
    const positive = finite.filter((value) => value > 0);
    assert.equal(
      positive.reduce((a, b) => Math.min(a, b)),
      facts.least,
      name,
    );
    assert.equal(miniFloatValues(dtype)[facts.maxCode], facts.max, name);
  }
});

test('every finite number of a small float is encoded as itself', () => {
  for (const dtype of numeric) {
    if (!isMiniFloat(dtype)) continue;
    const table = miniFloatValues(dtype);
    const values = [...table].filter(Number.isFinite);
    const back = decodeElements(dtype, encodeElements(dtype, values), values.length);
    assert.deepEqual([...back], values, dtype);
  }
});

test('a number between two goes to the nearer, half way to the even code', () => {
  for (const dtype of [
    'float16',
    'bfloat16',
    'float8e4m3fn',
    'float8e5m2fnuz',
    'float6e3m2',
    'float4e2m1',
  ] as const) {
    const table = miniFloatValues(dtype);
    const codes = [...table.keys()].filter((code) => code + 1 < table.length / 2);
    for (const code of codes.filter((_, i) => codes.length < 512 || i % 97 === 0)) {
      const [low, high] = [table[code]!, table[code + 1]!];
      if (!Number.isFinite(low) || !Number.isFinite(high)) continue;
      const near = (share: number) => low + (high - low) * share;
      const asked = [near(0.25), near(0.5), near(0.75)];
      const even = code % 2 === 0 ? low : high;
      const found = decodeElements(dtype, encodeElements(dtype, asked), 3);
      assert.deepEqual([...found], [low, even, high], `${dtype} ${code}`);
    }
  }
});

test('what is too large saturates or becomes infinite, NaN stays where there is one', () => {
  const encode = (dtype: DType, value: number) =>
    decodeElements(dtype, encodeElements(dtype, [value]), 1)[0];
  assert.equal(encode('float16', 65520), Infinity);
  assert.equal(encode('float16', 65519), 65504);
  assert.equal(encode('bfloat16', -3.4e38), -Infinity);
  assert.equal(encode('float8e4m3fn', 1e9), 448);
  assert.equal(encode('float8e5m2', -Infinity), -57344);
  assert.equal(encode('float4e2m1', -100), -6);
  assert.ok(Number.isNaN(encode('float8e4m3fnuz', NaN)));
  assert.ok(Number.isNaN(encode('float16', NaN)));
  assert.ok(Object.is(encode('float8e4m3fnuz', -0), 0));
  assert.ok(Object.is(encode('float16', -0), -0));
});

test('every type survives encoding and decoding', () => {
  const random = seededRandom(7);
  for (const dtype of numeric) {
    const { bits, class: kind } = dtypes[dtype];
    const count = 37;
    const perElement = kind === 'complex' ? 2 : 1;
    const low = kind === 'int' ? -(2 ** Math.min(bits - 1, 50)) : 0;
    const values = Array.from({ length: count * perElement }, () =>
      kind === 'bool'
        ? Math.round(random())
        : kind === 'int' || kind === 'uint'
          ? low + Math.floor(random() * 2 ** Math.min(bits, 50))
          : Math.round(random() * 4) / 2,
    );
    if (dtype === 'float8e8m0') values.fill(4);
    const bytes = encodeElements(dtype, values);
    assert.equal(bytes.length, byteLength(dtype, count), dtype);
    assert.deepEqual([...decodeElements(dtype, bytes, count)], values, dtype);
  }
});

test('narrow types lie as ONNX packs them', () => {
  assert.deepEqual([...encodeElements('int4', [1, -2, 7])], [0xe1, 0x07]);
  assert.deepEqual([...encodeElements('uint2', [0, 1, 2, 3, 2])], [0b11100100, 0b10]);
  assert.deepEqual([...packCodes(Uint8Array.of(1, 2, 3, 4), 6)], [0x81, 0x30, 0x10]);
});

test('integers are rounded half to even and clamped', () => {
  assert.deepEqual(
    [0.5, 1.5, 2.5, -0.5, -1.5, -2.5].map(roundHalfEven).map(Math.abs),
    [0, 2, 2, 0, 2, 2],
  );
  assert.deepEqual(
    [...decodeElements('int8', encodeElements('int8', [200, -200, 2.5]), 3)],
    [127, -128, 2],
  );
  const large = encodeElements('int64', [2 ** 70, -Infinity, 5]);
  assert.deepEqual([...new BigInt64Array(large.buffer)], [2n ** 63n - 1n, -(2n ** 63n), 5n]);
});

test('bytes at an odd place in a file are decoded', () => {
  const shifted = new Uint8Array(9);
  shifted.set(encodeElements('float64', [Math.PI]), 1);
  assert.deepEqual([...decodeElements('float64', shifted.subarray(1), 1)], [Math.PI]);
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { quantizeAffine, type Int8Type } from '../../src/kernels/affine';
import { quantizeBlockwise, type Bits } from '../../src/kernels/blockwise';
import { packHighFirst, quantizeCodebook, type Codebook } from '../../src/kernels/codebook4';
import { packCodes, packZeroPoints } from '../../src/kernels/packing';
import { readNpy } from '../../src/runtime/datasets/npy';
import { readNpz } from '../../src/runtime/datasets/npz';
import type { RunTensor } from '../../src/runtime/runner';

/** Outputs of ONNX Runtime's own packers for given weights. */
const folder = join('..', 'shared', 'models', 'packers');
const index = join(folder, 'index.json');
const skip = existsSync(index) ? false : 'the packers’ outputs are not here';

interface Case {
  file: string;
  weight: string;
  bits?: Bits;
  block?: number;
  symmetric?: boolean;
  type?: Codebook;
  dtype?: Int8Type;
  axis?: number;
}

const floats = (tensor: RunTensor) => tensor.data as Float32Array;
const bytesOf = ({ data }: RunTensor | { data: ArrayBufferView }) => {
  const view = data as ArrayBufferView;
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
};

function check({ file, weight, bits, block, symmetric, type, dtype, axis }: Case): void {
  const expected = readNpz(readFileSync(join(folder, file)), file);
  const array = (name: string) => expected.get(name)!;
  const tensor = readNpy(readFileSync(join(folder, weight)), weight);
  const [k, n] = tensor.shape as [number, number];
  const values = floats(tensor);
  if (type) {
    const quantized = quantizeCodebook(values, type, block!);
    assert.deepEqual(packHighFirst(quantized.codes), bytesOf(array('packed')));
    assert.deepEqual(quantized.absMax, floats(array('absmax')));
  } else if (bits) {
    const quantized = quantizeBlockwise(values, k, n, {
      bits,
      block: block!,
      symmetric: symmetric!,
    });
    assert.deepEqual(quantized.scales, floats(array('scales')));
    assert.deepEqual(packCodes(quantized), bytesOf(array('packed')));
    if (!symmetric) assert.deepEqual(packZeroPoints(quantized), bytesOf(array('zero_points')));
  } else {
    const quantized = quantizeAffine(values, [k, n], {
      dtype: dtype!,
      symmetric: symmetric!,
      axis: axis!,
    });
    assert.deepEqual(quantized.scales, floats(array('scales')));
    assert.deepEqual([...quantized.zeroPoints], [...(array('zero_points').data as Int8Array)]);
    assert.deepEqual(bytesOf({ data: quantized.codes }), bytesOf(array('quantized')));
  }
}

if (skip) test('bytes equal to the packers of ONNX Runtime', { skip });
else {
  for (const row of JSON.parse(readFileSync(index, 'utf8')) as Case[]) {
    test(`bytes equal to ONNX Runtime's: ${row.file}`, () => check(row));
  }
}

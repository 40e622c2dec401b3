import assert from 'node:assert/strict';
import { test } from 'node:test';
import { int, of, outputTypes, type NodeCase } from '../../../support/inferring';

const ms = 'com.microsoft';

test('element types that an operator decides', () => {
  const type = (node: NodeCase) => outputTypes(node)[0]?.dtype;
  assert.equal(type({ op: 'Less', inputs: [[2], [2]] }), 'bool');
  assert.equal(type({ op: 'Cast', inputs: [[2]], attributes: { to: int(7) } }), 'int64');
  assert.equal(type({ op: 'CastLike', inputs: [[2], of('float16', 1)] }), 'float16');
  assert.equal(type({ op: 'QuantizeLinear', inputs: [[2], [], of('int4')] }), 'int4');
  assert.equal(type({ op: 'QuantizeLinear', inputs: [[2], []] }), 'uint8');
  assert.equal(type({ op: 'DequantizeLinear', inputs: [of('int8', 2), of('float16')] }), 'float16');
  assert.equal(
    type({ op: 'MatMulInteger', inputs: [of('uint8', 2, 2), of('int8', 2, 2)] }),
    'int32',
  );
  assert.equal(type({ op: 'ArgMax', inputs: [[2]] }), 'int64');
  assert.equal(
    type({
      op: 'MatMulIntegerToFloat',
      domain: ms,
      inputs: [of('uint8', 2, 2), of('int8', 2, 2), [], []],
    }),
    'float32',
  );
});

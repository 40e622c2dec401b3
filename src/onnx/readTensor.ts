import type { ByteSource } from '../base/bytes';
import type { Tensor } from './model';
import { tensorMessage } from './tensorMessage';
import { WireReader } from './wire';

/** Reads a file that holds one TensorProto, as `input_0.pb` of ONNX's test sets. Throws `badFile` or `unsupported` errors. */
export function readTensor(source: ByteSource): Tensor {
  return tensorMessage.readBody(new WireReader(source), { source, offset: 0, length: source.size });
}

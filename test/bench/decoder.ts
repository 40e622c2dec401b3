import type { ByteSource } from '../../src/base/bytes';
import { seededRandom } from '../../src/base/random';
import type { Model, Node, Tensor } from '../../src/onnx/model';
import { aModel, aNode, aTensor, aValue } from '../support/build';

export interface DecoderSizes {
  readonly blocks: number;
  readonly hidden: number;
  readonly forward: number;
  readonly heads: number;
}

const none = new Uint8Array(0);

/** Bytes as random as weights are, so that neither the disk nor a file system can hold them in less. */
function randomSource(): ByteSource {
  const random = seededRandom(7);
  const pool = Uint32Array.from({ length: 1 << 22 }, () => random() * 2 ** 32);
  // The sign and the exponent of numbers near 0.02: what the weights of a network look like.
  for (let i = 0; i < pool.length; i++) pool[i] = ((pool[i] ?? 0) & 0x807fffff) | 0x3c800000;
  const bytes = new Uint8Array(pool.buffer);
  return {
    name: 'random numbers',
    size: Number.MAX_SAFE_INTEGER,
    read(offset, length) {
      const result = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const from = (offset + done) % bytes.length;
        const piece = bytes.subarray(from, from + length - done);
        result.set(piece, done);
        done += piece.length;
      }
      return result;
    },
  };
}

/** A decoder as PyTorch exports it, with random weights that are made when they are written. Float32 throughout. */
export function decoder({ blocks, hidden, forward, heads }: DecoderSizes): Model {
  const source = randomSource();
  let offset = 0;
  const initializers: Tensor[] = [
    aTensor('heads', 'int64', [4], [0, 0, heads, hidden / heads]),
    aTensor('merged', 'int64', [3], [0, 0, hidden]),
    aTensor('scale', 'float32', [], [(hidden / heads) ** -0.5]),
  ];
  const nodes: Node[] = [];
  const weight = (name: string, shape: readonly number[]): string => {
    const length = 4 * shape.reduce((product, size) => product * size, 1);
    const range = { source, offset: (offset += 4 * 977), length };
    const data = { kind: 'raw', range } as const;
    initializers.push({
      name,
      dtype: 'float32',
      shape,
      data,
      docString: '',
      metadata: [],
      unknown: none,
    });
    return name;
  };
  const node = (module: string, op: string, inputs: string[], attributes = {}): string => {
    const name = `/${module.replaceAll('.', '/')}/${op}`;
    const output = `${name}_output_0`;
    nodes.push(aNode(op, inputs, [output], attributes, { name }));
    return output;
  };
  const linear = (module: string, x: string, rows: number, columns: number): string => {
    const product = node(module, 'MatMul', [x, weight(`${module}.weight`, [rows, columns])]);
    return node(module, 'Add', [product, weight(`${module}.bias`, [columns])]);
  };
  const norm = (module: string, x: string): string =>
    node(module, 'LayerNormalization', [
      x,
      weight(`${module}.weight`, [hidden]),
      weight(`${module}.bias`, [hidden]),
    ]);
  const perm = (...values: bigint[]) => ({ perm: { kind: 'ints', value: values } as const });
  let x = 'x';
  for (let block = 0; block < blocks; block++) {
    const at = `model.layers.${block}`;
    const entered = norm(`${at}.norm1`, x);
    const split = (name: string, ...order: bigint[]) => {
      const module = `${at}.attention.${name}`;
      const made = linear(module, entered, hidden, hidden);
      return node(module, 'Transpose', [node(module, 'Reshape', [made, 'heads'])], perm(...order));
    };
    const query = split('q_proj', 0n, 2n, 1n, 3n);
    const key = split('k_proj', 0n, 2n, 3n, 1n);
    const value = split('v_proj', 0n, 2n, 1n, 3n);
    const scores = node(`${at}.attention`, 'MatMul', [query, key]);
    const scaled = node(`${at}.attention`, 'Mul', [scores, 'scale']);
    const weights = node(`${at}.attention`, 'Softmax', [scaled], {
      axis: { kind: 'int', value: -1n },
    });
    const context = node(`${at}.attention.context`, 'MatMul', [weights, value]);
    const turned = node(`${at}.attention`, 'Transpose', [context], perm(0n, 2n, 1n, 3n));
    const merged = node(`${at}.attention`, 'Reshape', [turned, 'merged']);
    const attended = linear(`${at}.attention.o_proj`, merged, hidden, hidden);
    const middle = node(`${at}.residual1`, 'Add', [x, attended]);
    const up = linear(`${at}.mlp.up`, norm(`${at}.norm2`, middle), hidden, forward);
    const active = node(`${at}.mlp`, 'Relu', [up]);
    const down = linear(`${at}.mlp.down`, active, forward, hidden);
    x = node(`${at}.residual2`, 'Add', [middle, down]);
  }
  return aModel(
    {
      inputs: [aValue('x', 'float32', ['batch', 'sequence', hidden])],
      outputs: [aValue(x, 'float32', ['batch', 'sequence', hidden])],
      initializers,
      nodes,
    },
    { producerName: 'featherweight', producerVersion: 'bench', opsets: new Map([['', 17]]) },
  );
}

/** Bytes of the weights of one block. */
export function blockBytes({ hidden, forward }: DecoderSizes): number {
  return 4 * (4 * hidden * hidden + 2 * hidden * forward + 9 * hidden + forward);
}

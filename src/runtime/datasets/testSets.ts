import { memorySource } from '../../base/bytes';
import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import { readTensor } from '../../onnx/readTensor';
import { tensorBytes } from '../../onnx/weights';
import { arrayOver, isArrayType } from '../arrays';
import { describeSpec, type InputSpec } from '../inputs';
import type { Feeds, RunTensor } from '../runner';
import { convertTo, describeTensor } from './convert';
import { type Dataset, datasetOf } from './dataset';

/** One set of ONNX's own test format: the contents of `input_0.pb`, `input_1.pb` … in order. */
export interface TestSet {
  readonly name: string;
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/**
 * Test sets as batches, one set each, exactly as they are. Tensors go to the inputs of their names, or, where
 * these are other names, to the inputs at their places, as ONNX's own runner does it. Throws `badInput` when sets and inputs do not fit.
 */
export function testSetDataset(
  sets: readonly TestSet[],
  specs: readonly InputSpec[],
  optional: ReadonlySet<string>,
  name: string,
): Dataset {
  const batches = sets.map((set) => feedsOf(set, specs, optional));
  return datasetOf({
    name,
    count: sets.length,
    atOnce: 1,
    lengths: () => undefined,
    select: ([index = 0]) => ({ feeds: batches[index] ?? {}, labels: undefined }),
  });
}

function feedsOf(set: TestSet, specs: readonly InputSpec[], optional: ReadonlySet<string>): Feeds {
  const files = set.files.map(({ name, bytes }) => {
    const where = `${name} in ${set.name}`;
    return { where, ...parse(bytes, where) };
  });
  const isNamed = files.every((file) => specs.some((spec) => spec.name === file.name));
  const feeds: Record<string, RunTensor> = {};
  for (const [place, { where, name, tensor }] of files.entries()) {
    const spec = isNamed ? specs.find((each) => each.name === name) : specs[place];
    if (!spec) {
      throw new UserError(
        'badInput',
        `${where} is one input too many: the model takes ${specs.length}.`,
      );
    }
    feeds[spec.name] = fitting(spec, convertTo(spec, tensor, where), where);
  }
  const missing = specs.find((spec) => !feeds[spec.name] && !optional.has(spec.name));
  if (!missing) return feeds;
  throw new UserError(
    'badInput',
    `${set.name} has nothing for the input ${quoted(missing.name)} (${describeSpec(missing)}).`,
  );
}

function parse(bytes: Uint8Array, where: string): { name: string; tensor: RunTensor } {
  const tensor = readTensor(memorySource(where, bytes));
  const { name, dtype, shape, data } = tensor;
  if (data.kind === 'strings') {
    const texts = data.values.map((value) => new TextDecoder().decode(value));
    return { name, tensor: { dtype, shape, data: texts } };
  }
  if (!isArrayType(dtype)) {
    throw new UserError(
      'unsupported',
      `${where} is ${dtype}, which ONNX Runtime’s Node interface cannot carry.`,
    );
  }
  return { name, tensor: { dtype, shape, data: arrayOver(dtype, tensorBytes(tensor)) } };
}

function fitting(spec: InputSpec, tensor: RunTensor, where: string): RunTensor {
  const { shape } = spec;
  const fits =
    !shape ||
    (shape.length === tensor.shape.length &&
      shape.every((size, axis) => typeof size !== 'number' || size === tensor.shape[axis]));
  if (fits) return tensor;
  throw new UserError(
    'badInput',
    `${where} is ${describeTensor(tensor)}; the model takes ${describeSpec(spec)}.`,
  );
}

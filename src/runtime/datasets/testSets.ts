import { memorySource } from '../../base/bytes';
import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import { readTensor } from '../../onnx/readTensor';
import { tensorBytes } from '../../onnx/weights';
import { arrayOver, isArrayType } from '../arrays';
import { describeSpec, type InputSpec } from '../inputs';
import { inputFor } from '../purpose';
import type { Label } from '../labels';
import type { Feeds, RunTensor } from '../runner';
import { convertTo } from './convert';
import { type Dataset, datasetOf } from './dataset';
import { labelsFrom } from './labels';
import { checkNames, isOptional, type ModelInputs, unfit } from './model';

/** One set of ONNX's own test format: its files `input_0.pb`, `input_1.pb` … in order, read when somebody asks. */
export interface TestSet {
  readonly name: string;
  readonly files: readonly TestFile[];
  /** A tensor of labels beside them, in `label.pb` or the like. */
  readonly labels?: TestFile | undefined;
}

interface TestFile {
  readonly name: string;
  readonly read: () => Uint8Array;
}

/**
 * Test sets as batches, one set each, exactly as they are. Tensors go to the inputs of their names, or, where
 * these are other names, to the inputs at their places, as ONNX's own runner does it. Throws `badInput` when sets and inputs do not fit.
 */
export function testSetDataset(
  sets: readonly TestSet[],
  model: ModelInputs,
  name: string,
): Dataset {
  const feeds = ([index = 0]: readonly number[]) => {
    const set = sets[index];
    return set ? feedsOf(set, model) : {};
  };
  // What is wrong with all of them is wrong with the first.
  feeds([0]);
  return datasetOf({
    ...{ name, feeds, kind: 'testSets', count: sets.length, atOnce: 1 },
    maskInput: inputFor('mask', model.specs, model.purposes)?.name,
    lengthInput: undefined,
    lengths: () => undefined,
    labels: (places) => labelsIn(places.flatMap((place) => sets[place] ?? [])),
  });
}

/** Those of all these sets. Throws `badInput` where only some have labels. */
function labelsIn(sets: readonly TestSet[]): readonly Label[] | undefined {
  if (sets.every(({ labels }) => labels === undefined)) return undefined;
  return sets.flatMap(({ name, labels }) => {
    if (labels) return labelsFrom(parse(labels.read(), `${labels.name} in ${name}`).tensor);
    throw new UserError('badInput', `${name} has no labels; all sets or none must have them.`);
  });
}

function feedsOf(set: TestSet, model: ModelInputs): Feeds {
  const { specs } = model;
  const files = set.files.map(({ name, read }) => {
    const where = `${name} in ${set.name}`;
    return { where, ...parse(read(), where) };
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
  const missing = specs.find((spec) => !feeds[spec.name] && !isOptional(model, spec));
  if (missing) {
    throw new UserError(
      'badInput',
      `${set.name} has nothing for the input ${quoted(missing.name)} (${describeSpec(missing)}).`,
    );
  }
  checkNames(specs, feeds, set.name);
  return feeds;
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
  throw unfit(spec, tensor, where);
}

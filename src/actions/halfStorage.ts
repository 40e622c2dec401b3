import { UserError } from '../base/errors';
import { computedTensor, makeNode } from '../onnx/builder';
import { elementCount } from '../onnx/model';
import { floatValues } from '../onnx/weights';
import { encodeElements } from '../tensor/decode';
import type { ParamsOf } from '../protocol/params';
import type { Weight } from '../structure/structure';
import { defineAction, type Workbench } from './action';
import { restorable, restorableFit, restoredEdits, restoredSaving } from './restored';

const params = {
  type: {
    kind: 'choice',
    title: 'Type',
    help: 'How a weight is stored.',
    options: {
      float16: 'float16: 3 digits, numbers up to 65,504',
      bfloat16: 'bfloat16: 2 digits, the range of float32',
    },
    default: 'float16',
  },
} as const;

/** A Cast takes about 150 bytes of the file: smaller tensors stay. */
const fewest = 128;
/** Of finite float16 numbers. */
const largestHalf = 65504;

/** Weights in 16 bits, cast to float32 when the model is loaded. */
export const halfStorage = defineAction({
  title: 'half-size storage (fp16, bf16)',
  about: 'Weights stored in 16 bits; the runtime makes float32 of them when it loads the model.',
  group: 'quantize',
  speed: 'same',
  speedNote:
    'Only the file gets smaller: once loaded, the model takes the memory and the time it takes now.',
  data: 'none',
  params,
  choices: [
    { title: 'fp16 storage', params: { type: 'float16' } },
    { title: 'bf16 storage', params: { type: 'bfloat16' } },
  ],
  appliesTo: (layer) => restorableFit(layer, restorable(layer, fewest), fewest),
  estimate: (layer) =>
    restoredSaving(
      layer,
      restorable(layer, fewest),
      ({ tensor }) => 2 * elementCount(tensor.shape),
    ),
  edits(bench, layers, { type }) {
    const opset = bench.structure.index.model.opsets.get('') ?? 0;
    if (type === 'bfloat16' && opset < 13) {
      throw new UserError(
        'badInput',
        `bfloat16 needs operator set 13; the model has ${opset}.`,
        'Convert the operator set first, or choose float16.',
      );
    }
    return restoredEdits(
      bench,
      layers.flatMap((layer) =>
        restorable(layer, fewest).map((weight) => ({
          ...{ layer, weight },
          restore: (output: string) => halved(bench, weight, type, output),
        })),
      ),
    );
  },
});

function halved(
  { names, open, remember }: Workbench,
  { name, tensor }: Weight,
  type: ParamsOf<typeof params>['type'],
  output: string,
) {
  const codes = remember(() => {
    const values = floatValues(tensor, open);
    return encodeElements(type, type === 'float16' ? values.map(withinHalf) : values);
  });
  const stored = computedTensor(names.fresh(`${name}_half`), type, tensor.shape, codes);
  const cast = makeNode('Cast', [stored.name], [output], {
    name: names.fresh(`${name}_Cast`),
    to: 1,
  });
  return { tensors: [stored], nodes: [cast] };
}

/** Saturates instead of overflowing to infinity, from which no sum recovers. */
function withinHalf(value: number): number {
  return value > largestHalf ? largestHalf : value < -largestHalf ? -largestHalf : value;
}

import { UserError } from '../base/errors';
import { quoted } from '../base/quote';
import { computedTensor, makeNode } from '../onnx/builder';
import type { Edit } from '../onnx/edit';
import { elementCount } from '../onnx/model';
import { floatValues } from '../onnx/weights';
import { encodeElements } from '../tensor/decode';
import type { ParamsOf } from '../protocol/params';
import type { Weight } from '../structure/structure';
import { defineAction, type Workbench } from './action';
import { raise } from './prepare/convertOpset';
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
/** That casts of bfloat16 came with. */
const bfloatOpset = 13;
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
    const stored = restoredEdits(
      bench,
      layers.flatMap((layer) =>
        restorable(layer, fewest).map((weight) => ({
          ...{ layer, weight },
          restore: (output: string) => halved(bench, weight, type, output),
        })),
      ),
    );
    return type === 'bfloat16' && stored.length > 0
      ? [...raisedBeside(bench, stored), ...stored]
      : stored;
  },
});

/** The edits that raise the operator set, which may not write what `stored` writes. Throws `unsupported` where one node would need both. */
function raisedBeside(bench: Workbench, stored: readonly Edit[]): readonly Edit[] {
  const raised = raise(bench, bfloatOpset);
  const written = new Set(
    stored.flatMap((edit) => (edit.kind === 'replaceNode' ? [edit.entry] : [])),
  );
  for (const edit of raised) {
    if (edit.kind !== 'replaceNode' || !written.has(edit.entry)) continue;
    throw new UserError(
      'unsupported',
      `bfloat16 needs operator set ${bfloatOpset}, in which ${quoted(edit.entry.id)}, which reads a weight, is written otherwise.`,
      'Raise the operator set in a step before, or choose float16.',
    );
  }
  return raised;
}

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

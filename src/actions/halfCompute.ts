import { formatExact } from '../base/format';
import { quoted } from '../base/quote';
import { inferShapes } from '../onnx/shapes/infer';
import { elementCount } from '../onnx/model';
import { defineAction, doesNotFit, type Fit, fits } from './action';
import { chooseHalves } from './halfCompute/choose';
import { halfOperator } from './halfCompute/operators';
import { type Beyond, halfEdits } from './halfCompute/rewrite';
import type { Layer } from '../structure/structure';
import { restorable, restoredSaving } from './restored';

/** The whole graph, or some layers of it, computed in float16, with casts where values pass between the two types. */
export const halfCompute = defineAction({
  title: 'fp16 compute, for GPUs',
  about:
    'Weights and arithmetic in float16 for graphics processors; what float16 is too small for stays in float32.',
  group: 'quantize',
  speed: 'slower',
  speedNote:
    'It is for providers that compute in float16: CUDA, TensorRT, DirectML, WebGPU, CoreML. On a CPU it is slower than float32: the runtime casts values back and forth.',
  data: 'none',
  scope: 'model',
  params: {},
  appliesTo: halfFit,
  estimate: (layer) =>
    restoredSaving(layer, restorable(layer, 1), ({ tensor }) => 2 * elementCount(tensor.shape)),
  edits(bench, layers) {
    const { structure, open, tell } = bench;
    const shapes = inferShapes(structure.index, { sizes: new Map(), open });
    const wanted = new Set(layers.flatMap((layer) => layer.nodes));
    const entries = structure.index.entries.filter((entry) => wanted.has(entry));
    const { edits, beyond } = halfEdits(
      bench,
      shapes,
      chooseHalves({ structure, shapes }, entries),
    );
    const note = beyondNote(beyond);
    if (note !== undefined) tell?.(note);
    return edits;
  },
});

/** Of the layer by itself; its surroundings may keep it in float32 all the same. */
function halfFit(layer: Layer): Fit {
  const operator = halfOperator(layer.main);
  if (layer.part === 'norm' && operator?.wide === undefined) {
    return doesNotFit('Its squares leave float16’s range, so it stays in float32.');
  }
  if (!operator) {
    return doesNotFit(
      `${layer.op} stays in float32: providers differ in it, or float16 is too small for it.`,
    );
  }
  const weights = layer.weights.filter(({ kind }) => kind === 'weight' || kind === 'table');
  const [first] = weights;
  if (first && weights.every(({ tensor }) => tensor.dtype !== 'float32')) {
    return doesNotFit(`Its weights are ${first.tensor.dtype} already, not float32.`);
  }
  return first || operator.works ? fits : doesNotFit('It computes in the type of what it reads.');
}

function beyondNote(beyond: Beyond): string | undefined {
  const [first] = beyond.keys();
  if (first === undefined) return undefined;
  const count = [...beyond.values()].reduce((sum, each) => sum + each, 0);
  const others = beyond.size > 1 ? ` and ${beyond.size - 1} more` : '';
  return `${formatExact(count)} constant ${count === 1 ? 'number was' : 'numbers were'} beyond float16’s range and cut to ±32,752 (in ${quoted(first)}${others}): right for masks, wrong for anything else.`;
}

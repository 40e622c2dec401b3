import type { Family } from '../base/terms';
import { elementCount } from '../onnx/model';
import { seesNoFuture } from './causal';
import type { Bench, Draft } from './drafts';
import { storedTensor } from './walk';

/** What kind of model it is, from what its layers are and how they are joined. */
export function familyOf(bench: Bench): Family {
  const has = (...kinds: readonly string[]) =>
    bench.units.some((unit) => kinds.includes(unit.kind));
  if (has('attention', 'cross')) return attentionFamily(bench);
  const convolutions = bench.drafts.filter((draft) => draft.kind === 'convolution');
  if (has('recurrent')) return 'rnn';
  const products = bench.drafts.filter((draft) => draft.kind === 'linear');
  if (convolutions.length > 0 && 3 * convolutions.length >= products.length) return 'cnn';
  // A few convolutions over words among many products: a state-space model, say.
  if (convolutions.length > 0 && bench.drafts.some((draft) => draft.kind === 'embedding')) {
    return 'other';
  }
  return products.length > 0 ? 'mlp' : 'other';
}

function attentionFamily(bench: Bench): Family {
  if (bench.blocks.some((block) => block.stack === 'decoder')) return 'encoder-decoder';
  const embeds = bench.drafts.some(
    (draft) =>
      draft.role === 'embedding' &&
      draft.kind === 'embedding' &&
      draft.main.op !== 'Add' &&
      draft.main.op !== 'Concat',
  );
  if (!embeds && takesImages(bench) && cutsPatches(bench)) {
    return mostlyConvolves(bench) ? 'cnn' : 'vit';
  }
  // Pictures beside text: an encoder of both, unless it goes on to predict words.
  if (takesImages(bench) && !predictsNext(bench)) return 'encoder';
  return seesNoFuture(bench) || predictsNext(bench) ? 'decoder' : 'encoder';
}

/** Whether data of rank 4 comes in: batch, channels, height, width. */
function takesImages(bench: Bench): boolean {
  return bench.flow.index.main.graph.inputs.some((input) => {
    const type = input.type?.kind === 'tensor' ? input.type : undefined;
    const rank = type?.shape?.length;
    return rank === 4 && !bench.flow.index.main.initializers.has(input.name);
  });
}

/** Whether the input goes through a convolution or a projection of its own before the blocks. */
const cutsPatches = (bench: Bench): boolean =>
  bench.drafts.some(
    (draft) => draft.kind === 'convolution' || draft.role === 'embeddingProjection',
  );

/** A convolutional network with attentions in it: most of what it learnt is in convolutions of its own. */
function mostlyConvolves(bench: Bench): boolean {
  const learnt = (of: (draft: Draft) => boolean) =>
    bench.drafts
      .filter((draft) => draft.linear && of(draft))
      .reduce(
        (sum, draft) => sum + elementCount(storedTensor(draft.linear?.weight)?.shape ?? [0]),
        0,
      );
  const convolves = (draft: Draft) =>
    draft.kind === 'convolution' && (!draft.unit || draft.unit.kind === 'convolution');
  return learnt(convolves) > learnt((draft) => !convolves(draft));
}

/** A head as wide as the vocabulary right after the last block, with nothing between: what predicts the next token. */
function predictsNext(bench: Bench): boolean {
  const rows = new Set(
    bench.drafts
      .filter((draft) => draft.role === 'embedding' && draft.main.op === 'Gather')
      .map((draft) => storedTensor(draft.main.operands[0])?.shape[0]),
  );
  const heads = bench.drafts.filter((draft) => draft.role === 'head');
  const transformed = bench.drafts.some(
    (draft) => draft.role === 'headTransform' || draft.role === 'pooler',
  );
  const crosses = bench.units.some((unit) => unit.kind === 'cross');
  return !transformed && !crosses && heads.some((draft) => rows.has(draft.linear?.outWidth));
}

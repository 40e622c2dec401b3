import { intAttribute } from '../onnx/attributes';
import type { Family } from '../base/terms';
import { isTriangular } from './contents';
import type { Bench, Draft } from './drafts';
import type { Source, Step } from './flow';
import { natureOf, plain, searchUp, storedTensor } from './walk';

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
  return isCausal(bench) ? 'decoder' : 'encoder';
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

/** A convolutional network with an attention or two in it. */
function mostlyConvolves(bench: Bench): boolean {
  const count = (part: Draft['part']) =>
    bench.drafts.filter((draft) => draft.part === part && draft.linear).length;
  return count('convolution') > 2 * (count('attention') + count('feedForward'));
}

const alwaysCausal = new Set([
  'GroupQueryAttention',
  'DecoderMaskedMultiHeadAttention',
  'SparseAttention',
  'PagedAttention',
]);

/** Whether later positions are hidden from earlier ones, or keys and values of earlier runs come in. */
function isCausal(bench: Bench): boolean {
  const cores = bench.drafts.filter(
    (draft) => ['scores', 'attention'].includes(draft.kind) && draft.part === 'attention',
  );
  const operators = cores.map((draft) => draft.main);
  if (operators.some((step) => alwaysCausal.has(step.op))) return true;
  if (
    operators.some((step) =>
      ['is_causal', 'unidirectional'].some((name) => intAttribute(step.entry.node, name) === 1),
    )
  ) {
    return true;
  }
  return cores.some((draft) => readsPast(draft)) || hidesLater(bench, cores) || predictsNext(bench);
}

/** Where operators take the keys and values of earlier runs. */
const pastInputs: Readonly<Record<string, readonly number[]>> = {
  Attention: [4, 5],
  QAttention: [8],
  MultiHeadAttention: [6, 7],
};

const joinsPast = new Set(['Concat', 'ScatterND', 'ScatterElements', 'TensorScatter']);

/** Whether keys of earlier runs come in from outside and new ones are joined to them. */
function readsPast(draft: Draft): boolean {
  const { main } = draft;
  if (draft.kind === 'attention') {
    const past = pastInputs[main.op] ?? [];
    return past.some((position) => plain(main.inputs[position])?.kind === 'input');
  }
  const joining: Step[] = [];
  searchUp(
    [main.operands[1]],
    (step) => joinsPast.has(step.op) && joining.push(step) > 0,
    (step) => ['layout', 'cast', 'arithmetic'].includes(step.operator.kind),
  );
  return joining.some((step) => step.operands.some((operand) => plain(operand)?.kind === 'input'));
}

const compares = new Set(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual']);

/** Looks through everything that the scores are masked with for a triangle, stored or compared together from two ranges. */
function hidesLater(bench: Bench, cores: readonly Draft[]): boolean {
  const seen = new Set<object>();
  const queue: (Source | undefined)[] = cores.flatMap((draft) =>
    [...draft.steps].flatMap((step) =>
      step.inputs.filter((input) => !input || natureOf(input) !== 'data'),
    ),
  );
  for (let at = queue.pop(); queue.length > 0 || at; at = queue.pop()) {
    if (at?.kind === 'tensor') {
      if (!seen.has(at.tensor) && isTriangular(bench, at.tensor)) return true;
      seen.add(at.tensor);
    }
    if (at?.kind !== 'step' || seen.has(at.step)) continue;
    const { step } = at;
    seen.add(step);
    if (
      step.op === 'Trilu' ||
      (compares.has(step.op) && step.operands.every((operand) => countsUp(operand)))
    )
      return true;
    queue.push(...step.inputs.filter((input) => !input || natureOf(input) !== 'data'));
  }
  return false;
}

/** Whether a value is a range of positions, shifted and reshaped perhaps. */
function countsUp(source: Source | undefined): boolean {
  const seen = new Set<Step>();
  const queue = [plain(source)];
  for (let at = queue.pop(); queue.length > 0 || at; at = queue.pop()) {
    if (at?.kind !== 'step' || seen.has(at.step)) continue;
    seen.add(at.step);
    if (at.step.op === 'Range' || at.step.op === 'CumSum') return true;
    if (seen.size > 64) return false;
    queue.push(...at.step.operands.map((operand) => plain(operand)));
  }
  return false;
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

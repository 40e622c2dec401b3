import { intAttribute } from '../onnx/attributes';
import { elementCount, type Tensor } from '../onnx/model';
import type { Role } from '../base/terms';
import { claim, type Bench, type Draft } from './drafts';
import type { Source, Step } from './flow';
import { isMask } from './contents';
import { isRotaryProduct } from './rotary';
import type { Weight } from './structure';
import {
  dataOperands,
  isFloat,
  isPacked,
  isScalar,
  isStored,
  longSides,
  natureOf,
  storedTensor,
  valueOperands,
} from './walk';

type Use = Weight['kind'];

/** The stored tensors of a layer, its weights first; the steps that only unpack them join it. */
export function weightsOf(bench: Bench, draft: Draft): Weight[] {
  const weights = new Map<Tensor, Weight>();
  const steps = [...draft.steps].sort((a, b) => a.at - b.at);
  for (const step of [draft.main, ...steps.filter((each) => each !== draft.main)]) {
    step.inputs.forEach((source, position) => {
      if (isStored(source))
        collect(bench, draft, source, usage(bench, draft, step, position, source), weights);
    });
  }
  return [...weights.values()].sort((a, b) => rank(a) - rank(b));
}

interface Usage {
  readonly use: Use;
  /** The step that reads the weight, and at which of its inputs. */
  readonly step: Step;
  readonly position: number;
}

const ranks: readonly Use[] = [
  'weight',
  'table',
  'bias',
  'statistics',
  'scale',
  'zeroPoint',
  'constant',
];
const rank = (weight: Weight) => ranks.indexOf(weight.kind);

function usage(
  bench: Bench,
  draft: Draft,
  step: Step,
  position: number,
  source: Source | undefined,
): Usage {
  return { use: useAt(bench, draft, step, position, source), step, position };
}

function useAt(
  bench: Bench,
  draft: Draft,
  step: Step,
  position: number,
  source: Source | undefined,
): Use {
  const fixed = step.operator.uses?.[position];
  if (fixed) return isPlaceholder(draft, step) ? 'constant' : fixed;
  const operand = step.operator.operands?.indexOf(position) ?? position;
  if (operand < 0) return 'constant';
  if (step === draft.main && draft.linear)
    return step.operands[operand] === draft.linear.weight ? 'weight' : 'table';
  if (draft.kind === 'embedding' && step === draft.main) {
    return step.operator.kind !== 'lookup' || operand === 0 ? 'table' : 'constant';
  }
  return arithmeticUse(bench, draft, step, source);
}

/** The ones and zeros of a norm whose learnt scale and shift follow it. */
const isPlaceholder = (draft: Draft, step: Step) =>
  draft.kind === 'norm' &&
  step === draft.main &&
  step.operator.kind === 'norm' &&
  step.op !== 'BatchNormalization' &&
  [...draft.steps].some(
    (each) => each.op === 'Mul' && each.operands.some((operand) => isStored(operand)),
  );

/** A constant in a sum, a product, a look-up or a joining: learnt where it stands among layers and is no mask, angle or factor. */
function arithmeticUse(bench: Bench, draft: Draft, step: Step, source: Source | undefined): Use {
  const tensor = storedTensor(source);
  if (!tensor || step.nature !== 'data') return 'constant';
  const adds = step.op === 'Add' || step.op === 'Sum';
  if (draft.linear && adds) return 'bias';
  if (draft.linear && step.op === 'Mul') return 'scale';
  if (isScalar(tensor)) return 'constant';
  if (draft.kind === 'norm')
    return adds || step.op === 'Sub' ? 'bias' : step.op === 'Mul' ? 'weight' : 'constant';
  if (draft.kind === 'scores') return adds && !isMask(bench, tensor) ? 'table' : 'constant';
  if (['product', 'convolution'].includes(step.operator.kind) || chosenTable(step, source))
    return 'weight';
  if (!bench.feeding.has(step) || !comesFromLayers(bench, step)) return 'constant';
  if (adds) return 'bias';
  if (step.op === 'Mul') return isRotaryProduct(step) ? 'constant' : 'weight';
  return step.op === 'Concat' || step.op === 'Where' ? 'table' : 'constant';
}

/** A stack of weights from which data picks. */
const chosenTable = (step: Step, source: Source | undefined) =>
  (step.op === 'Gather' || step.op === 'GatherND') &&
  step.operands[0] === source &&
  longSides(storedTensor(source)?.shape ?? []).length >= 2;

/** Whether a layer with weights stands anywhere before: what comes earlier prepares the input. */
function comesFromLayers(bench: Bench, step: Step): boolean {
  const seen = new Set<Step>();
  const queue = [step];
  for (let at = queue.pop(); at; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const draft = bench.draftOf.get(at);
    if (
      at !== step &&
      draft &&
      (draft.linear || draft.kind === 'embedding' || draft.kind === 'recurrent')
    )
      return true;
    for (const source of dataOperands(at)) if (source.kind === 'step') queue.push(source.step);
  }
  return false;
}

function collect(
  bench: Bench,
  draft: Draft,
  source: Source | undefined,
  use: Usage,
  into: Map<Tensor, Weight>,
): void {
  if (source?.kind === 'tensor') {
    if (source.holder) claim(bench, draft, [source.holder]);
    const known = into.get(source.tensor);
    if (!known || (known.parameters === 0 && use.use !== 'constant'))
      into.set(source.tensor, weightFor(source.tensor, use));
    return;
  }
  if (source?.kind !== 'step' || !isStored(source)) return;
  const { step } = source;
  const owner = bench.draftOf.get(step);
  // Looked-up rows and the like are layers of their own even where all of it is constant.
  if (owner && owner !== draft) return;
  if (natureOf(source) === 'shape' && !storedTensor(source)) return;
  claim(bench, draft, [step]);
  step.inputs.forEach((input, position) => {
    const unpacks = step.operator.uses?.[position];
    const carries = valueOperands(step).includes(input);
    const inner: Use = carries
      ? position > 0 && unpacks
        ? unpacks
        : use.use
      : (unpacks ?? 'constant');
    collect(bench, draft, input, { ...use, use: inner }, into);
  });
}

const learnt: readonly Use[] = ['weight', 'bias', 'table'];

function weightFor(tensor: Tensor, usage: Usage): Weight {
  const { use } = usage;
  const holds = isFloat(tensor) || isPacked(tensor) || (use === 'bias' && tensor.dtype === 'int32');
  const kind = learnt.includes(use) && !holds ? 'constant' : use;
  const shape = kind === 'weight' || kind === 'table' ? unpackedShape(tensor, usage) : tensor.shape;
  const role = tableRole(usage);
  const parameters = learnt.includes(kind) ? elementCount(shape) : 0;
  return { name: tensor.name, tensor, shape, kind, parameters, ...(role ? { role } : {}) };
}

/** What a weight is to an operator that does the work of several layers. */
const severalRoles: Readonly<Record<string, Readonly<Record<number, Role>>>> = {
  EmbedLayerNormalization: { 2: 'embedding', 3: 'position', 4: 'tokenType', 5: 'norm', 6: 'norm' },
  MoE: { 2: 'up', 3: 'up', 4: 'down', 5: 'down', 6: 'gate', 7: 'gate' },
  QMoE: { 2: 'up', 4: 'up', 5: 'down', 7: 'down', 8: 'gate', 10: 'gate' },
};

function tableRole({ step, position, use }: Usage): Role | undefined {
  return learnt.includes(use) ? severalRoles[step.op]?.[position] : undefined;
}

/** The float weight's shape that packed storage stands for. */
function unpackedShape(tensor: Tensor, { step }: Usage): readonly number[] {
  const { node } = step.entry;
  const [k, n] = [intAttribute(node, 'K'), intAttribute(node, 'N')];
  if (k !== undefined && n !== undefined && node.op.startsWith('MatMul')) return [k, n];
  const bits =
    intAttribute(node, 'expert_weight_bits') ??
    (node.op === 'GatherBlockQuantized' ? intAttribute(node, 'bits', 4) : 8);
  const perByte = tensor.dtype === 'uint8' || tensor.dtype === 'int8' ? 8 / bits : 1;
  return perByte > 1
    ? [...tensor.shape.slice(0, -1), (tensor.shape.at(-1) ?? 1) * perByte]
    : tensor.shape;
}

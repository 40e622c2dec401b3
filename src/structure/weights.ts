import type { Role } from '../base/terms';
import { intAttribute } from '../onnx/attributes';
import { elementCount, type Tensor } from '../onnx/model';
import { distinctValues } from './contents';
import { claim, type Bench, type Draft, type Unpacking } from './drafts';
import type { Source, Step } from './flow';
import type { Weight } from './structure';
import { useAt } from './uses';
import {
  isFloat,
  isPacked,
  isScalar,
  isStored,
  natureOf,
  storedTensor,
  valueOperands,
} from './walk';

type Use = Weight['kind'];

/** Where the weights of one layer are collected. */
interface Collection {
  readonly bench: Bench;
  readonly draft: Draft;
  readonly found: Map<Tensor, Weight>;
}

interface Usage {
  readonly use: Use;
  /** The step that reads the weight, and at which of its inputs. */
  readonly step: Step;
  readonly position: number;
}

/** The stored tensors of a layer, its weights first; the steps that only unpack them join it. */
export function weightsOf(bench: Bench, draft: Draft): Weight[] {
  const into: Collection = { bench, draft, found: new Map() };
  const steps = [...draft.steps].sort((a, b) => a.at - b.at);
  for (const step of [draft.main, ...steps.filter((each) => each !== draft.main)]) {
    const passive = step !== draft.main && (step.nature === 'constant' || step.nature === 'shape');
    step.inputs.forEach((source, position) => {
      if (!source || !isStored(source)) return;
      // What only unpacks a weight is gone through from where the weight is read.
      if (!passive)
        collect(into, source, { use: useAt(bench, draft, step, position), step, position });
      else if (source.kind === 'tensor') {
        keep(into, source.tensor, source.holder, { use: 'constant', step, position });
      }
    });
  }
  return [...into.found.values()].sort((a, b) => rank(a) - rank(b));
}

const ranks: readonly Use[] = [
  ...(['weight', 'table', 'bias', 'statistics'] as const),
  ...(['scale', 'zeroPoint', 'constant'] as const),
];
const rank = (weight: Weight) => ranks.indexOf(weight.kind);

/** Keeps the stored tensors that an input is made of, and claims the steps that unpack them. */
function collect(into: Collection, from: Source, usage: Usage): void {
  if (from.kind === 'tensor') keep(into, from.tensor, from.holder, usage);
  if (from.kind !== 'step') return;
  const unpacking = unpackingOf(into.bench, from.step);
  claim(into.bench, into.draft, unpacking.steps);
  for (const { tensor, holder, use } of unpacking.tensors) {
    keep(into, tensor, holder, { ...usage, use: use ?? usage.use });
  }
}

/** What a stored value is made of. Many layers may share it, so it is gone through once. */
function unpackingOf(bench: Bench, from: Step): Unpacking {
  const known = bench.unpackings.get(from);
  if (known) return known;
  const found: Unpacking = { steps: new Set(), tensors: [] };
  bench.unpackings.set(from, found);
  const pending: Ingredient[] = [
    { source: { kind: 'step', step: from, output: 0 }, use: undefined },
  ];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { source, use } = next;
    if (source.kind === 'tensor') {
      found.tensors.push({ tensor: source.tensor, holder: source.holder, use });
    }
    if (source.kind !== 'step' || found.steps.has(source.step) || !unpacks(bench, source)) continue;
    found.steps.add(source.step);
    pending.push(...ingredientsOf(source.step, use).reverse());
  }
  return found;
}

/** Whether a stored value belongs to the weight it is made of, and not to a layer of its own such as a look-up. */
function unpacks(bench: Bench, source: Source & { kind: 'step' }): boolean {
  if (!isStored(source) || bench.draftOf.get(source.step)?.main === source.step) return false;
  return natureOf(source) !== 'shape' || storedTensor(source) !== undefined;
}

/** What goes into a stored value; `use` is what it is where that is not what the whole is. */
interface Ingredient {
  readonly source: Source;
  readonly use: Use | undefined;
}

function ingredientsOf(step: Step, use: Use | undefined): Ingredient[] {
  return step.inputs.flatMap((source, position) => {
    if (!source) return [];
    const fixed = step.operator.uses?.[position];
    // A factor of a weight is the exporter's; a weight of one element is read directly.
    const factor = source.kind === 'tensor' && isScalar(source.tensor) && step.operands.length > 1;
    const carries = valueOperands(step).includes(source) && !(position > 0 && fixed) && !factor;
    return [{ source, use: carries ? use : (fixed ?? 'constant') }];
  });
}

function keep(into: Collection, tensor: Tensor, holder: Step | undefined, usage: Usage): void {
  if (holder) claim(into.bench, into.draft, [holder]);
  const known = into.found.get(tensor);
  if (known && (known.parameters > 0 || usage.use === 'constant')) return;
  into.found.set(tensor, weightFor(into, tensor, usage));
}

const learnt: readonly Use[] = ['weight', 'bias', 'table'];

function weightFor({ bench, draft }: Collection, tensor: Tensor, usage: Usage): Weight {
  const { use } = usage;
  const holds = isFloat(tensor) || isPacked(tensor) || (use === 'bias' && tensor.dtype === 'int32');
  const kind = learnt.includes(use) && !holds ? 'constant' : use;
  const multiplied = kind === 'weight' || kind === 'table';
  const shape = multiplied ? unpackedShape(tensor, usage) : tensor.shape;
  const role = learnt.includes(use) ? severalRoles[usage.step.op]?.[usage.position] : undefined;
  const parameters = learnt.includes(kind) ? elementCount(shape) : 0;
  const spread = draft.kind === 'scores' && kind === 'table';
  return {
    ...{ name: tensor.name, tensor, shape, kind },
    parameters: spread ? numbersBehind(bench, tensor, parameters) : parameters,
    ...(role ? { role } : {}),
  };
}

/** Relative positions are often stored spread out over all pairs of places: as many were learnt as there are different numbers. */
function numbersBehind(bench: Bench, tensor: Tensor, elements: number): number {
  const different = distinctValues(bench, tensor);
  return different !== undefined && different < 0.75 * elements ? different : elements;
}

/** What a weight is to an operator that does the work of several layers, by input. */
const severalRoles: Readonly<Record<string, Readonly<Record<number, Role>>>> = {
  EmbedLayerNormalization: { 2: 'embedding', 3: 'position', 4: 'tokenType', 5: 'norm', 6: 'norm' },
  MoE: { 2: 'up', 3: 'up', 4: 'down', 5: 'down', 6: 'gate', 7: 'gate' },
  QMoE: { 2: 'up', 4: 'up', 5: 'down', 7: 'down', 8: 'gate', 10: 'gate' },
};

/** The float weight's shape that packed storage stands for. */
function unpackedShape(tensor: Tensor, { step }: Usage): readonly number[] {
  const { node } = step.entry;
  const [k, n] = [intAttribute(node, 'K'), intAttribute(node, 'N')];
  if (k !== undefined && n !== undefined && node.op.startsWith('MatMul')) return [k, n];
  const bytes = tensor.dtype === 'uint8' || tensor.dtype === 'int8';
  const perByte = bytes ? 8 / bitsOf(step) : 1;
  return [...tensor.shape.slice(0, -1), (tensor.shape.at(-1) ?? 1) * perByte].slice(
    0,
    tensor.shape.length,
  );
}

/** Bits of a code where an operator packs several into a byte. */
function bitsOf({ entry: { node } }: Step): number {
  const bits = node.op === 'QMoE' ? intAttribute(node, 'expert_weight_bits', 4) : 8;
  return node.op === 'GatherBlockQuantized' ? intAttribute(node, 'bits', 4) : bits;
}

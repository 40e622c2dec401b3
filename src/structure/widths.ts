import { intAttribute } from '../onnx/attributes';
import { operandPosition, shapeAt, shapeOf, type Bench, type Draft, type Unit } from './drafts';
import type { Step } from './flow';
import type { Widths } from './structure';
import { storedTensor } from './walk';

/** Reads sizes off the first unit of each kind that tells them. */
export function readWidths(bench: Bench): Widths {
  const attentions = bench.units.filter(
    (unit) => unit.kind === 'attention' || unit.kind === 'cross',
  );
  const heads = first(attentions, (unit) => readHeads(bench, unit));
  return {
    hiddenSize: hiddenSize(bench, attentions),
    heads: heads?.heads,
    kvHeads: heads?.kvHeads,
    headSize: heads?.headSize,
    feedForwardSize: first(bench.units, feedForwardSize),
  };
}

function first<T, R>(items: readonly T[], read: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = read(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const byRole = (unit: Unit, ...roles: readonly string[]): Draft | undefined =>
  [...unit.drafts].find((draft) => roles.includes(draft.role) && draft.linear);

interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
}

function readHeads(bench: Bench, unit: Unit): Heads | undefined {
  const core = [...unit.drafts].find(
    (draft) => draft.kind === 'attention' || draft.kind === 'scores',
  );
  if (!core) return undefined;
  const known = core.kind === 'attention' ? fromOperator(bench, unit, core.main) : undefined;
  return known ?? fromShapes(bench, unit, core);
}

/** Operators say how many heads they have. */
function fromOperator(bench: Bench, unit: Unit, step: Step): Heads | undefined {
  const { node } = step.entry;
  const heads = intAttribute(node, 'num_heads') ?? intAttribute(node, 'q_num_heads');
  if (!heads) return undefined;
  const kvHeads = intAttribute(node, 'kv_num_heads') ?? heads;
  const query = byRole(unit, 'query')?.linear?.outWidth;
  const packed = byRole(unit, 'qkv')?.linear?.outWidth ?? packedWidth(step);
  const width =
    query ??
    (packed === undefined ? lastSide(bench, step) : (packed * heads) / (heads + 2 * kvHeads));
  return width ? { heads, kvHeads, headSize: width / heads } : undefined;
}

/** Columns of the weight that the operator itself multiplies with: queries, keys and values side by side. */
const packedWidth = (step: Step) =>
  step.operator.uses?.[1] === 'weight' ? storedTensor(step.inputs[1])?.shape.at(-1) : undefined;

const lastSide = (bench: Bench, step: Step) => whole(shapeOf(bench, step)?.at(-1));

const whole = (size: number | undefined) =>
  size !== undefined && Number.isInteger(size) && size > 0 ? size : undefined;

/** The query is [.., heads, length, headSize] where it meets the keys; what the projections put out tells the rest. */
function fromShapes(bench: Bench, unit: Unit, core: Draft): Heads | undefined {
  const query = shapeAt(bench, core.main, operandPosition(core.main, 0));
  const headSize = whole(query?.at(-1));
  if (!headSize) return undefined;
  const across = query && query.length >= 4 ? whole(query.at(-3)) : undefined;
  const widths = projectionWidths(unit, headSize);
  const heads = widths.heads ?? across;
  if (!heads) return undefined;
  const fused = widths.fused === undefined ? undefined : (widths.fused - heads) / 2;
  return { heads, kvHeads: whole(widths.kvHeads ?? fused) ?? heads, headSize };
}

function projectionWidths(unit: Unit, headSize: number) {
  const per = (width: number | undefined) =>
    whole(width === undefined ? undefined : width / headSize);
  const fused = per(byRole(unit, 'qkv')?.linear?.outWidth);
  const both = per(byRole(unit, 'kv')?.linear?.outWidth);
  const output = per(byRole(unit, 'output')?.linear?.inWidth);
  return {
    fused,
    heads:
      per(byRole(unit, 'query')?.linear?.outWidth) ??
      output ??
      (fused === undefined ? undefined : whole(fused / 3)),
    kvHeads:
      per(byRole(unit, 'key', 'value')?.linear?.outWidth) ??
      whole(both === undefined ? undefined : both / 2),
  };
}

function feedForwardSize(unit: Unit): number | undefined {
  if (unit.kind !== 'feedForward') return undefined;
  return byRole(unit, 'down')?.linear?.inWidth ?? byRole(unit, 'up')?.linear?.outWidth;
}

/** The width of the stream that attentions and feed-forwards read from and add to; of a recurrent model its state's. */
function hiddenSize(bench: Bench, attentions: readonly Unit[]): number | undefined {
  const fromAttention = first(attentions, streamWidth);
  if (fromAttention !== undefined) return fromAttention;
  const down = first(bench.units, (unit) =>
    unit.kind === 'feedForward' ? byRole(unit, 'down')?.linear?.outWidth : undefined,
  );
  return down ?? first(bench.units, stateSize) ?? first(bench.units, denseWidth);
}

function streamWidth(unit: Unit): number | undefined {
  const output = byRole(unit, 'output')?.linear?.outWidth;
  if (output !== undefined) return output;
  const core = [...unit.drafts].find((draft) => draft.kind === 'attention');
  const own =
    core && core.main.operator.uses?.[1] === 'weight'
      ? storedTensor(core.main.inputs[1])?.shape[0]
      : undefined;
  return own ?? byRole(unit, 'query', 'qkv')?.linear?.inWidth ?? undefined;
}

function stateSize(unit: Unit): number | undefined {
  const [draft] = unit.drafts;
  return unit.kind === 'recurrent' && draft
    ? intAttribute(draft.main.entry.node, 'hidden_size')
    : undefined;
}

const denseWidth = (unit: Unit): number | undefined =>
  unit.kind === 'dense'
    ? [...unit.drafts].find((draft) => draft.linear)?.linear?.outWidth
    : undefined;

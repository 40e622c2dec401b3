import type { Edit } from '../../onnx/edit';
import { consumersOf, type NodeEntry } from '../../onnx/graph';
import type { Shapes } from '../../onnx/shapes/shapes';
import type { ParamsOf } from '../../protocol/params';
import { observable } from '../../runtime/observe';
import { defineAction, doesNotFit, fits, type Workbench } from '../action';
import { params as weightOnlyParams } from '../weightOnly/params';
import { findScales, type Scales } from './awqSearch';
import { storedFloats } from './constants';
import { divisionsOf, type Division } from './divide';
import { type Group, groupsOf, plainLinear } from './linearGroups';
import { Rescaling } from './rescale';
import { mulEdits } from './smoothQuant';
import { certainShapes, isOp, unchanged } from './whole';

const { bits, block, symmetric, grid } = weightOnlyParams;
const params = {
  ...{ bits, block, symmetric, grid },
  multiply: {
    kind: 'boolean',
    title: 'Also by a multiplication',
    help: 'Where no layer before can take the division: one more operator at run time for each input.',
    default: false,
  },
} as const;

/**
 * AWQ (Lin et al. 2023, https://arxiv.org/abs/2306.00978): channel j of an input is divided by s_j = mean|X_j|^r and the weights that read
 * it are multiplied by it, so that the channels that matter are rounded less; r is what leaves the linears' outputs closest to the
 * original's when their weights are rounded in blocks. What makes the input takes the division: a norm, or the linear before.
 * MiniLM-SST2 in 4 bits, blocks of 32, KL in thousandths: to the nearest 5.3, with it 5.0, and 4.4 where multiplications are allowed;
 * with GPTQ 3.1, 3.3 and 3.8: what errors are made up for by does not gain from it, so that no scheme has this step.
 */
export const awq = defineAction<typeof params, ReadonlyMap<string, Scales>>({
  title: 'AWQ scaling',
  about:
    'Scales up the weights that large inputs meet before few-bit quantization to the nearest; the answers stay equal, and with GPTQ nothing was gained.',
  group: 'prepare',
  speed: 'same',
  data: 'needed',
  params,
  appliesTo(layer, { multiply }) {
    const linear = plainLinear(layer);
    if (!linear) return doesNotFit('It is no linear layer with a stored float32 weight.');
    const { scope } = layer.main;
    if (scope.parent)
      return doesNotFit('Its input lies inside a body, where it cannot be watched.');
    if (consumersOf(scope, linear.node.inputs[1] ?? '').length > 1)
      return doesNotFit('Others read its weight too.');
    return multiply || mayBeDivided(layer.main, linear.k)
      ? fits
      : doesNotFit('No norm or linear before it can take the division alone.');
  },
  estimate: unchanged,
  async collect(bench, layers, options) {
    const groups = dividable(bench, layers, options).map(({ group }) => group);
    const { calibration } = bench;
    return calibration && groups.length > 0
      ? findScales(bench, calibration, groups, options)
      : new Map();
  },
  edits(bench, layers, options, scales) {
    const rescaling = new Rescaling(bench);
    const multiplications = dividable(bench, layers, options).flatMap((each) => {
      const factors = scales?.get(each.group.input)?.factors;
      return factors ? rescaled(bench, rescaling, each, factors) : [];
    });
    return [...multiplications, ...rescaling.edits()];
  },
});

/** A first look, without shapes, at whether the linears that read a layer's input could all have it divided. */
function mayBeDivided({ scope, node }: NodeEntry, k: number): boolean {
  const [input = ''] = node.inputs;
  const readers = consumersOf(scope, input);
  const areLinears = readers.every(
    (reader) =>
      isOp(reader, 'MatMul', 'Gemm') &&
      storedFloats(scope, reader.node.inputs[1] ?? '') !== undefined,
  );
  return areLinears && divisionsOf(scope, input, new Set(readers), k) !== undefined;
}

interface Dividable {
  readonly group: Group;
  /** Undefined where a Mul divides. */
  readonly divisions: readonly Division[] | undefined;
}

function dividable(
  bench: Workbench,
  layers: Parameters<typeof groupsOf>[0],
  { multiply }: ParamsOf<typeof params>,
): Dividable[] {
  const { index } = bench.structure;
  const shapes = certainShapes(bench);
  return groupsOf(layers).flatMap((group) => {
    if (!observable(index, group.input)) return [];
    const divisions = divisionsInto(group, shapes);
    return divisions || multiply ? [{ group, divisions }] : [];
  });
}

function divisionsInto({ input, members }: Group, shapes: Shapes): readonly Division[] | undefined {
  const [first] = members;
  if (!first) return undefined;
  const readers = new Set(members.map(({ layer }) => layer.main));
  return divisionsOf(first.layer.main.scope, input, readers, first.linear.k, shapes);
}

function rescaled(
  bench: Workbench,
  rescaling: Rescaling,
  { group, divisions }: Dividable,
  factors: Float32Array,
): readonly Edit[] {
  const divided = divisions ? undefined : mulEdits(bench, group, factors);
  for (const division of divisions ?? []) rescaling.divide(division, factors);
  for (const { layer } of group.members)
    rescaling.multiply(layer.main, factors, divided?.name ?? group.input);
  return divided?.edits ?? [];
}

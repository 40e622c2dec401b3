import { intAttribute, intsAttribute } from '../../attributes';
import type { Dim } from '../../model';
import { axisOf, commonShape, mergeDims } from '../dims';
import { fact, factOf, scalarOf, type Fact, type NodeView, type Rule } from '../fact';

/** Operators with bodies: both branches of If, the loops of Loop and Scan. */

/** What holds whichever of two values it is. */
function common(a: Fact | undefined, b: Fact | undefined): Fact | undefined {
  if (!a || a.dtype !== b?.dtype) return undefined;
  return fact(a.dtype, commonShape(a.shape, b.shape));
}

const either: Rule = (view) => {
  const yes = view.body('then_branch', []);
  const no = view.body('else_branch', []);
  if (!yes || !no) return [];
  const condition = scalarOf(view, 0);
  if (typeof condition === 'number') return (condition ? yes : no).outputs;
  // A branch that cannot run at these sizes is not the one taken.
  if (yes.fits !== no.fits) return (yes.fits ? yes : no).outputs;
  return view.node.outputs.map((_, i) => common(yes.outputs[i], no.outputs[i]));
};

/** Bodies deeper than this are taken with nothing assumed, so that nested loops do not multiply the work. */
const deepest = 3;

/**
 * Types that hold in every iteration: the body is inferred with what the states start as; a dimension that comes out otherwise is
 * not assumed again, until nothing changes.
 */
function settled(
  view: NodeView,
  states: readonly (Fact | undefined)[],
  run: (states: readonly (Fact | undefined)[]) => readonly (Fact | undefined)[],
): readonly (Fact | undefined)[] {
  let assumed = states.map((state) => state && fact(state.dtype, state.shape));
  if (view.depth < deepest) {
    for (let round = 0; round < 2; round++) {
      const results = run(assumed);
      const next = assumed.map((state, i) => common(state, results[i]));
      if (next.every((state, i) => sameType(state, assumed[i]))) return results;
      assumed = next;
    }
  }
  return run(assumed.map((state) => state && fact(state.dtype, undefined)));
}

function sameType(a: Fact | undefined, b: Fact | undefined): boolean {
  if (!a || !b) return a === b;
  if (!a.shape || !b.shape) return a.shape === b.shape && a.dtype === b.dtype;
  return (
    a.dtype === b.dtype &&
    a.shape.length === b.shape.length &&
    a.shape.every((dim, i) => dim === b.shape?.[i])
  );
}

/** A body only runs while its condition holds. */
const going = factOf('bool', [], [1]);

/** Loop(M, condition, states…): the body takes the iteration, the condition and the states. */
const loop: Rule = (view) => {
  const states = view.inputs.slice(2);
  const run = (assumed: readonly (Fact | undefined)[]) =>
    view.body('body', [fact('int64', []), going, ...assumed])?.outputs.slice(1) ?? [];
  const results = settled(view, states, run);
  // A loop that may run zero times gives back what it was given.
  const last = states.map((state, i) => common(state, results[i]));
  const collected = results
    .slice(states.length)
    .map((each) => each && fact(each.dtype, each.shape && [null, ...each.shape]));
  return [...last, ...collected];
};

/** Scan over the first dimension of its last inputs, or another that an attribute names. */
const scan: Rule = (view) => {
  const old = view.opset < 9;
  const inputs = old ? view.inputs.slice(1) : view.inputs;
  const scanned = intAttribute(view.node, 'num_scan_inputs', 0);
  const states = inputs.slice(0, inputs.length - scanned);
  const sequences = inputs.slice(inputs.length - scanned);
  const axes = intsAttribute(view.node, 'scan_input_axes') ?? [];
  const at = (shape: readonly Dim[], i: number) => (old ? 1 : axisOf(axes[i] ?? 0, shape.length));
  const slices = sequences.map((sequence, i) => {
    const axis = sequence?.shape && at(sequence.shape, i);
    const left = sequence?.shape?.filter((_, dim) => dim !== axis);
    return fact(sequence?.dtype, old ? left?.slice(1) : left);
  });
  const length = sequences.reduce<Dim>((known, sequence, i) => {
    const axis = sequence?.shape && at(sequence.shape, i);
    return axis === undefined ? known : mergeDims(known, sequence?.shape?.[axis] ?? null);
  }, null);
  const begin = old
    ? states.map((state) => state && fact(state.dtype, state.shape?.slice(1)))
    : states;
  const results = settled(
    view,
    begin,
    (assumed) => view.body('body', [...assumed, ...slices])?.outputs ?? [],
  );
  if (old) return oldScanOutputs(view, states, results, length);
  const outputAxes = intsAttribute(view.node, 'scan_output_axes') ?? [];
  return results.map((result, i) => {
    if (i < states.length) return common(states[i], result);
    const rank = (result?.shape?.length ?? 0) + 1;
    const axis = axisOf(outputAxes[i - states.length] ?? 0, rank);
    return (
      result &&
      fact(result.dtype, axis === undefined ? undefined : result.shape?.toSpliced(axis, 0, length))
    );
  });
};

/** Opset 8 runs a batch of sequences: every value has a batch dimension that the body does not see. */
function oldScanOutputs(
  view: NodeView,
  states: readonly (Fact | undefined)[],
  results: readonly (Fact | undefined)[],
  length: Dim,
): readonly (Fact | undefined)[] {
  const batch = view.inputs
    .slice(1)
    .reduce<Dim>((known, input) => mergeDims(known, input?.shape?.[0] ?? null), null);
  return results.map((result, i) => {
    const before = i < states.length ? [batch] : [batch, length];
    return result && fact(result.dtype, result.shape && [...before, ...result.shape]);
  });
}

const untold = [
  'ConcatFromSequence',
  'Optional',
  'OptionalGetElement',
  'SequenceAt',
  'SequenceConstruct',
  'SequenceEmpty',
  'SequenceErase',
  'SequenceInsert',
  'SplitToSequence',
  'ai.onnx.ml.CastMap',
  'ai.onnx.ml.DictVectorizer',
  'ai.onnx.ml.ZipMap',
];

/** The rules of operators with bodies, and of those that hold any number of tensors. */
export const controlRules = {
  If: either,
  Loop: loop,
  Scan: scan,
  /** Its body runs for each tensor of a sequence. */
  SequenceMap: (view) => {
    view.body('body', []);
    return [];
  },
  // Sequences, options and maps hold any number of tensors: nothing is said of them, nor of what is taken out.
  ...Object.fromEntries(untold.map((name) => [name, () => []])),
} satisfies Record<string, Rule>;

import { throwIfAborted } from '../../base/cancel';
import { partOf, type Progress } from '../../base/progress';
import { type InverseFactor, inverseFactor } from '../../kernels/gptq';
import type { Calibration } from '../../runtime/calibration';
import { gatherHessians, type Hessian, hessianBytes } from '../../runtime/hessians';
import { observable } from '../../runtime/observe';
import type { Layer } from '../../structure/structure';
import type { Workbench } from '../action';
import { outputErrors } from './errors';
import { affordable, type Budget, budgetOf, keptMatrices, widened } from './keep';
import { type Matrix, matricesOf } from './matrices';
import { type Packed, packingError, packMatrix, packOptions } from './pack';
import type { Params } from './params';

/** What the data says about the matrices, by their ids. */
export interface Findings {
  /** Those that are kept more exact. */
  readonly kept: ReadonlySet<string>;
  /** Those that were rounded with a look at their inputs, in the width that they are stored in. */
  readonly packed: ReadonlyMap<string, Packed>;
}

/** Hessians that are kept at a time; the data is run once for so many. */
const hessianMemory = 256 * 2 ** 20;
/** Of the progress: rounding, of which running the data is a part; the rest is for trying what hurts. */
const roundShare = 0.6;
const runShare = 0.3;

/** Runs the data to see what goes into the layers, rounds their weights accordingly, and tries which of them hurt most. */
export async function solve(
  bench: Workbench,
  layers: readonly Layer[],
  params: Params,
): Promise<Findings> {
  const { calibration, progress } = bench;
  const matrices = matricesOf(layers, params);
  const budget = budgetOf(matrices, params);
  const narrow = new Map<string, Packed>();
  const wide = new Map<string, Packed>();
  if (!calibration) return { kept: keptMatrices(matrices, budget), packed: narrow };
  if (params.rounding === 'gptq') {
    const rounding = partOf(progress, 0, roundShare);
    const task = { matrices, params, budget, narrow, wide };
    await roundAll({ ...bench, progress: rounding }, calibration, task);
  }
  const doubtful = matrices.filter((matrix) => affordable(matrix, budget));
  if (doubtful.length === 0) return { kept: new Set(), packed: narrow };
  const difference = (matrix: Matrix) =>
    packingError(matrix, bench.open, narrow.get(matrix.id) ?? nearest(bench, matrix, params));
  const trying = partOf(progress, roundShare, 1);
  const errors = await outputErrors(bench, calibration, doubtful, difference, trying);
  const kept = keptMatrices(matrices, budget, errors);
  return { kept, packed: chosen(narrow, wide, kept) };
}

function chosen(
  narrow: ReadonlyMap<string, Packed>,
  wide: ReadonlyMap<string, Packed>,
  kept: ReadonlySet<string>,
): ReadonlyMap<string, Packed> {
  const usual = [...narrow].filter(([id]) => !kept.has(id));
  return new Map([...usual, ...[...wide].filter(([id]) => kept.has(id))]);
}

function nearest({ open }: Workbench, matrix: Matrix, params: Params): Packed {
  return packMatrix(matrix, packOptions(matrix, params, open));
}

interface Rounding {
  readonly matrices: readonly Matrix[];
  readonly params: Params;
  readonly budget: Budget;
  /** What is rounded goes there, in both widths where it may be kept in the wider one. */
  readonly narrow: Map<string, Packed>;
  readonly wide: Map<string, Packed>;
}

async function roundAll(
  bench: Workbench,
  calibration: Calibration,
  { matrices, params, budget, narrow, wide }: Rounding,
): Promise<void> {
  const seen = matrices.flatMap((matrix) => {
    const inputs = inputsOf(bench, matrix);
    return inputs.length > 0 ? [{ matrix, inputs }] : [];
  });
  const groups = inGroups(seen);
  for (const [i, group] of groups.entries()) {
    const progress = partOf(bench.progress, i / groups.length, (i + 1) / groups.length);
    await roundGroup(bench, calibration, group, progress, (matrix, factors) => {
      const pack = (each: Matrix) =>
        packMatrix(each, { ...packOptions(each, params, bench.open), factors });
      narrow.set(matrix.id, pack(matrix));
      const wider = widened(matrix);
      // Eight bits are exact enough without.
      if (affordable(matrix, budget) && wider.options.bits < 8) wide.set(matrix.id, pack(wider));
    });
  }
}

interface Seen {
  readonly matrix: Matrix;
  /** Values that its products read. */
  readonly inputs: readonly string[];
}

/** Inputs that can be watched; none are where a body of If or Loop holds the layer. */
function inputsOf({ structure: { index } }: Workbench, { products }: Matrix): string[] {
  const names = products.flatMap(({ layer, linear }) => {
    const [input = ''] = linear.node.inputs;
    return layer.main.scope === index.main && observable(index, input) ? [input] : [];
  });
  return [...new Set(names)];
}

/** Groups whose Hessians fit into memory together. */
function inGroups(seen: readonly Seen[]): Seen[][] {
  const groups: { items: Seen[]; inputs: Set<string>; bytes: number }[] = [];
  for (const item of seen) {
    let group = groups.at(-1);
    const added = item.inputs.filter((name) => !group?.inputs.has(name)).length;
    const bytes = added * hessianBytes(item.matrix.k);
    if (!group || group.bytes + bytes > hessianMemory) {
      group = { items: [], inputs: new Set(), bytes: 0 };
      groups.push(group);
    }
    group.items.push(item);
    for (const name of item.inputs) group.inputs.add(name);
    group.bytes += bytes;
  }
  return groups.map((group) => group.items);
}

async function roundGroup(
  { structure, signal }: Workbench,
  calibration: Calibration,
  group: readonly Seen[],
  progress: Progress,
  round: (matrix: Matrix, factors: readonly InverseFactor[]) => void,
): Promise<void> {
  const widths = new Map(
    group.flatMap(({ matrix, inputs }) => inputs.map((name) => [name, matrix.k])),
  );
  const running = partOf(progress, 0, runShare);
  const options = { signal, progress: running };
  const hessians = await gatherHessians(structure.index, calibration, widths, options);
  let last: { key: string; factors: readonly InverseFactor[] } | undefined;
  for (const [i, { matrix, inputs }] of group.entries()) {
    throwIfAborted(signal);
    const found = inputs.map((name) => hessians.get(name)).filter((each) => each !== undefined);
    if (found.length === 0) continue;
    // Layers that share an input stand side by side.
    const key = inputs.join(' ');
    if (last?.key !== key) last = { key, factors: factorsOf(found, matrix) };
    round(matrix, last.factors);
    progress(runShare + ((1 - runShare) * (i + 1)) / group.length, matrix.id);
  }
}

/** Damping of weights that are looked up too: a row is used as it is there, so its own error counts as much as the head's. */
const tableDamping = 1;

function factorsOf(hessians: readonly Hessian[], matrix: Matrix): InverseFactor[] {
  const [first = [], ...others] = hessians;
  return first.map(({ from, width, sums }, at) => {
    const total = others.length > 0 ? sums.slice() : sums;
    for (const other of others) {
      other[at]?.sums.forEach((sum, i) => (total[i] = (total[i] ?? 0) + sum));
    }
    return inverseFactor(total, width, from, matrix.tables.length > 0 ? tableDamping : undefined);
  });
}

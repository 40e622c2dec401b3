import { partOf, type Progress } from '../../base/progress';
import { type InverseFactor, inverseFactor } from '../../kernels/gptq';
import type { Calibration } from '../../runtime/calibration';
import { gatherHessians, type Hessian, hessianBytes } from '../../runtime/hessians';
import { observable } from '../../runtime/observe';
import type { Layer } from '../../structure/structure';
import type { Workbench } from '../action';
import type { Matrix } from './matrices';
import { matricesOf } from './matrices';
import { packMatrix, type Packed } from './pack';
import { grids, type Params } from './params';

/** Matrices that were quantized with a look at their inputs, by their ids. */
export type Solved = ReadonlyMap<string, Packed>;

/** Hessians that are kept at a time; the data is run once for so many. */
const hessianMemory = 256 * 2 ** 20;
/** Of the progress, for running the data; the rest is for rounding. */
const runShare = 0.3;

/** Runs the data to see what goes into the layers, and rounds their weights accordingly. Layers whose inputs cannot be seen are left out. */
export async function solve(
  bench: Workbench,
  layers: readonly Layer[],
  params: Params,
): Promise<Solved> {
  const solved = new Map<string, Packed>();
  const { calibration } = bench;
  if (!calibration || params.rounding !== 'gptq') return solved;
  const seen = matricesOf(layers, params).flatMap((matrix) => {
    const inputs = inputsOf(bench, matrix);
    return inputs.length > 0 ? [{ matrix, inputs }] : [];
  });
  const groups = inGroups(seen);
  for (const [i, group] of groups.entries()) {
    const progress = partOf(bench.progress, i / groups.length, (i + 1) / groups.length);
    await solveGroup(bench, calibration, group, params, progress, solved);
  }
  return solved;
}

interface Seen {
  readonly matrix: Matrix;
  /** Values that its products read. */
  readonly inputs: readonly string[];
}

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
    const bytes = item.inputs
      .filter((name) => !group?.inputs.has(name))
      .reduce((sum) => sum + hessianBytes(item.matrix.k), 0);
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

async function solveGroup(
  { structure, open, signal }: Workbench,
  calibration: Calibration,
  group: readonly Seen[],
  params: Params,
  progress: Progress,
  solved: Map<string, Packed>,
): Promise<void> {
  const widths = new Map(
    group.flatMap(({ matrix, inputs }) => inputs.map((name) => [name, matrix.k])),
  );
  const hessians = await gatherHessians(structure.index, calibration, widths, {
    signal,
    progress: partOf(progress, 0, runShare),
  });
  let last: { key: string; factors: readonly InverseFactor[] } | undefined;
  for (const [i, { matrix, inputs }] of group.entries()) {
    const key = inputs.join(' ');
    const found = inputs.map((name) => hessians.get(name)).filter((each) => each !== undefined);
    if (found.length === 0) continue;
    // Layers that share an input stand side by side.
    if (last?.key !== key) last = { key, factors: factorsOf(found, matrix) };
    const grid = grids[params.grid](matrix.options);
    solved.set(matrix.id, packMatrix(matrix, open, grid, last.factors));
    progress(runShare + ((1 - runShare) * (i + 1)) / group.length, matrix.id);
  }
}

function factorsOf(hessians: readonly Hessian[], matrix: Matrix): InverseFactor[] {
  const [first, ...others] = hessians;
  return (first ?? []).map(({ from, width, sums }, at) => {
    const total = others.length > 0 ? sums.slice() : sums;
    for (const other of others)
      other[at]?.sums.forEach((sum, i) => (total[i] = (total[i] ?? 0) + sum));
    // A looked-up row is used as it is, whatever the head reads: its own error counts too.
    return inverseFactor(total, width, from, matrix.tables.length > 0 ? 1 : undefined);
  });
}

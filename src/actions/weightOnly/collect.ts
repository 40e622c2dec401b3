import { throwIfAborted } from '../../base/cancel';
import { partOf } from '../../base/progress';
import { type InverseFactor, inverseFactor } from '../../kernels/gptq';
import type { Calibration } from '../../runtime/calibration';
import { gatherHessians, type Hessian, hessianBytes } from '../../runtime/hessians';
import { observable, type ObserveOptions } from '../../runtime/observe';
import type { GraphIndex } from '../../onnx/graph';
import type { Layer } from '../../structure/structure';
import type { Workbench } from '../action';
import type { Keeper } from '../keeper';
import { preparedOf } from '../prepared';
import { outputErrors } from './errors';
import { affordable, type Budget, budgetOf, keptMatrices, widened } from './keep';
import { type Matrix, matricesOf } from './matrices';
import { type Packed, packingError, packKey, packMatrix, packOptions } from './pack';
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
  const { index, holds, keeper } = preparedOf(bench);
  const jobs = matrices.flatMap((matrix): Job[] => {
    const inputs = inputsOf(bench, matrix);
    if (inputs.length === 0) return [];
    const isHeld = layersOf(matrix).every(({ main, weights }) => holds(main.node, weights));
    const on = { inputs, index: isHeld ? index : bench.structure.index };
    const widths = [{ matrix, to: narrow }];
    const wider = widened(matrix);
    // Eight bits are exact enough without.
    const isWide = affordable(matrix, budget) && wider.options.bits < 8;
    if (isWide) widths.push({ matrix: wider, to: wide });
    return widths.map((each) => ({ ...each, ...on, keeper: isHeld ? keeper : undefined }));
  });
  const keyOf = ({ matrix, inputs }: Job) => `${packKey(matrix, params)} ${inputs.join(' ')}`;
  const missing = jobs.filter((job) => {
    const known = job.keeper?.get('packed', keyOf(job));
    if (known) job.to.set(job.matrix.id, known);
    return !known;
  });
  const round = (job: Job, factors: readonly InverseFactor[]) => {
    const { matrix, keeper } = job;
    const packed = packMatrix(matrix, { ...packOptions(matrix, params, bench.open), factors });
    job.to.set(matrix.id, packed);
    keeper?.add('packed', keyOf(job), packed);
  };
  const groups = inGroups(missing);
  for (const [i, group] of groups.entries()) {
    const progress = partOf(bench.progress, i / groups.length, (i + 1) / groups.length);
    await roundGroup({ ...bench, progress }, calibration, group, round);
  }
}

/** A matrix to round with a look at what goes into it. */
interface Job {
  readonly matrix: Matrix;
  readonly to: Map<string, Packed>;
  /** Values that its products read. */
  readonly inputs: readonly string[];
  /** The model that they are watched on. */
  readonly index: GraphIndex;
  readonly keeper: Keeper | undefined;
}

const layersOf = ({ products, tables }: Matrix) =>
  [...products, ...tables].map(({ layer }) => layer);

/** Inputs that can be watched; none are where a body of If or Loop holds the layer. */
function inputsOf({ structure: { index } }: Workbench, { products }: Matrix): string[] {
  const names = products.flatMap(({ layer, linear }) => {
    const [input = ''] = linear.node.inputs;
    return layer.main.scope === index.main && observable(index, input) ? [input] : [];
  });
  return [...new Set(names)];
}

/** Groups whose Hessians fit into memory together, all watched on one model. */
function inGroups(jobs: readonly Job[]): Job[][] {
  const groups: { items: Job[]; inputs: Set<string>; bytes: number }[] = [];
  for (const job of jobs) {
    let group = groups.at(-1);
    const isKnown = job.keeper?.get('factors', factorsKey(job)) !== undefined;
    const added = isKnown ? 0 : job.inputs.filter((name) => !group?.inputs.has(name)).length;
    const bytes = added * hessianBytes(job.matrix.k);
    const isOther = group?.items[0]?.index !== job.index;
    if (!group || isOther || group.bytes + bytes > hessianMemory) {
      group = { items: [], inputs: new Set(), bytes: 0 };
      groups.push(group);
    }
    group.items.push(job);
    for (const name of job.inputs) group.inputs.add(name);
    group.bytes += bytes;
  }
  return groups.map((group) => group.items);
}

async function roundGroup(
  { signal, progress }: Workbench,
  calibration: Calibration,
  group: readonly Job[],
  round: (job: Job, factors: readonly InverseFactor[]) => void,
): Promise<void> {
  const hessians = await hessiansOf(group, calibration, {
    signal,
    progress: partOf(progress, 0, runShare),
  });
  let last: { key: string; factors: readonly InverseFactor[] } | undefined;
  for (const [i, job] of group.entries()) {
    throwIfAborted(signal);
    // Layers that share an input stand side by side.
    const key = factorsKey(job);
    if (last?.key !== key) last = { key, factors: factorsFor(job, hessians) };
    if (last.factors.length > 0) round(job, last.factors);
    progress(runShare + ((1 - runShare) * (i + 1)) / group.length, job.matrix.id);
  }
}

/** Hessians of all inputs whose factors are not known. */
async function hessiansOf(
  group: readonly Job[],
  calibration: Calibration,
  options: ObserveOptions,
): Promise<ReadonlyMap<string, Hessian>> {
  const unknown = group.filter((job) => !job.keeper?.get('factors', factorsKey(job)));
  const widths = new Map(
    unknown.flatMap(({ matrix, inputs }) => inputs.map((name) => [name, matrix.k])),
  );
  const [first] = unknown;
  return first ? gatherHessians(first.index, calibration, widths, options) : new Map();
}

const factorsKey = ({ matrix, inputs }: Job) =>
  [...inputs, matrix.tables.length > 0 ? 'damped' : ''].join(' ');

/** None where the inputs turn out to be other than rows of floats. */
function factorsFor(job: Job, hessians: ReadonlyMap<string, Hessian>): readonly InverseFactor[] {
  const { matrix, inputs, keeper } = job;
  const known = keeper?.get('factors', factorsKey(job));
  if (known) return known;
  const found = inputs.map((name) => hessians.get(name)).filter((each) => each !== undefined);
  const factors = factorsOf(found, matrix);
  keeper?.add('factors', factorsKey(job), factors);
  return factors;
}

/** Damping of weights that are looked up too: a row is used as it is there, so its own error counts as much as the head's. */
const tableDamping = 1;

/** None where inputs overflow: there is nothing to be learnt from them, and weights are rounded to the nearest. */
function factorsOf(hessians: readonly Hessian[], matrix: Matrix): InverseFactor[] {
  const [first = [], ...others] = hessians;
  const factors = first.map(({ from, width, sums }, at) => {
    const total = others.length > 0 ? sums.slice() : sums;
    for (const other of others) {
      other[at]?.sums.forEach((sum, i) => (total[i] = (total[i] ?? 0) + sum));
    }
    return inverseFactor(total, width, from, matrix.tables.length > 0 ? tableDamping : undefined);
  });
  const known = factors.filter((factor) => factor !== undefined);
  return known.length === factors.length ? known : [];
}

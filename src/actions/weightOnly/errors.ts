import { throwIfAborted } from '../../base/cancel';
import type { Progress } from '../../base/progress';
import { makeNode } from '../../onnx/builder';
import { applyEdits, type Edit } from '../../onnx/edit';
import type { Model, ValueInfo } from '../../onnx/model';
import { type Calibration, type CalibrationBatch, realRows } from '../../runtime/calibration';
import type { Feeds, RunTensor, Session } from '../../runtime/runner';
import { transpose } from '../../tensor/linalg';
import type { Workbench } from '../action';
import type { Matrix } from './matrices';

/** A ranking settles on few samples, and every matrix runs the model once for each. */
const batchesUsed = 2;

/** A matrix whose readers can be disturbed; '' where nobody reads it in that way. */
interface Site {
  readonly matrix: Matrix;
  /** Inputs of the model that the error is given by: to products as [K, N], to look-ups as [N, K]. */
  readonly toProducts: string;
  readonly toTables: string;
}

/** A batch, and what the model makes of it when nothing is disturbed. */
interface Reference {
  readonly batch: CalibrationBatch;
  readonly outputs: Feeds;
}

/**
 * What each matrix's rounding error alone does to the model's outputs: Σ|Δ|² / Σ|y|², by id, over some of the data. One session serves
 * all: beside every product x·W stands x·D, with D an input of the model, a column of zeros where the weight is left as it is.
 * `difference` is D = Ŵ − W of a matrix, as channels [N, K]. Matrices that bodies of If and Loop read are left out.
 */
export async function outputErrors(
  bench: Workbench,
  calibration: Calibration,
  matrices: readonly Matrix[],
  difference: (matrix: Matrix) => Float32Array,
  progress: Progress,
): Promise<ReadonlyMap<string, number>> {
  const { structure, signal } = bench;
  const sites = matrices
    .filter(({ scope }) => scope === structure.index.main)
    .map((matrix) => siteOf(bench, matrix));
  const session = await calibration.load(disturbable(bench, sites), { optimize: 'basic' });
  try {
    const nothing = Object.assign({}, ...sites.map(undisturbed)) as Feeds;
    const references = await referencesOf(session, calibration, nothing);
    const errors = new Map<string, number>();
    for (const [i, site] of sites.entries()) {
      throwIfAborted(signal);
      const feeds = { ...nothing, ...disturbed(site, difference(site.matrix)) };
      errors.set(site.matrix.id, await errorOf(session, references, feeds));
      progress((i + 1) / sites.length, `${i + 1} of ${sites.length} weights tried`);
    }
    return errors;
  } finally {
    await session.release();
  }
}

function siteOf({ names }: Workbench, matrix: Matrix): Site {
  const name = (used: readonly unknown[], what: string) =>
    used.length > 0 ? names.fresh(`${matrix.name}_${what}`) : '';
  return {
    matrix,
    toProducts: name(matrix.products, 'product_error'),
    toTables: name(matrix.tables, 'table_error'),
  };
}

function disturbable({ structure: { index }, names }: Workbench, sites: readonly Site[]): Model {
  const edits = sites.flatMap(({ matrix, toProducts, toTables }) => [
    ...matrix.products.map(({ layer }) => addError(layer.main, toProducts, names.fresh)),
    ...matrix.tables.map(({ layer }) => addError(layer.main, toTables, names.fresh)),
  ]);
  const model = applyEdits(index, edits);
  const added = sites.flatMap(({ toProducts, toTables }) => [toProducts, toTables]);
  const inputs = [...model.graph.inputs, ...added.filter((name) => name !== '').map(matrixInput)];
  return { ...model, graph: { ...model.graph, inputs } };
}

function addError(
  entry: Matrix['products'][number]['layer']['main'],
  input: string,
  fresh: (name: string) => string,
): Edit {
  const { node } = entry;
  const [output = ''] = node.outputs;
  const [first = '', second = ''] = node.inputs;
  const plain = fresh(`${output}_plain`);
  const error = fresh(`${output}_error`);
  const made =
    node.op === 'Gather'
      ? makeNode('Gather', [input, second], [error])
      : makeNode('MatMul', [first, input], [error]);
  const sum = makeNode('Add', [plain, error], [output]);
  return { kind: 'replaceNode', entry, nodes: [{ ...node, outputs: [plain] }, made, sum] };
}

function matrixInput(name: string): ValueInfo {
  const type = { kind: 'tensor', dtype: 'float32', shape: [null, null], denotation: '' } as const;
  return { name, type, docString: '', metadata: [], unknown: new Uint8Array() };
}

/** Zeros of one column, which take next to no time. */
function undisturbed(site: Site): Feeds {
  const { k, n } = site.matrix;
  return given(site, matrixOf(k, 1, new Float32Array(k)), matrixOf(n, 1, new Float32Array(n)));
}

function disturbed(site: Site, channels: Float32Array): Feeds {
  const { k, n } = site.matrix;
  return given(site, matrixOf(k, n, transpose(channels, n, k)), matrixOf(n, k, channels));
}

function given({ toProducts, toTables }: Site, product: RunTensor, table: RunTensor): Feeds {
  return {
    ...(toProducts ? { [toProducts]: product } : {}),
    ...(toTables ? { [toTables]: table } : {}),
  };
}

function matrixOf(rows: number, columns: number, data: Float32Array): RunTensor {
  return { dtype: 'float32', shape: [rows, columns], data };
}

async function referencesOf(
  session: Session,
  { batches }: Calibration,
  nothing: Feeds,
): Promise<Reference[]> {
  const references: Reference[] = [];
  for (const batch of batches()) {
    if (references.length === batchesUsed) break;
    const { outputs } = await session.run({ ...batch.feeds, ...nothing });
    references.push({ batch, outputs });
  }
  return references;
}

async function errorOf(
  session: Session,
  references: readonly Reference[],
  feeds: Feeds,
): Promise<number> {
  const sums = new Map<string, { error: number; signal: number }>();
  for (const { batch, outputs } of references) {
    const run = await session.run({ ...batch.feeds, ...feeds });
    for (const [name, reference] of Object.entries(outputs)) {
      const sum = sums.get(name) ?? { error: 0, signal: 0 };
      sums.set(name, sum);
      addTo(sum, reference, run.outputs[name], batch);
    }
  }
  return [...sums.values()].reduce(
    (total, { error, signal }) => total + (signal > 0 ? error / signal : 0),
    0,
  );
}

function addTo(
  sum: { error: number; signal: number },
  { data, shape }: RunTensor,
  candidate: RunTensor | undefined,
  { mask }: CalibrationBatch,
): void {
  const other = candidate?.data;
  if (!(data instanceof Float32Array) || !(other instanceof Float32Array)) return;
  const real = realRows(shape, mask);
  const width = shape.at(-1) ?? 1;
  for (let i = 0; i < data.length; i++) {
    if (real && !real[Math.floor(i / width)]) continue;
    const value = data[i] ?? 0;
    sum.error += (value - (other[i] ?? 0)) ** 2;
    sum.signal += value * value;
  }
}

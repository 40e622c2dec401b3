import { seededRandom, seedOf } from '../../base/random';
import type { Range } from '../../kernels/calibrate';
import type { InputGrid } from '../../kernels/inputGrid';
import type { GraphIndex } from '../../onnx/graph';
import { observe, type Observed } from '../../runtime/observe';
import type { Workbench } from '../action';
import type { Keeper } from '../keeper';
import { type Prepared, preparedOf } from '../prepared';
import type { Plan, Point } from './chain';
import type { Int8StaticParams } from './params';
import type { Product, Site } from './products';
import { realValues, watchRange, type RangeWatch } from './ranges';
import { RowSample } from './sample';
import { tuneInput } from './tune';

/** How values become codes: ranges by root value, and what an input's channels are multiplied by before. */
export interface Grids {
  readonly ranges: ReadonlyMap<string, Range>;
  readonly factors: ReadonlyMap<string, Float32Array>;
}

/** A value whose grid is to be chosen. */
interface Wanted {
  readonly name: string;
  /** The products that read it, where the grid is the best for what they make; undefined where the value itself decides. */
  readonly products: readonly Product[] | undefined;
  readonly smooth: boolean;
  /** The model that it is watched on. */
  readonly index: GraphIndex;
  /** For what is found of it. */
  readonly keeper: Keeper | undefined;
  readonly key: string;
}

/** Runs the model on the data once, and chooses the grid of every value that the plan keeps in 8 bits. */
export async function findGrids(
  bench: Workbench,
  sites: readonly Site[],
  { points }: Plan,
  params: Int8StaticParams,
): Promise<Grids> {
  const roots = [...points.values()].filter(({ name, root }) => name === root);
  const prepared = preparedOf(bench);
  const wanted = roots.map((point) => wantedOf(bench, sites, point, params, prepared));
  const grids = new Map<string, InputGrid>();
  for (const { name, keeper, key } of wanted) {
    const known = keeper?.get('inputGrid', key);
    if (known) grids.set(name, known);
  }
  const missing = wanted.filter(({ name }) => !grids.has(name));
  for (const index of new Set(missing.map((each) => each.index))) {
    const own = missing.filter((each) => each.index === index);
    const seen = await watch(bench, index, own, params);
    for (const each of own) {
      const grid = seen(each);
      grids.set(each.name, grid);
      each.keeper?.add('inputGrid', each.key, grid);
    }
  }
  const all = [...grids];
  return {
    ranges: new Map(all.map(([name, { range }]) => [name, range])),
    factors: new Map(all.flatMap(([name, { factors }]) => (factors ? [[name, factors]] : []))),
  };
}

function wantedOf(
  { structure }: Workbench,
  sites: readonly Site[],
  { name, writer }: Point,
  { range, percentile, smooth: mayDivide }: Int8StaticParams,
  prepared: Prepared,
): Wanted {
  const isTuned = range === 'results' && !writer;
  const products = isTuned ? productsOf(sites, name) : undefined;
  const smooth = mayDivide && !products?.some((product) => isShared(sites, product));
  const isHeld =
    prepared.holdsValue(name) &&
    (products ?? []).every(({ entry, linear }) => prepared.holds(entry.node, [linear.weight]));
  const readers = products?.map(({ entry }) => entry.id);
  return {
    ...{ name, products, smooth },
    index: isHeld ? prepared.index : structure.index,
    keeper: isHeld ? prepared.keeper : undefined,
    key: JSON.stringify(readers ? [name, readers, smooth] : [name, range, percentile]),
  };
}

/** Values inside chains have no one product whose error could be weighed. */
function watchFor({ range, percentile }: Int8StaticParams): RangeWatch {
  return watchRange({ method: range === 'results' ? 'minMax' : range, percentile });
}

/** The products that read a value; undefined where a convolution reads it too. */
function productsOf(sites: readonly Site[], name: string): readonly Product[] | undefined {
  const readers = sites.filter(({ input }) => input === name);
  const products = readers.flatMap((site) => (site.kind === 'product' ? [site] : []));
  return products.length === readers.length ? products : undefined;
}

/** Whether another input meets the same weight: divided for one of them it would have to be stored twice. */
function isShared(sites: readonly Site[], { input, linear }: Product): boolean {
  return sites.some(
    (site) =>
      site.kind === 'product' &&
      site.input !== input &&
      site.linear.weight.name === linear.weight.name,
  );
}

/** Runs the model on the data, and chooses each value's grid when it is asked. */
async function watch(
  bench: Workbench,
  index: GraphIndex,
  wanted: readonly Wanted[],
  params: Int8StaticParams,
): Promise<(value: Wanted) => InputGrid> {
  const { calibration, signal, progress } = bench;
  const samples = new Map<string, RowSample>();
  const watches = new Map<string, RangeWatch>();
  for (const { name, products } of wanted) {
    if (products) samples.set(name, new RowSample(seededRandom(seedOf(name))));
    else watches.set(name, watchFor(params));
  }
  const see = (values: ReadonlyMap<string, Observed>) => {
    for (const [name, observed] of values) {
      const seen = realValues(observed);
      watches.get(name)?.add(seen);
      samples.get(name)?.add(seen, observed.tensor.shape.at(-1) ?? 1);
    }
  };
  const names = wanted.map(({ name }) => name);
  if (calibration) await observe(index, calibration, names, see, { signal, progress });
  return ({ name, products = [], smooth }) => {
    const sample = samples.get(name);
    if (sample) return tuneInput(bench, sample, products, smooth);
    return { range: watches.get(name)?.range() ?? { low: 0, high: 0 }, factors: undefined };
  };
}

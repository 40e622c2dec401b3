import { seededRandom } from '../../base/random';
import type { Range } from '../../kernels/calibrate';
import { observe, type Observed } from '../../runtime/observe';
import type { Workbench } from '../action';
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

/** Runs the model on the data once, and chooses the grid of every value that the plan keeps in 8 bits. */
export async function findGrids(
  bench: Workbench,
  sites: readonly Site[],
  { points }: Plan,
  params: Int8StaticParams,
): Promise<Grids> {
  const roots = [...points.values()].filter(({ name, root }) => name === root);
  const isTuned = ({ name, writer }: Point) =>
    params.range === 'results' && !writer && readersOf(sites, name) !== undefined;
  const samples = new Map(
    roots.filter(isTuned).map(({ name }, i) => [name, new RowSample(seededRandom(i))]),
  );
  const watches = new Map(
    roots.filter((point) => !isTuned(point)).map(({ name }) => [name, watchFor(params)]),
  );
  await watch(bench, samples, watches);
  const ranges = new Map([...watches].map(([name, seen]) => [name, seen.range()]));
  const factors = new Map<string, Float32Array>();
  for (const [name, sample] of samples) {
    const products = readersOf(sites, name) ?? [];
    const smooth = params.smooth && !products.some((product) => isShared(sites, product));
    const grid = tuneInput(bench, sample, products, smooth);
    ranges.set(name, grid.range);
    if (grid.factors) factors.set(name, grid.factors);
  }
  return { ranges, factors };
}

/** Values inside chains have no one product whose error could be weighed. */
function watchFor({ range, percentile }: Int8StaticParams): RangeWatch {
  return watchRange({ method: range === 'results' ? 'minMax' : range, percentile });
}

/** The products that read a value; undefined where a convolution reads it too. */
function readersOf(sites: readonly Site[], name: string): readonly Product[] | undefined {
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

async function watch(
  { structure, calibration, signal, progress }: Workbench,
  samples: ReadonlyMap<string, RowSample>,
  watches: ReadonlyMap<string, RangeWatch>,
): Promise<void> {
  const see = (values: ReadonlyMap<string, Observed>) => {
    for (const [name, observed] of values) {
      const seen = realValues(observed);
      watches.get(name)?.add(seen);
      samples.get(name)?.add(seen, observed.tensor.shape.at(-1) ?? 1);
    }
  };
  const names = [...watches.keys(), ...samples.keys()];
  if (!calibration || names.length === 0) return;
  await observe(structure.index, calibration, names, see, { signal, progress });
}

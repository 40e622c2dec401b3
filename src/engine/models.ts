import { realpathSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { UserError } from '../base/errors';
import { countCost } from '../cost/count';
import type { CostTable } from '../cost/cost';
import { type GraphIndex, indexGraph } from '../onnx/graph';
import { inlineFunctions } from '../onnx/inline';
import type { Model } from '../onnx/model';
import { sortNodes } from '../onnx/order';
import { readModel } from '../onnx/read';
import { dimensionsOf, type ResolvedSizes, resolveSizes } from '../onnx/shapes/dimensions';
import { inferShapes } from '../onnx/shapes/infer';
import type { Shapes } from '../onnx/shapes/shapes';
import type { Sizes } from '../protocol/engineApi';
import { buildStructure } from '../structure/build';
import type { Structure } from '../structure/structure';
import { ExternalFiles, FileSource } from './files';
import { longestSequence } from './limits';

/** A model's file, read. */
export interface OpenedModel {
  /** Absolute path. */
  readonly file: string;
  /** Of the model's own file. */
  readonly bytes: number;
  /** As the file has it. */
  readonly model: Model;
  /** Of the model with its local functions expanded and its nodes in order. */
  readonly index: GraphIndex;
  readonly external: ExternalFiles;
}

/** A model for one choice of sizes: everything that is known without running it. */
export interface SizedModel extends OpenedModel {
  readonly resolved: ResolvedSizes;
  readonly shapes: Shapes;
  readonly structure: Structure;
  readonly cost: CostTable;
}

interface Kept extends OpenedModel {
  /** Changes when the file does. */
  readonly stamp: string;
  readonly source: FileSource;
  readonly sized: Map<string, SizedModel>;
}

/** Editors show one model at a time, comparisons two; each keeps its file open. */
const mostModels = 4;
const mostSizes = 4;

/** Models that were read lately. A model is read again when its file has changed. */
export class Models {
  private readonly kept = new Map<string, Kept>();

  /** Throws what reading the file throws. */
  open(file: string): OpenedModel {
    return this.get(file);
  }

  /** Throws what reading throws, and `badInput` for sizes that do not fit the model. */
  sized(file: string, sizes: Sizes): SizedModel {
    const kept = this.get(file);
    const key = JSON.stringify([sizes.dims ?? {}, sizes.shapes ?? {}]);
    const known = kept.sized.get(key);
    if (known) return known;
    const made = sizedModel(kept, sizes);
    dropOldest(kept.sized, mostSizes - 1);
    kept.sized.set(key, made);
    return made;
  }

  /** Closes every file. */
  dispose(): void {
    for (const kept of this.kept.values()) close(kept);
    this.kept.clear();
  }

  private get(file: string): Kept {
    const path = resolve(file);
    const stamp = stampOf(path);
    const known = this.kept.get(path);
    // Deleted and set again, so that the oldest stands first.
    this.kept.delete(path);
    if (known?.stamp === stamp) {
      this.kept.set(path, known);
      return known;
    }
    if (known) close(known);
    const read = readKept(path, stamp);
    dropOldest(this.kept, mostModels - 1).forEach(close);
    this.kept.set(path, read);
    return read;
  }
}

function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new UserError('missingFile', `${path} does not exist.`);
  return [realpathSync(path), stats.ino, stats.size, stats.mtimeMs].join(' ');
}

function readKept(path: string, stamp: string): Kept {
  const source = new FileSource(path, basename(path));
  try {
    const model = readModel(source);
    const index = indexGraph(sortNodes(inlineFunctions(model)));
    const external = new ExternalFiles(path);
    return {
      file: path,
      bytes: source.size,
      model,
      index,
      external,
      stamp,
      source,
      sized: new Map(),
    };
  } catch (error) {
    source.dispose();
    throw error;
  }
}

function sizedModel(opened: OpenedModel, sizes: Sizes): SizedModel {
  const sized = builtFor(opened, resolveSizes(opened.index.model, sizes));
  const longest = longestSequence(sized.structure, sized.shapes);
  const fitting =
    longest === undefined ? undefined : shortened(opened, sizes, sized.resolved, longest);
  return fitting ? builtFor(opened, fitting) : sized;
}

function builtFor(opened: OpenedModel, resolved: ResolvedSizes): SizedModel {
  const { file, bytes, model, index, external } = opened;
  const shapes = inferShapes(index, { ...resolved, open: external.open });
  const structure = buildStructure(index, shapes, external.open);
  const cost = countCost(structure, shapes);
  return { file, bytes, model, index, external, resolved, shapes, structure, cost };
}

/** A default that is longer than the model's table of positions would describe a run that cannot be made. */
function shortened(
  { index }: OpenedModel,
  sizes: Sizes,
  resolved: ResolvedSizes,
  longest: number,
): ResolvedSizes | undefined {
  if (Object.keys(sizes.shapes ?? {}).length > 0 || longest < 1) return undefined;
  const dims = { ...sizes.dims };
  const asked = (symbol: string) => symbol in dims || 'sequence' in dims;
  const tooLong = dimensionsOf(index.model).filter(
    ({ symbol, role }) =>
      role === 'sequence' && !asked(symbol) && (resolved.sizes.get(symbol) ?? 0) > longest,
  );
  for (const { symbol } of tooLong) dims[symbol] = longest;
  return tooLong.length > 0 ? resolveSizes(index.model, { dims }) : undefined;
}

function close(kept: Kept): void {
  kept.external.dispose();
  kept.source.dispose();
}

/** Removes the first entries until `most` are left, and returns what was removed. */
function dropOldest<T>(map: Map<string, T>, most: number): T[] {
  const old = [...map].slice(0, Math.max(0, map.size - most));
  for (const [key] of old) map.delete(key);
  return old.map(([, value]) => value);
}

import type { Part, Role } from '../base/terms';
import { partOf, type Progress } from '../base/progress';
import { watching } from '../onnx/edit';
import { type GraphIndex, indexGraph, type NodeEntry } from '../onnx/graph';
import type { OpenExternal, Shapes } from '../onnx/shapes/shapes';
import { numbersOf } from '../runtime/arrays';
import { type Calibration, type CalibrationBatch, realRows } from '../runtime/calibration';
import type { RunTensor } from '../runtime/runner';
import { resultOf } from '../structure/results';
import type { Layer, Structure } from '../structure/structure';
import { mean } from '../tensor/measures';
import { probedWeights } from './candidates';
import { type WeightProbeName, weightProbes } from './probes';
import { layerSubject, sweep, type SweepLayer, type SweepTask } from './sweep';
import { blockEnd } from './units/blocks';
import { weightChange } from './weightChange';

/** One layer changed by one probe: how large the error is where it enters, and what becomes of it. */
export interface Propagated {
  readonly id: string;
  readonly name: string;
  readonly part: Part;
  readonly role: Role;
  readonly block: number | null;
  readonly probe: WeightProbeName;
  /** Σ|e|² / Σ|y|² of the layer's own output y, its input being as it was. */
  readonly local: number;
  /** The same ratio at the end of the layer's block and of each that it reaches, by the block's id. */
  readonly blocks: readonly { readonly id: string; readonly error: number }[];
  /** The same ratio at the model's output. */
  readonly output: number;
}

export interface PropagationOptions {
  readonly structure: Structure;
  readonly shapes: Shapes;
  readonly layers: readonly SweepLayer[];
  readonly probe: WeightProbeName;
  /** The output of the model that is looked at. */
  readonly output: string;
  readonly data: Calibration;
  readonly open: OpenExternal | undefined;
  /** Bytes that values of the unchanged model may take while they are kept. */
  readonly memory: number;
  /** Told every row when it is finished. */
  readonly finished?: (row: Propagated) => void;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
}

/**
 * Changes one layer at a time and measures the error where it enters, at the ends of blocks, and at the model's output; padded positions
 * count nowhere. Layers inside bodies of If, Loop and Scan cannot be watched and are left out. Layers are taken block by block, so that no
 * more of the model's values are kept than those. Throws what sweeping throws.
 */
export async function propagation(options: PropagationOptions): Promise<readonly Propagated[]> {
  const { structure, shapes, progress } = options;
  const ends = structure.blocks.flatMap((block) => {
    const name = blockEnd(structure, shapes, block);
    return name === undefined ? [] : [{ id: block.id, name }];
  });
  const groups = byBlock(options.layers);
  const rows: Propagated[] = [];
  for (const [at, group] of groups.entries()) {
    const part = partOf(progress, at / groups.length, (at + 1) / groups.length);
    rows.push(...(await propagateGroup({ ...options, progress: part }, group, ends)));
  }
  return rows;
}

/** The end of a block. */
interface End {
  readonly id: string;
  /** Of the value. */
  readonly name: string;
}

function byBlock(layers: readonly SweepLayer[]): readonly (readonly SweepLayer[])[] {
  const groups = new Map<number | undefined, SweepLayer[]>();
  for (const each of layers) {
    const { block } = each.layer;
    groups.set(block, [...(groups.get(block) ?? []), each]);
  }
  return [...groups.values()];
}

async function propagateGroup(
  options: PropagationOptions,
  group: readonly SweepLayer[],
  ends: readonly End[],
): Promise<readonly Propagated[]> {
  const { structure, output, data, open, memory, signal, progress } = options;
  const watched = new Map<string, { each: SweepLayer; result: string }>();
  for (const each of group) {
    const result = resultOf(each.layer, structure.index);
    if (result !== undefined) watched.set(each.layer.id, { each, result });
  }
  const results = [...watched.values()].map(({ result }) => result);
  const names = [...new Set([output, ...ends.map(({ name }) => name), ...results])];
  const index = indexGraph(watching(structure.index, names));
  const rows: Propagated[] = [];
  await sweep({
    ...{ index, data, open, memory, signal, progress, outputs: names },
    tasks: [...watched.values()].map(({ each }) => taskOf(index, each, options)),
    // Not scores of samples but, batch by batch, the energies of the error and of the value for every name.
    score: (reference, candidate, batch) =>
      names.flatMap((name) => energiesOf(reference[name], candidate[name], batch)),
    finished: ({ subject, scores }) => {
      const own = watched.get(subject.id);
      if (!own) return;
      const row = rowOf(options, own, ends, ratios(names, scores));
      rows.push(row);
      options.finished?.(row);
    },
  });
  return rows;
}

/** A layer's change in an index of the same model: nodes have the same ids there. */
function taskOf(
  index: GraphIndex,
  each: SweepLayer,
  { probe, open }: PropagationOptions,
): SweepTask {
  const { layer, weight } = each;
  const there = (entry: NodeEntry) => index.byId.get(entry.id) ?? entry;
  const moved: Layer = { ...layer, main: there(layer.main), nodes: layer.nodes.map(there) };
  const { change } = weightProbes[probe];
  const made = weightChange(moved, probedWeights(each), change, open);
  return { subject: layerSubject({ layer: moved, weight }), changes: [{ ...made, name: probe }] };
}

function energiesOf(
  reference: RunTensor | undefined,
  candidate: RunTensor | undefined,
  { mask }: CalibrationBatch,
): readonly [number, number] {
  if (!reference || !candidate) return [0, 0];
  const [a, b] = [reference, candidate].map((tensor) => numbersOf(tensor) as ArrayLike<number>);
  const { shape } = reference;
  const width = Math.max(1, shape.at(-1) ?? 1);
  const real = realRows(shape, mask);
  let [error, signal] = [0, 0];
  for (let i = 0; a && b && i < a.length; i++) {
    if (real && real[Math.floor(i / width)] === 0) continue;
    const value = a[i] ?? 0;
    error += (value - (b[i] ?? 0)) ** 2;
    signal += value ** 2;
  }
  return [error, signal];
}

/** Of all batches, by name. */
function ratios(
  names: readonly string[],
  energies: readonly number[],
): ReadonlyMap<string, number> {
  return new Map(
    names.map((name, at) => {
      let [error, signal] = [0, 0];
      for (let i = 2 * at; i < energies.length; i += 2 * names.length) {
        error += energies[i] ?? 0;
        signal += energies[i + 1] ?? 0;
      }
      return [name, error === 0 ? 0 : error / signal];
    }),
  );
}

function rowOf(
  { structure, probe, output }: PropagationOptions,
  { each, result }: { readonly each: SweepLayer; readonly result: string },
  ends: readonly End[],
  found: ReadonlyMap<string, number>,
): Propagated {
  const { id, name, part, role, block } = each.layer;
  const own = block === undefined ? undefined : structure.blocks[block]?.id;
  const errors = ends.map((end) => ({ id: end.id, error: found.get(end.name) ?? 0 }));
  return {
    ...{ id, name, part, role, probe },
    block: block ?? null,
    local: found.get(result) ?? 0,
    // Where no error is, the layer does not lead.
    blocks: errors.filter((end) => end.error > 0 || end.id === own),
    output: found.get(output) ?? 0,
  };
}

/** What becomes of the errors of all layers of a role. */
export interface RoleErrors {
  readonly role: Role;
  readonly layers: number;
  /** Mean of the layers' own errors. */
  readonly local: number;
  /** Mean of the errors at the model's output. */
  readonly output: number;
  /** Geometric mean of the error at the end of the layer's block over its own: below 1 the block makes little of it. */
  readonly entering: number | null;
  /** Geometric mean of the error at the end of the last block over that at the end of the layer's own: above 1 it grows along the depth. */
  readonly growth: number | null;
  /** Geometric mean of the error at the model's output over the layer's own. */
  readonly amplification: number | null;
}

/** Rows of one probe, role by role, those whose errors are largest at the model's output first. */
export function errorsByRole(
  rows: readonly Pick<Propagated, 'role' | 'local' | 'blocks' | 'output'>[],
): readonly RoleErrors[] {
  const roles = new Map<Role, (typeof rows)[number][]>();
  for (const row of rows) roles.set(row.role, [...(roles.get(row.role) ?? []), row]);
  return [...roles]
    .map(([role, own]): RoleErrors => ({
      ...{ role, layers: own.length },
      local: mean(own.map(({ local }) => local)),
      output: mean(own.map(({ output }) => output)),
      entering: geometricMean(own.map(({ local, blocks }) => (blocks[0]?.error ?? NaN) / local)),
      growth: geometricMean(own.map(({ blocks }) => growthOf(blocks))),
      amplification: geometricMean(own.map(({ local, output }) => output / local)),
    }))
    .sort((a, b) => b.output - a.output);
}

/** Not a number for a layer of the last block, behind which nothing can grow. */
function growthOf(blocks: Propagated['blocks']): number {
  const [first, last] = [blocks[0], blocks.at(-1)];
  return first && last && first !== last ? last.error / first.error : NaN;
}

/** Of the ratios that are positive numbers; null where none is. */
function geometricMean(values: readonly number[]): number | null {
  const logs = values.map(Math.log).filter(Number.isFinite);
  return logs.length === 0 ? null : Math.exp(mean(logs));
}

import type { DataFacts } from '../base/dataKinds';
import type { Family, Part, Role } from '../base/terms';

/** What crosses a process, and what the command line prints with `--json`: an interface that only grows. `null` is "not known". */

export interface ModelFacts {
  file: string;
  bytes: number;
  irVersion: number;
  /** Domain → version; the standard domain is ''. */
  opsets: Record<string, number>;
  producer: string;
  /** Files of external data, relative to the model, and whether each is there. */
  externalData: { location: string; bytes: number | null; missing: boolean }[];
  inputs: ValueFacts[];
  outputs: ValueFacts[];
}

export interface ValueFacts {
  name: string;
  dtype: string;
  /** As declared: sizes, the model's own symbols, or null. */
  shape: (number | string | null)[] | null;
}

export interface StructureFacts {
  family: Family;
  blocks: number;
  hiddenSize: number | null;
  heads: number | null;
  kvHeads: number | null;
  headSize: number | null;
  feedForwardSize: number | null;
}

export interface Figures {
  parameters: number;
  weightBytes: number;
  /** Multiply-adds. */
  macs: number | null;
  activationBytes: number | null;
}

export interface TotalFigures extends Figures {
  peakActivationBytes: number | null;
}

export interface PartFigures extends Figures {
  /** Bytes alive at the moment of the model's peak. */
  peakActivationBytes: number | null;
}

export interface WeightFacts {
  name: string;
  /** Of the learnt weight; packed storage is unfolded. */
  shape: number[];
  dtype: string;
  /** As stored. */
  bytes: number;
  /** Learnt elements; 0 for scales, zero points, running statistics and exporters' constants. */
  parameters: number;
}

export interface LayerFacts extends Figures {
  id: string;
  name: string;
  op: string;
  part: Part;
  role: Role;
  /** Index into `blocks`. */
  block: number | null;
  nodes: string[];
  weights: WeightFacts[];
  /** The layer whose weights this one shares. */
  tiedTo: string | null;
  className: string | null;
  source: { file: string; line: number } | null;
}

export interface BlockFacts extends Figures {
  id: string;
  index: number;
  name: string;
  layers: string[];
  /** Blocks of equal pattern carry the same number. */
  kind: number;
}

export interface NodeFacts {
  name: string;
  op: string;
  domain: string;
  outputs: string[];
  layer: string;
  macs: number | null;
  outputShapes: ((number | string | null)[] | null)[];
}

export interface UnknownFacts {
  node: string;
  what: string;
  why: string;
}

/** `featherweight inspect --json`: counted, never run. */
export interface Inspection {
  featherweight: string;
  model: ModelFacts;
  /** The sizes the counts stand for, by the model's own symbol or by role (`batch`, `sequence`). */
  dimensions: Record<string, number>;
  structure: StructureFacts;
  totals: TotalFigures;
  parts: Record<Part, PartFigures>;
  blocks: BlockFacts[];
  layers: LayerFacts[];
  nodes: NodeFacts[];
  unknown: UnknownFacts[];
}

export interface Spread {
  median: number;
  p10: number;
  p90: number;
}

/** What became of a layer or node in the optimised graph. */
export interface Ran {
  /** `same`: one node for one; `fused`: into a node that does more; `removed`: folded away; `unknown`: could not be matched. */
  how: 'same' | 'fused' | 'removed' | 'unknown';
  /** Operators that ran instead. */
  ops: string[];
}

export interface Measured {
  provider: string;
  threads: number;
  warmup: number;
  runs: number;
  /** `synthetic`, or the file the inputs came from. */
  data: string;
  /** What the data is; left out where the model was not run. */
  facts?: DataFacts;
  seed: number | null;
  runtime: string;
  /** Of the whole, with the runtime's optimisations: the truth. */
  latencyMs: Spread;
  /** Of the whole with optimisations off, as the per-node times were taken, but without a trace; null until that was measured. */
  plainLatencyMs: Spread | null;
  loadMs: number;
  peakMemoryBytes: number | null;
  /** Time of a plain run that no node accounts for: with the layers' times it adds up to `plainLatencyMs.median`. */
  unattributedMs: number | null;
  /** The part of `unattributedMs` that nodes took after all, now one and now another: other work on the machine disturbed the runs. */
  disturbedMs: number | null;
  /** What writing the trace added to each call of a node, found by comparing with the run without it; taken off all times of nodes. */
  traceCostMs: number | null;
  /** What the first measured run was fed. */
  inputs: { name: string; dtype: string; shape: number[] }[];
  /** The optimised graph's own operators with their times, slowest first. */
  executed: {
    name: string;
    op: string;
    timeMs: number;
    layers: string[];
    how: 'same' | 'fused' | 'inserted';
  }[];
}

/** Times by id, joined with an inspection of the same model and sizes. */
export interface Profile {
  measured: Measured;
  /** Layer id → median, spread over the runs. */
  layers: Record<string, { timeMs: number; p10: number; p90: number; ran: Ran }>;
  /** Node id → median. */
  nodes: Record<string, number>;
  /** False while runs are still being made, or when they were stopped early. */
  complete: boolean;
}

/** `featherweight profile --json`. */
export type ProfiledInspection = Omit<
  Inspection,
  'layers' | 'nodes' | 'parts' | 'blocks' | 'totals'
> & {
  measured: Measured;
  /** `timeMs` sums the layers' times of the plain run, so that shares add up; the model's latency is `measured.latencyMs`. */
  totals: TotalFigures & { timeMs: number | null };
  parts: Record<Part, PartFigures & { timeMs: number | null }>;
  blocks: (BlockFacts & { timeMs: number | null })[];
  layers: (LayerFacts & { timeMs: number | null })[];
  nodes: (NodeFacts & { timeMs: number | null })[];
};

export interface WeightStatistics {
  name: string;
  count: number;
  min: number;
  max: number;
  mean: number;
  std: number;
  zeros: number;
  /** Elements further than six standard deviations from the mean. */
  outliers: number;
  histogram: { from: number; to: number; counts: number[] };
}

/** The model as readable text, and where everything stands in it. Lines count from 0. */
export interface TextView {
  text: string;
  /** First line, last line and depth of every module and layer: folding, outline and breadcrumbs come from it. */
  sections: {
    kind: 'module' | 'layer';
    name: string;
    /** Layer id, or the module's dotted path. */
    id: string;
    line: number;
    end: number;
    depth: number;
  }[];
  /** Line of every node, by id, and the shape to show behind it. */
  nodes: { id: string; layer: string; line: number; shape: string }[];
  /** Every place a value or weight is written: `[line, from, to]`, the definition first. */
  values: { name: string; weight: boolean; places: [line: number, from: number, to: number][] }[];
  sources: { line: number; file: string; sourceLine: number }[];
}

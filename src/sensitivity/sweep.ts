import type { Progress } from '../base/progress';
import type { Edit } from '../onnx/edit';
import type { GraphIndex, NodeEntry } from '../onnx/graph';
import type { OpenExternal } from '../onnx/shapes/shapes';
import type { Calibration, CalibrationBatch } from '../runtime/calibration';
import type { Feeds } from '../runtime/runner';
import type { Layer, Weight } from '../structure/structure';
import { Sweeper } from './sweeper';

/** A layer to ask about, and the weight that the probes change. */
export interface SweepLayer {
  readonly layer: Layer;
  readonly weight: Weight;
}

/** Something to ask about: a layer, a block, a head of attention. */
export interface Subject {
  readonly id: string;
  /** Of the main graph or of bodies in it: edits may read what these read or make. */
  readonly nodes: readonly NodeEntry[];
  /** What changes of weights are made of; other changes need none. */
  readonly weight?: SweepLayer;
}

/**
 * One change of a subject. `weight`: its weight takes other values, given its rows of `width` inputs, which are the change's to alter.
 * `edits`: the graph around it changes, as an action would change it.
 */
export type Change = { readonly name: string } & (
  | {
      readonly kind: 'weight';
      readonly change: (rows: Float32Array, width: number) => Float32Array;
    }
  | {
      readonly kind: 'edits';
      readonly edits: () => readonly Edit[];
      /** Nodes besides the subject’s that the edits read from: what is known to be read is computed for several subjects at once. */
      readonly reads?: readonly NodeEntry[];
    }
);

/** What to ask about a subject. */
export interface SweepTask {
  readonly subject: Subject;
  readonly changes: readonly Change[];
}

/** What became of the model's outputs when one subject was changed: one score for each sample. */
export interface SweepRow {
  readonly subject: Subject;
  /** Of the change. */
  readonly name: string;
  readonly scores: readonly number[];
}

/** A layer as what to ask about. */
export function layerSubject(weight: SweepLayer): Subject {
  const { id, nodes } = weight.layer;
  return { id, nodes, weight };
}

/** Scores the samples of one batch: the model's own outputs against those of the changed one. */
export type Score = (
  reference: Feeds,
  candidate: Feeds,
  batch: CalibrationBatch,
) => readonly number[];

export interface SweepOptions {
  readonly index: GraphIndex;
  /**
   * The same model in fewer operations, where there is one: weights keep their names, and values of a name that both have are equal.
   * Changes of weights are made on it.
   */
  readonly reduced?: GraphIndex;
  /** Outputs of the model that `score` looks at; all where it is left out. */
  readonly outputs?: readonly string[];
  readonly tasks: readonly SweepTask[];
  readonly data: Calibration;
  readonly open: OpenExternal | undefined;
  readonly score: Score;
  /** Told every row when it is finished. */
  readonly finished: (row: SweepRow) => void;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
  /** Bytes that values of the unchanged model may take while they are kept. */
  readonly memory: number;
}

/**
 * Changes one subject at a time and scores the whole model's output: exact, and without loading the model again for every change. The model
 * is cut into segments; a change runs again from where it is to the end of its segment, with a changed weight as an input, so that one
 * session serves all that is done to it, and then through the segments behind, whose sessions serve everything that is changed before them.
 * Segments are handed out to as many lanes as the data has, so that rows come in any order; what is in them does not depend on it.
 * Throws `cancelled`, and what loading and running throw.
 */
export async function sweep(options: SweepOptions): Promise<void> {
  const subjects = options.tasks.flatMap(({ subject, changes }) =>
    changes.length > 0 ? [subject] : [],
  );
  if (subjects.length === 0) return;
  const sweeper = new Sweeper({ ...options, subjects });
  try {
    const [ground = []] = await sweeper.enter(options.data);
    await sweeper.measure(ground, { ...options, isLast: true });
  } finally {
    await sweeper.close();
  }
}

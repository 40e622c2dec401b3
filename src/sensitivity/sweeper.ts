import type { NodeEntry } from '../onnx/graph';
import type { Progress } from '../base/progress';
import type { Calibration } from '../runtime/calibration';
import { Chain } from './chain';
import { openLanes, sideBySide } from './lanes';
import { outermost } from './reach';
import { divide, type Segments } from './segments';
import { sweepStage } from './stage';
import { type Start, startChains } from './start';
import type { Score, Subject, SweepOptions, SweepRow, SweepTask } from './sweep';
import { type KeptBatch, unknownBatch, Values } from './values';

export type SweeperOptions = Pick<
  SweepOptions,
  'index' | 'reduced' | 'outputs' | 'data' | 'open' | 'signal' | 'memory'
> & {
  /** All that anything will be asked about. */
  readonly subjects: readonly Subject[];
};

/** Data that a sweeper has run the model on as it is: what each of its lanes knows of it. */
export type Ground = readonly Values[];

export interface Measuring {
  readonly tasks: readonly SweepTask[];
  readonly score: Score;
  /** Told every row when it is finished. */
  readonly finished: (row: SweepRow) => void;
  readonly progress: Progress;
  /** Whether nothing will be measured after it: what is not needed any more is released on the way. */
  readonly isLast: boolean;
}

/**
 * Changes one subject at a time and scores the whole model's output, as often and on as much data as asked: the segments, cut for all its
 * subjects, are loaded once in every lane and serve all of it.
 */
export class Sweeper {
  private readonly segments: Segments;
  private readonly lanes;
  private readonly chains: readonly Chain[];
  private readonly failure = new AbortController();
  private readonly signal: AbortSignal;

  constructor(private readonly options: SweeperOptions) {
    this.segments = segmentsFor(options);
    this.lanes = openLanes(options.data, this.segments.all.length);
    this.signal = AbortSignal.any([
      this.failure.signal,
      ...(options.signal ? [options.signal] : []),
    ]);
    const { signal } = this;
    this.chains = this.lanes.loads.map((load) => new Chain(this.segments, { load, signal }));
  }

  /** Runs the model as it is on several data at once, which loads it for what their batches have in common. What becomes known serves one measuring. */
  async enter(...data: readonly Pick<Calibration, 'batches'>[]): Promise<readonly Ground[]> {
    // The same objects for all lanes: scores may be told by them.
    const batches = data.map((each) => [...each.batches()]);
    const starts = this.chains.map((chain): Start => {
      return { chain, values: new Values(this.segments, batches.flat().map(unknownBatch)) };
    });
    await startChains(starts, this.options.memory / 2, this.failure);
    let end = 0;
    return batches.map(({ length }) => {
      const from = end;
      end += length;
      const own = ({ values }: Start) => values.batches.slice(from, from + length);
      return starts.map((start) => new Values(this.segments, own(start)));
    });
  }

  /** Scores what becomes of the model's outputs. Throws `cancelled`, and what loading and running throw; rows told until then hold. */
  async measure(ground: Ground, measuring: Measuring): Promise<void> {
    const tasks = measuring.tasks.filter(({ changes }) => changes.length > 0);
    const { segments, signal, options } = this;
    const memory = options.memory / this.chains.length;
    const done = counting(measuring.progress, tasks.length);
    const bench = { ...options, ...measuring, segments, signal, memory, done };
    // The first take longest, as most of the model is behind them: whichever lane is free takes the next.
    const waiting = byStage(segments, tasks);
    const work = async (chain: Chain, values: Values | undefined) => {
      if (!values) return;
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [stage, own] = next;
        await chain.enter(stage, values);
        if (measuring.isLast) await chain.releaseBefore(stage);
        await sweepStage({ ...bench, chain, values }, stage, own);
      }
    };
    const works = this.chains.map((chain, lane) => work(chain, ground[lane]));
    await sideBySide(works, this.failure);
  }

  async close(): Promise<void> {
    await Promise.all(this.chains.map((chain) => chain.release()));
    await this.lanes.close();
  }
}

/** The batches of a ground, with the outputs of the model as it is. */
export function referencesOf(ground: Ground): readonly Pick<KeptBatch, 'batch' | 'reference'>[] {
  return ground[0]?.batches ?? [];
}

/** Tells of a task more that is done. */
function counting(progress: Progress, of: number): () => void {
  let done = 0;
  return () => progress(++done / of, `${done} of ${of} layers`);
}

/** Subjects in a segment, for which its part in front of them runs once more: enough for that to be little. */
const subjectsTogether = 3;

function segmentsFor({ index, reduced = index, outputs, subjects }: SweeperOptions): Segments {
  const wanted = outputs ?? index.model.graph.outputs.map(({ name }) => name);
  const starts = subjects.flatMap((subject) => firstOf(subject) ?? []);
  const places = new Set(starts.map((entry) => outermost(entry).index)).size;
  return divide(reduced, wanted, starts, Math.max(1, Math.ceil(places / subjectsTogether)));
}

/** Where in the file's order a subject begins. */
export function placeOf({ nodes }: Subject): number {
  return Math.min(...nodes.map((entry) => outermost(entry).index));
}

function firstOf(subject: Subject): NodeEntry | undefined {
  const { nodes } = subject;
  const place = placeOf(subject);
  return nodes.find((entry) => outermost(entry).index === place);
}

/** Segments and the tasks that begin in them. */
function byStage(segments: Segments, tasks: readonly SweepTask[]): [number, SweepTask[]][] {
  const stages = new Map<number, SweepTask[]>();
  for (const task of tasks) {
    const first = firstOf(task.subject);
    const stage = first ? segments.at(first) : 0;
    stages.set(stage, [...(stages.get(stage) ?? []), task]);
  }
  return [...stages].sort(([a], [b]) => a - b);
}

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteSource } from '../base/bytes';
import { throwIfAborted } from '../base/cancel';
import type { Progress } from '../base/progress';
import { type GraphIndex, indexGraph } from '../onnx/graph';
import { readModel } from '../onnx/read';
import type { Feeds, Runner, Session, SessionOptions } from '../runtime/runner';
import { type ExecutedNode, mapExecuted } from './executed';
import { readTrace, type Trace } from './trace';
import type { Traceable } from './traceable';

/** How often, and told how far. */
export interface Repeats {
  readonly warmup: number;
  readonly runs: number;
  /** The inputs of the run at an index; warm-up runs count from 0 too. */
  readonly feeds: (run: number) => Feeds;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
  /** For progress: what these runs are, e.g. "runs with trace". */
  readonly what: string;
}

/** Runs a session and returns the wall time of every measured run in milliseconds. Stops between runs when aborted. */
export async function repeat(
  session: Session,
  { warmup, runs, feeds, signal, progress, what }: Repeats,
  each?: (times: readonly number[]) => void,
): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < warmup + runs; run++) {
    throwIfAborted(signal);
    const index = run < warmup ? run : run - warmup;
    const { ms } = await session.run(feeds(index));
    if (run < warmup) {
      progress(0, `warming up, ${run + 1} of ${warmup}`);
      continue;
    }
    times.push(ms);
    each?.(times);
    progress(times.length / runs, `${times.length} of ${runs} ${what}`);
  }
  return times;
}

/** A round of runs with the runtime's trace on. */
export interface TracedRound {
  /** Without the warm-up. */
  readonly trace: Trace;
  /** The graph that was run, mapped to the source. */
  readonly executed: readonly ExecutedNode[];
  /** Values that are constants in the graph that was run. */
  readonly folded: ReadonlySet<string>;
}

/** Runs the marked copy of a model with a trace. Everything it writes goes into a folder of its own inside `folder`. */
export async function traceRound(
  runner: Runner,
  model: Traceable,
  source: GraphIndex,
  options: Pick<SessionOptions, 'threads' | 'provider' | 'optimize' | 'name'>,
  repeats: Repeats,
  places: { readonly folder: string; readonly open: (path: string) => ByteSource },
): Promise<TracedRound> {
  const folder = mkdtempSync(join(places.folder, 'round-'));
  const optimizedFile = join(folder, 'executed.onnx');
  const session = await runner.load(model.bytes, {
    ...options,
    externalFolder: model.folder,
    traceFile: join(folder, 'trace'),
    optimizedFile,
  });
  try {
    await repeat(session, repeats);
    const trace = readTrace(session.endTrace());
    const graph = indexGraph(readModel(places.open(optimizedFile)));
    return {
      trace: { ...trace, runs: trace.runs.slice(repeats.warmup) },
      executed: namedAsTraced(mapExecuted(source, graph), trace),
      folded: new Set(graph.scopes.flatMap((scope) => [...scope.initializers.keys()])),
    };
  } finally {
    await session.release();
  }
}

/** Nodes without a name go in a trace by operator and number, in the order in which the runtime made them. */
function namedAsTraced(executed: readonly ExecutedNode[], { runs }: Trace): ExecutedNode[] {
  const traced = new Set(runs.flatMap((run) => [...run.keys()]));
  for (const { name } of executed) traced.delete(name);
  const free = new Map<string, string[]>();
  for (const name of [...traced].sort((a, b) => numberAt(a) - numberAt(b))) {
    const op = /^(\w+)_\d+$/.exec(name)?.[1];
    if (op) free.set(op, [...(free.get(op) ?? []), name]);
  }
  return executed.map((node) =>
    node.isNamed ? node : { ...node, name: free.get(node.op)?.shift() ?? node.name },
  );
}

const numberAt = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0);

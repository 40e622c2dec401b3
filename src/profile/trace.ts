import { closeSync, openSync, readSync } from 'node:fs';

/** What one executed node took in one run, its calls added up. */
export interface TracedNode {
  readonly op: string;
  /** Without the nodes of its bodies. */
  readonly ms: number;
  readonly calls: number;
}

export interface Trace {
  /** One entry per run, the first runs first: executed node's name → time. */
  readonly runs: readonly ReadonlyMap<string, TracedNode>[];
  /** Threads of the runtime's own pool, the calling one included; undefined where the trace does not say. */
  readonly threads: number | undefined;
}

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly thread_scheduling_stats?: { readonly sub_threads?: Record<string, unknown> };
  };
}

/**
 * Reads a trace of ONNX Runtime: one event per line, times in microseconds. The nodes of a body come before the node that owns it, whose
 * time includes theirs. Read line by line, because the trace of a large model does not fit into a string.
 */
export function readTrace(file: string): Trace {
  const runs: Map<string, TracedNode>[] = [];
  let run = new Map<string, TracedNode>();
  let finished: Event[] = [];
  let threads: number | undefined;
  for (const line of linesOf(file)) {
    const event = parseEvent(line);
    if (event?.cat === 'Node' && event.name.endsWith(suffix)) {
      const children = takeChildren(finished, event);
      add(run, event, children);
      finished.push(event);
      threads ??= threadsOf(event);
    } else if (event?.name === 'model_run') {
      runs.push(run);
      run = new Map();
      finished = [];
    }
  }
  return { runs, threads };
}

const suffix = '_kernel_time';

function parseEvent(line: string): Event | undefined {
  const text = line.replace(/,\s*$/, '');
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Event;
  } catch {
    // The last line of a trace that was cut off.
    return undefined;
  }
}

/** Removes the events inside `owner` from `finished` and returns the time they took, in microseconds. */
function takeChildren(finished: Event[], owner: Event): number {
  let time = 0;
  for (let last = finished.at(-1); last && last.ts >= owner.ts; last = finished.at(-1)) {
    time += last.dur;
    finished.pop();
  }
  return time;
}

function add(run: Map<string, TracedNode>, event: Event, children: number): void {
  const name = event.name.slice(0, -suffix.length);
  const ms = Math.max(0, event.dur - children) / 1000;
  const before = run.get(name);
  run.set(name, {
    op: event.args?.op_name ?? '',
    ms: (before?.ms ?? 0) + ms,
    calls: (before?.calls ?? 0) + 1,
  });
}

function threadsOf(event: Event): number | undefined {
  const workers = event.args?.thread_scheduling_stats?.sub_threads;
  return workers && Object.keys(workers).length + 1;
}

function* linesOf(path: string): Generator<string> {
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(1 << 20);
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
      const lines = (rest + decoder.decode(chunk.subarray(0, size), { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    yield rest;
  } finally {
    closeSync(file);
  }
}

import { basename } from 'node:path';
import type { Disposable } from '../base/dispose';
import { EngineLane } from './engineLane';
import { type EngineApi, lanes } from './engineApi';
import type { CallOptions, Remote } from './rpc';

export interface EngineOptions {
  /** Absolute path of `dist/engine.js`. */
  readonly program: string;
  /** The Node to run it on; found by itself without it. */
  readonly nodePath?: string;
  /** Told every line the engine writes and every start and end. */
  readonly log?: (line: string) => void;
  /** Leave the processor to others first: the default. */
  readonly lowPriority?: boolean;
}

/** An engine of one owner: up to two processes, started when they are first called and ended with `dispose`. */
export interface Engine extends Disposable {
  readonly api: Remote<EngineApi>;
  /** Ends both processes; the next call starts them again. Calls under way fail as cancelled. */
  restart(): void;
}

type Method = keyof EngineApi;

/** For messages: what a call does, before the file's name. */
const doing: Readonly<Record<Method, string>> = {
  inspect: 'inspecting',
  dimensions: 'reading',
  text: 'printing',
  weightStatistics: 'reading weights of',
  profile: 'running',
  runtime: 'loading ONNX Runtime',
  actions: 'listing actions',
  offers: 'looking at layers of',
  checkRecipe: 'checking the recipe of',
  build: 'building from',
  compare: 'comparing with',
  footprint: 'loading',
  sensitivityOptions: 'listing ways of compressing',
  sensitivity: 'measuring the sensitivity of',
  plan: 'planning for',
};

/**
 * An engine in processes of its own. A call that is cancelled comes back within 200 ms, if need be by ending the process; a process that
 * dies fails its call as `crash` with the reason, and the next call starts another.
 */
export function startEngine(options: EngineOptions): Engine {
  const pair = {
    // A reader is kept as long as an editor may ask again; a runtime holds a model's memory.
    read: new EngineLane({ ...options, idleMs: 10 * 60_000 }),
    run: new EngineLane({ ...options, idleMs: 30_000 }),
  };
  const call = (method: Method) => (request: unknown, callOptions?: CallOptions) => {
    const file = (request as { file?: string }).file;
    const what = file ? `${doing[method]} ${basename(file)}` : doing[method];
    return pair[lanes[method]].call({ method, request, what }, callOptions);
  };
  const methods = Object.keys(lanes) as Method[];
  return {
    api: Object.fromEntries(
      methods.map((name) => [name, call(name)]),
    ) as unknown as Remote<EngineApi>,
    restart: () => Object.values(pair).forEach((lane) => lane.stop()),
    dispose: () => Object.values(pair).forEach((lane) => lane.dispose()),
  };
}

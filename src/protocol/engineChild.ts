import { type ChildProcess, fork } from 'node:child_process';
import { readdir, rm } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { cancelled, isUserError, messageOf, UserError } from '../base/errors';
import { crashError, type Exit } from './crash';
import type { EngineApi } from './engineApi';
import { engineEnvironment, findNode, type NodeBinary } from './nodeBinary';
import { type CallOptions, remote, type Remote } from './rpc';
import { engineFolder, stagingPattern } from './temporary';

export interface ChildOptions {
  /** Absolute path of `dist/engine.js`. */
  readonly program: string;
  readonly nodePath?: string;
  readonly log?: (line: string) => void;
  readonly lowPriority?: boolean;
}

/** How long after a broken pipe the process's end is waited for, in milliseconds. */
const lastMomentMs = 1000;

/** One process of the engine, from its start to its end. */
export class EngineChild {
  private readonly connection: MessageConnection;
  private readonly api: Remote<EngineApi>;
  private lastWords = '';
  private killed = false;
  /** Folders that it was asked to write to. */
  private readonly written = new Set<string>();
  /** Settles when the process has ended. */
  readonly exited: Promise<Exit>;

  private constructor(
    private readonly child: ChildProcess,
    node: NodeBinary,
    private readonly log: (line: string) => void,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        log(`engine ${child.pid} ended: ${signal ?? code}`);
        this.connection.dispose();
        removeFolder(child.pid);
        for (const folder of this.written) removeStagings(folder, child.pid);
        resolve({ code, signal, lastWords: this.lastWords, isElectron: node.isElectron });
      });
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', this.listen);
    this.connection = createMessageConnection(
      new IPCMessageReader(child),
      new IPCMessageWriter(child),
    );
    this.connection.onError(([error]) => log(`engine ${child.pid}: ${error.message}`));
    this.connection.listen();
    this.api = remote<EngineApi>(this.connection);
  }

  /** Starts a process. Throws `crash` when the system refuses, `badInput` for a Node that cannot be used. */
  static async start(options: ChildOptions): Promise<EngineChild> {
    const log = options.log ?? (() => {});
    const node = await findNode(options.nodePath);
    const child = fork(options.program, [], {
      execPath: node.path,
      // An inherited --inspect would ask for a port that is taken.
      execArgv: [],
      env: engineEnvironment(node.isElectron),
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    await spawned(child);
    log(`engine ${child.pid} started on ${node.path}${node.isElectron ? ' (the editor’s)' : ''}`);
    if (options.lowPriority ?? true) lowerPriority(child.pid);
    return new EngineChild(child, node, log);
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && !this.killed;
  }

  /** Fails as `crash` when the process dies meanwhile, as `cancelled` when it was ended on purpose. `what` is e.g. "running model.onnx". */
  async call(
    method: keyof EngineApi,
    request: unknown,
    what: string,
    options: CallOptions,
  ): Promise<unknown> {
    const { output } = request as { output?: unknown };
    if (typeof output === 'string') this.written.add(dirname(output));
    const died = this.exited.then((exit) => {
      throw this.killed ? cancelled() : crashError(exit, what);
    });
    try {
      return await Promise.race([this.api[method](request as never, options), died]);
    } catch (error) {
      // The pipe breaks a moment before the process is known to have ended.
      if (isUserError(error)) throw error;
      await Promise.race([died, pause(lastMomentMs, this.child.connected)]);
      throw error;
    }
  }

  kill(): void {
    this.killed = true;
    this.child.kill('SIGKILL');
  }

  private readonly listen = (data: Buffer): void => {
    const text = data.toString();
    this.lastWords = (this.lastWords + text).slice(-4096);
    for (const line of text.split('\n')) if (line.trim()) this.log(`engine: ${line}`);
  };
}

function removeFolder(pid: number | undefined): void {
  if (pid === undefined) return;
  // Windows may hold files of a process a moment longer; what stays then is the system's to clean.
  rm(engineFolder(pid), { recursive: true, force: true }, () => {});
}

/** What the process was writing when it was ended. */
function removeStagings(folder: string, pid: number | undefined): void {
  readdir(folder, (_, names = []) => {
    for (const name of names) {
      if (stagingPattern.exec(name)?.groups?.['pid'] !== String(pid)) continue;
      rm(join(folder, name), { recursive: true, force: true }, () => {});
    }
  });
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(new UserError('crash', `The engine could not be started: ${messageOf(error)}.`)),
    );
  });
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Some containers do not allow it; the engine works all the same.
  }
}

/** Resolves after a time, or at once when there is nothing to wait for. */
function pause(ms: number, isNeedless: boolean): Promise<void> {
  return isNeedless ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms).unref());
}

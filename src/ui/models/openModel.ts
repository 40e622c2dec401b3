import * as vscode from 'vscode';
import { isCancelled, isUserError, messageOf } from '../../base/errors';
import type { EngineApi, ProfileRequest, Sizes } from '../../protocol/engineApi';
import type { Remote } from '../../protocol/rpc';
import type { Inspection, Profile, TextView, WeightStatistics } from '../../protocol/types';
import { localFile } from './localFile';
import type { ModelMemory } from './memory';
import { watchModel } from './watch';

/** What a model needs from the rest of the extension. */
export interface ModelSurroundings {
  readonly engine: { readonly api: Remote<EngineApi> };
  readonly memory: ModelMemory;
  /** Where copies of models from virtual workspaces go. */
  readonly storage: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
}

/** `figures`: what the engine knows has changed; `progress`: only how far it has come. */
export type ModelChange = 'figures' | 'progress';

export interface Failure {
  readonly message: string;
  readonly hint?: string;
  readonly during: 'reading' | 'profiling';
}

export type ProfileOptions = Omit<ProfileRequest, 'file' | 'data' | 'dims' | 'shapes'>;
export type Dimensions = Awaited<ReturnType<Remote<EngineApi>['dimensions']>>;

/** A model that some editor, text view or tree shows: its figures, its sizes and what is being done with it. */
export class OpenModel implements vscode.Disposable {
  inspection: Inspection | undefined;
  dimensions: Dimensions | undefined;
  profile: Profile | undefined;
  busy: { what: string; fraction: number; note: string } | undefined;
  error: Failure | undefined;

  private readonly changes = new vscode.EventEmitter<ModelChange>();
  readonly onDidChange = this.changes.event;
  private readonly watcher: vscode.Disposable;
  private loading: Promise<void> | undefined;
  private reading = new AbortController();
  private profiling: AbortController | undefined;
  private printed: Promise<TextView> | undefined;

  constructor(
    readonly uri: vscode.Uri,
    private readonly around: ModelSurroundings,
  ) {
    this.watcher = watchModel(
      uri,
      (file) => this.isOurs(file),
      () => void this.reload(),
    );
  }

  /** The file's name without its folder. */
  get name(): string {
    return this.uri.path.split('/').pop() ?? '';
  }

  get sizes(): Sizes {
    return this.around.memory.get(this.uri).sizes ?? {};
  }

  /** Path of the inputs to profile with, or undefined for synthetic ones. */
  get data(): string | undefined {
    return this.around.memory.get(this.uri).data;
  }

  get isProfiling(): boolean {
    return this.profiling !== undefined;
  }

  get isReading(): boolean {
    return this.busy !== undefined && !this.isProfiling;
  }

  /** Reads the model unless that has been done. Never throws: what went wrong is in `error`. */
  load(): Promise<void> {
    this.loading ??= this.read();
    return this.loading;
  }

  /** Reads the model again; figures that a run measured on the old file or the old sizes are dropped. */
  reload(): Promise<void> {
    this.stop();
    this.reading = new AbortController();
    this.loading = this.read();
    return this.loading;
  }

  /** Uses and remembers other sizes. */
  setSizes(sizes: Sizes): Promise<void> {
    this.around.memory.update(this.uri, { sizes });
    return this.reload();
  }

  /** Uses and remembers other inputs for the next profile; undefined for synthetic ones. */
  setData(data: string | undefined): void {
    this.around.memory.update(this.uri, { data });
    this.changes.fire('figures');
  }

  /** The model as text. Throws what the engine says. */
  text(): Promise<TextView> {
    this.printed ??= this.print();
    return this.printed;
  }

  async weightStatistics(weight: string, signal?: AbortSignal): Promise<WeightStatistics> {
    return this.around.engine.api.weightStatistics({ file: await this.file(), weight }, { signal });
  }

  /** Runs the model and keeps what was measured, also when it was cancelled half way. Throws what the engine says. */
  async measure(options: ProfileOptions): Promise<void> {
    this.cancel();
    const abort = new AbortController();
    this.profiling = abort;
    this.error = undefined;
    this.update(vscode.l10n.t('Profiling'), 0, '');
    try {
      const profile = await this.requestProfile(options, abort);
      if (this.profiling === abort) this.profile = profile;
    } catch (error) {
      if (this.profiling === abort) this.fail(error, 'profiling');
      throw error;
    } finally {
      if (this.profiling === abort) this.settle();
    }
  }

  /** Stops the run in progress, if there is one; complete runs that it has made are kept. */
  cancel(): void {
    this.profiling?.abort();
  }

  dispose(): void {
    this.stop();
    this.watcher.dispose();
    this.changes.dispose();
  }

  /** Ends whatever is under way, so that its results are of no more interest. */
  private stop(): void {
    this.reading.abort();
    this.cancel();
    this.profiling = undefined;
  }

  private async requestProfile(options: ProfileOptions, abort: AbortController): Promise<Profile> {
    const request = { ...options, file: await this.file(), ...this.sizes, data: this.data };
    return this.around.engine.api.profile(request, {
      signal: abort.signal,
      progress: (fraction, note) => {
        if (this.profiling === abort) this.update(vscode.l10n.t('Profiling'), fraction, note);
      },
      partial: (value) => {
        if (this.profiling !== abort) return;
        this.profile = value as Profile;
        this.changes.fire('figures');
      },
    });
  }

  private settle(): void {
    this.profiling = undefined;
    this.busy = undefined;
    this.changes.fire('figures');
  }

  private async read(): Promise<void> {
    const { signal } = this.reading;
    this.printed = undefined;
    this.update(vscode.l10n.t('Reading'), 0, '');
    try {
      const file = await this.file();
      const [inspection, dimensions] = await Promise.all([
        this.around.engine.api.inspect({ file, ...this.sizes }, { signal }),
        this.around.engine.api.dimensions({ file }, { signal }),
      ]);
      if (signal.aborted) return;
      this.inspection = inspection;
      this.dimensions = dimensions;
      this.error = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.inspection = undefined;
      this.fail(error, 'reading');
    }
    this.profile = undefined;
    this.busy = undefined;
    this.changes.fire('figures');
  }

  private async print(): Promise<TextView> {
    return this.around.engine.api.text({ file: await this.file(), ...this.sizes });
  }

  private file(): Promise<string> {
    return localFile(this.uri, this.around.storage);
  }

  private fail(error: unknown, during: Failure['during']): void {
    if (isCancelled(error)) return;
    this.around.log.error(`${this.name}: ${messageOf(error)}`);
    this.error = {
      message: messageOf(error),
      hint: isUserError(error) ? error.hint : undefined,
      during,
    };
  }

  private update(what: string, fraction: number, note: string): void {
    this.busy = { what, fraction, note };
    this.changes.fire('progress');
  }

  private isOurs(file: vscode.Uri): boolean {
    if (file.toString() === this.uri.toString()) return true;
    const besides = this.inspection?.model.externalData ?? [];
    return besides.some(
      ({ location }) => vscode.Uri.joinPath(this.uri, '..', location).path === file.path,
    );
  }
}

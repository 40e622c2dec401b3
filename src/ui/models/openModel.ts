import * as vscode from 'vscode';
import { isCancelled, isUserError, messageOf } from '../../base/errors';
import type { EngineApi, Sizes } from '../../protocol/engineApi';
import type { Plan } from '../../protocol/plan';
import type { Remote } from '../../protocol/rpc';
import type { Sensitivity } from '../../protocol/sensitivity';
import type { Inspection, Profile, TextView, WeightStatistics } from '../../protocol/types';
import type { Busy } from '../../protocol/viewApi';
import { joinSweeps } from '../../report/sensitivity/join';
import { KeptSweeps } from '../sensitivity/kept';
import { localFile } from './localFile';
import {
  Measuring,
  type PlanOptions,
  type ProfileOptions,
  type SensitivityOptions,
  type Task,
} from './measuring';
import type { ModelChange, ModelSurroundings } from './surroundings';
import { watchModel } from './watch';

/** What went wrong with a model, as the user is told. */
export interface Failure {
  readonly message: string;
  readonly hint?: string;
  readonly during: 'reading' | 'profiling';
}

/** The sizes that a model leaves open, and what they may be. */
export type Dimensions = Awaited<ReturnType<Remote<EngineApi>['dimensions']>>;

/** A model that some editor, text view or tree shows: its figures, its sizes and what is being done with it. */
export class OpenModel implements vscode.Disposable {
  inspection: Inspection | undefined;
  dimensions: Dimensions | undefined;
  profile: Profile | undefined;
  /** How much each layer suffers from being compressed; not `complete` where that was stopped. */
  sensitivity: Sensitivity | undefined;
  /** It is that of another content of the file. */
  isSensitivityStale = false;
  /** The last plan that was made for it. */
  planned: Plan | undefined;
  busy: Busy | undefined;
  error: Failure | undefined;

  private readonly changes = new vscode.EventEmitter<ModelChange>();
  readonly onDidChange = this.changes.event;
  private readonly watcher: vscode.Disposable;
  private loading: Promise<void> | undefined;
  private reading = new AbortController();
  private readonly measuring: Measuring;
  private printed: Promise<TextView> | undefined;
  private readonly kept: KeptSweeps;

  constructor(
    readonly uri: vscode.Uri,
    private readonly around: ModelSurroundings,
  ) {
    this.measuring = new Measuring({
      place: async () => ({ file: await this.file(), ...this.sizes, data: this.data }),
      began: (busy) => {
        this.error = undefined;
        this.update(busy, 0, '');
      },
      cameTo: (busy, fraction, note) => this.update(busy, fraction, note),
      found: (partly) => this.changes.fire(partly),
      failed: (error) => this.fail(error, 'profiling'),
      ended: () => this.settle(),
    });
    this.kept = new KeptSweeps(this.cacheFor('sweeps'));
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

  /** Whether something runs that `cancel` stops. */
  get isMeasuring(): boolean {
    return this.measuring.isUnderWay;
  }

  get isProfiling(): boolean {
    return this.isMeasuring && this.busy?.task === undefined;
  }

  get isReading(): boolean {
    return this.busy !== undefined && !this.isMeasuring;
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
    await this.measuring.run<Profile>({
      busy: { what: vscode.l10n.t('Profiling') },
      ask: (place, call) => this.around.engine.api.profile({ ...options, ...place }, call),
      keep: (profile) => (this.profile = profile),
      partly: 'figures',
    });
  }

  /** Compresses one layer after the other and keeps what that does to the answers, as `measure` keeps a profile. */
  async measureSensitivity(options: SensitivityOptions): Promise<void> {
    const before = this.isSensitivityStale ? undefined : this.sensitivity;
    const order = this.inspection?.layers.map(({ id }) => id) ?? [];
    const cache = this.cacheFor('sensitivity').fsPath;
    try {
      await this.measuring.run<Sensitivity>({
        busy: { what: vscode.l10n.t('Measuring sensitivity'), task: 'sensitivity' },
        ask: (place, call) =>
          this.around.engine.api.sensitivity({ ...options, ...place, cache }, call),
        keep: (found) => {
          this.sensitivity = options.layers ? joinSweeps(before, found, order) : found;
          this.isSensitivityStale = false;
        },
        // Rows come several times a second, and nothing but the dashboard waits for them.
        partly: 'progress',
      });
    } finally {
      await this.keepSweep();
    }
  }

  /** Chooses an action for every layer within a limit. Throws what the engine says. */
  async plan(options: PlanOptions): Promise<Plan> {
    const cache = this.cacheFor('plan').fsPath;
    const planned = await this.measuring.run<Plan>({
      busy: { what: vscode.l10n.t('Planning'), task: 'plan' },
      ask: (place, call) => this.around.engine.api.plan({ ...place, ...options, cache }, call),
      // What comes before the end is no plan yet.
      keep: () => {},
      partly: 'progress',
    });
    this.planned = planned;
    return planned;
  }

  /** Stops the run in progress, if there is one; complete runs that it has made are kept. */
  cancel(): void {
    this.measuring.cancel();
  }

  dispose(): void {
    this.stop();
    this.watcher.dispose();
    this.changes.dispose();
  }

  /** Ends whatever is under way, so that its results are of no more interest. */
  private stop(): void {
    this.reading.abort();
    this.measuring.drop();
  }

  private settle(): void {
    this.busy = undefined;
    this.changes.fire('figures');
  }

  private async read(): Promise<void> {
    const { signal } = this.reading;
    this.printed = undefined;
    this.update({ what: vscode.l10n.t('Reading') }, 0, '');
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
    this.sensitivity = undefined;
    this.planned = undefined;
    this.settle();
    void this.restoreSweep(signal);
  }

  /** Brings back what was measured of the model in this session or an earlier one, and says whether it holds of the file as it is. */
  private async restoreSweep(signal: AbortSignal): Promise<void> {
    const kept = this.inspection && (await this.kept.get(this.uri));
    if (!kept) return;
    try {
      const recipe = { version: 1, model: { file: this.name }, steps: [] } as const;
      const file = await this.file();
      const { sha256 } = await this.around.engine.api.checkRecipe({ file, recipe }, { signal });
      if (signal.aborted || this.isMeasuring || this.sensitivity) return;
      this.sensitivity = kept;
      this.isSensitivityStale = sha256 !== kept.model.sha256;
      this.changes.fire('figures');
    } catch (error) {
      if (!isCancelled(error)) this.around.log.warn(`${this.name}: ${messageOf(error)}`);
    }
  }

  /** A disk that is full costs the next session what was measured, and nothing now. */
  private async keepSweep(): Promise<void> {
    const { sensitivity, isSensitivityStale } = this;
    if (!sensitivity || isSensitivityStale) return;
    try {
      await this.kept.set(this.uri, sensitivity);
    } catch (error) {
      this.around.log.warn(`${this.name}: ${messageOf(error)}`);
    }
  }

  private async print(): Promise<TextView> {
    return this.around.engine.api.text({ file: await this.file(), ...this.sizes });
  }

  /** A folder for what was found out of a content: another one for every kind of finding. */
  private cacheFor(kind: 'sensitivity' | 'plan' | 'sweeps'): vscode.Uri {
    return vscode.Uri.joinPath(this.around.cache, kind);
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

  private update(busy: Task, fraction: number, note: string): void {
    this.busy = { ...busy, fraction, note };
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

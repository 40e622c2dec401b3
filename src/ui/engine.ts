import * as vscode from 'vscode';
import { messageOf } from '../base/errors';
import { lanes, type EngineApi } from '../protocol/engineApi';
import type { Engine } from '../protocol/engineProcess';
import type { CallOptions, Remote } from '../protocol/rpc';
import { onSettings, setting } from './config';

/** The window's one engine. Its processes start with the first call, and end with the window. */
export class EngineClient implements vscode.Disposable {
  private readonly learned = new vscode.EventEmitter<void>();
  /** Tells when `providers` has grown from the one that is always there. */
  readonly onDidLearnProviders = this.learned.event;
  private readonly settings = onSettings(['nodePath'], () => this.replace());
  private engine: Promise<Engine> | undefined;
  private known: readonly string[] | undefined;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly program: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** The engine's methods. The first call starts it. */
  readonly api = Object.fromEntries(
    Object.keys(lanes).map((name) => [name, this.call(name as keyof EngineApi)]),
  ) as unknown as Remote<EngineApi>;

  /** What the runtime can run models on; `cpu` alone until it was asked. */
  get providers(): readonly string[] {
    return this.known ?? ['cpu'];
  }

  /** Asks the runtime once what it can run models on. Never throws: without an answer there is the processor. */
  learnProviders(): Promise<void> {
    this.asking ??= this.askProviders();
    return this.asking;
  }

  /** Ends the processes; the next call starts new ones. What is under way fails as cancelled. */
  restart(): void {
    void this.engine?.then((engine) => engine.restart());
  }

  dispose(): void {
    this.settings.dispose();
    this.learned.dispose();
    this.end();
  }

  private call(name: keyof EngineApi) {
    return async (request: never, options?: CallOptions) => {
      this.engine ??= this.start();
      const { api } = await this.engine;
      return api[name](request, options);
    };
  }

  /** Loads what talks to processes only now: an activation that nothing follows does not pay for it. */
  private async start(): Promise<Engine> {
    const { startEngine } = await import('./later');
    return startEngine({
      program: this.program.fsPath,
      nodePath: setting('nodePath') || undefined,
      log: (line) => this.log.info(line),
    });
  }

  private end(): void {
    void this.engine?.then((engine) => engine.dispose());
    this.engine = undefined;
  }

  private async askProviders(): Promise<void> {
    try {
      const { version, providers, node } = await this.api.runtime({});
      this.log.info(`ONNX Runtime ${version} on ${node}: ${providers.join(', ')}`);
      this.known = providers;
      this.learned.fire();
    } catch (error) {
      this.log.warn(messageOf(error));
    }
  }

  private replace(): void {
    this.end();
    this.asking = undefined;
  }
}

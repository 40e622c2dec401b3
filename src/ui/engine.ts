import * as vscode from 'vscode';
import { messageOf } from '../base/errors';
import type { EngineApi } from '../protocol/engineApi';
import { startEngine, type Engine } from '../protocol/engineProcess';
import type { Remote } from '../protocol/rpc';
import { onSettings, setting } from './config';

/** The window's one engine. Its processes start with the first call, and end with the window. */
export class EngineClient implements vscode.Disposable {
  private readonly learned = new vscode.EventEmitter<void>();
  /** Tells when `providers` has grown from the one that is always there. */
  readonly onDidLearnProviders = this.learned.event;
  private readonly settings = onSettings(['nodePath'], () => this.replace());
  private engine: Engine | undefined;
  private known: readonly string[] | undefined;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly program: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  get api(): Remote<EngineApi> {
    this.engine ??= startEngine({
      program: this.program.fsPath,
      nodePath: setting('nodePath') || undefined,
      log: (line) => this.log.info(line),
    });
    return this.engine.api;
  }

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
    this.engine?.restart();
  }

  dispose(): void {
    this.settings.dispose();
    this.learned.dispose();
    this.engine?.dispose();
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
    this.engine?.dispose();
    this.engine = undefined;
    this.asking = undefined;
  }
}

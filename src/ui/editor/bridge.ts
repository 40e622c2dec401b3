import 'vscode-jsonrpc/node';
import * as vscode from 'vscode';
import { remote, serve, type Remote } from '../../protocol/rpc';
import type { HostApi, RecipeApi, RowPage, RowQuery, ViewApi } from '../../protocol/viewApi';
import { connectionOver } from '../../protocol/webviewChannel';
import { queryRows } from '../../report/rows';
import { startAdvice } from '../commands/advise';
import { addCandidate } from '../commands/candidate';
import { chooseData } from '../commands/data';
import { exportProfile } from '../commands/exportProfile';
import { showInText } from '../commands/layers';
import { startProfile } from '../commands/profile';
import { exportSensitivity } from '../commands/exportSensitivity';
import { startPlan } from '../commands/plan';
import { askSensitivity } from '../commands/sensitivity';
import { showError } from '../errors';
import type { OpenModel } from '../models/openModel';
import type { OpenRecipe } from '../recipes/openRecipe';
import type { RecipeStore } from '../recipes/store';
import type { Services } from '../services';
import { recipeHandlers } from './recipeHandlers';
import { dashboardState } from './state';

/** Progress is shown this often; figures at once. */
const progressMs = 150;

/**
 * One dashboard's link to its model: answers what the page asks, and tells it what changed. A hidden page is gone, and messages to
 * it with it: it says `ready` when it is there again.
 */
export class DashboardBridge implements vscode.Disposable {
  private readonly view: Remote<ViewApi>;
  private readonly parts: vscode.Disposable;
  private ready = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    panel: vscode.WebviewPanel,
    private readonly model: OpenModel,
    private readonly services: Services,
  ) {
    const { webview } = panel;
    const connection = connectionOver({
      post: (message) => void webview.postMessage(message),
      onMessage: (listener) => webview.onDidReceiveMessage(listener),
    });
    serve<HostApi>(connection, this.handlers());
    serve<RecipeApi>(connection, recipeHandlers(services, model));
    this.view = remote<ViewApi>(connection);
    connection.listen();
    this.parts = vscode.Disposable.from(
      connection,
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.leave();
      }),
      model.onDidChange((change) => this.announce(change === 'progress' ? progressMs : 0)),
      services.recipes.onDidChange(({ recipe, change }) => {
        if (this.concerns(recipe)) this.announce(change === 'progress' ? progressMs : 0);
      }),
      services.candidates.onDidChange((original) => {
        if (original.toString() === model.uri.toString()) this.announce(0);
      }),
      services.engine.onDidLearnProviders(() => this.announce(0)),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.announce(0)),
      vscode.workspace.onDidChangeConfiguration(() => this.announce(0)),
      services.selection.onDidChange(({ model: owner, layers, origin }) => {
        if (owner === model && origin !== 'dashboard') this.select(layers);
      }),
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.leave();
    this.parts.dispose();
  }

  private leave(): void {
    this.ready = false;
    this.services.pages.left(this.model.uri, this);
  }

  private handlers(): Parameters<typeof serve<HostApi>>[1] {
    const { model, services } = this;
    const run = (work: () => Promise<unknown>): void => {
      work().catch((error: unknown) => {
        services.log.error(error instanceof Error ? error : String(error));
        void showError(error, model.name);
      });
    };
    return {
      ready: () => {
        this.ready = true;
        services.pages.arrived(model.uri, this);
        setImmediate(() => this.select(services.selection.of(model)));
        void this.learnProviders();
        void services.candidates.reload(model);
        return this.state();
      },
      rows: (query) => rowsOf(model, query, services.recipes),
      profile: (options) => void startProfile(services, model, options),
      measureSensitivity: () => void askSensitivity(services, model),
      exportSensitivity: () => run(() => exportSensitivity(services, model)),
      addCandidate: () => void addCandidate(services, model),
      advise: () => void startAdvice(services, model),
      plan: () => void startPlan(services, model),
      cancel: () => model.cancel(),
      setSizes: (sizes) => model.setSizes(sizes),
      chooseData: () => void chooseData(model),
      select: ({ layers }) => services.selection.set(model, layers, 'dashboard'),
      reveal: ({ layer }) => void showInText(services, { model, layers: [layer] }),
      exportProfile: () => run(() => exportProfile(services, model)),
      retry: () => model.reload(),
    };
  }

  /** After the model, which is what the reader waits for; and not where nothing may be run anyway. */
  private async learnProviders(): Promise<void> {
    await this.model.load();
    if (vscode.workspace.isTrusted) await this.services.engine.learnProviders();
  }

  private state() {
    return dashboardState(this.model, this.services);
  }

  private concerns(recipe: OpenRecipe): boolean {
    const { recipes } = this.services;
    return recipe === recipes.of(this.model) || recipe === recipes.makerOf(this.model.uri);
  }

  private announce(delayMs: number): void {
    if (delayMs > 0 && this.timer !== undefined) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.ready) this.tell(this.view.update(this.state()));
    }, delayMs);
  }

  private select(layers: readonly string[]): void {
    if (this.ready) this.tell(this.view.select({ layers: [...layers] }));
  }

  /** A page that was hidden in the meantime never answers, and a connection that was closed refuses: neither matters. */
  private tell(answer: Promise<unknown>): void {
    answer.catch((error: unknown) => this.services.log.debug(String(error)));
  }
}

function rowsOf(model: OpenModel, query: RowQuery, recipes: RecipeStore): RowPage {
  const { inspection, profile, sensitivity } = model;
  if (!inspection) return { total: 0, start: 0, rows: [] };
  return queryRows(inspection, profile, query, recipes.of(model).choices, sensitivity);
}

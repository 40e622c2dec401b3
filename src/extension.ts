import * as vscode from 'vscode';
import { CandidateStore } from './ui/candidates/store';
import { registerCommands } from './ui/commands';
import { DashboardPages } from './ui/editor/pages';
import { registerDashboard } from './ui/editor/provider';
import { EngineClient } from './ui/engine';
import { registerMentions } from './ui/mentions/provider';
import { ModelMemory } from './ui/models/memory';
import { ModelStore } from './ui/models/store';
import { registerRecipes } from './ui/recipes/register';
import { RecipeStore } from './ui/recipes/store';
import { Selection } from './ui/selection';
import type { Services } from './ui/services';
import { StatusItem } from './ui/status';
import { TextFiles } from './ui/text/files';
import { CostLenses } from './ui/text/lens';
import { registerTextView } from './ui/text/register';
import { LayerTree } from './ui/tree/layers';
import { TreeOrder } from './ui/tree/order';

/** What the tests inside the editor get to see. */
export interface Extension extends Services {
  readonly tree: LayerTree;
}

/** Puts the extension together. Only registers: the engine starts when a model is opened. */
export function activate(context: vscode.ExtensionContext): Extension {
  const services = compose(context);
  const { models, recipes, selection, treeOrder } = services;
  const tree = new LayerTree(models, recipes, selection, treeOrder);
  context.subscriptions.push(
    registerDashboard(services),
    registerTextView(services),
    registerMentions(services),
    registerRecipes(services),
    registerCommands(services),
    tree,
    new StatusItem(models),
  );
  return { ...services, tree };
}

function compose(context: vscode.ExtensionContext): Services {
  const own = <T extends vscode.Disposable>(part: T): T => {
    context.subscriptions.push(part);
    return part;
  };
  const log = own(vscode.window.createOutputChannel('Featherweight', { log: true }));
  const program = vscode.Uri.joinPath(context.extensionUri, 'dist', 'engine.js');
  const engine = own(new EngineClient(program, log));
  const memory = new ModelMemory(context.workspaceState);
  const storage = context.storageUri ?? context.globalStorageUri;
  const models = own(
    new ModelStore({ engine, memory, storage, cache: context.globalStorageUri, log }),
  );
  const recipes = own(new RecipeStore({ engine, storage, state: context.workspaceState, log }));
  const candidates = own(
    new CandidateStore({
      state: context.workspaceState,
      hashOf: (model) => recipes.hashOf(model),
    }),
  );
  const texts = own(new TextFiles(models));
  const lenses = own(new CostLenses(texts, models));
  const selection = own(new Selection());
  const pages = own(new DashboardPages());
  const treeOrder = own(new TreeOrder());
  return {
    context,
    log,
    engine,
    models,
    recipes,
    candidates,
    selection,
    pages,
    treeOrder,
    texts,
    lenses,
  };
}

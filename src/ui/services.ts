import type * as vscode from 'vscode';
import type { CandidateStore } from './candidates/store';
import type { DashboardPages } from './editor/pages';
import type { EngineClient } from './engine';
import type { ModelStore } from './models/store';
import type { RecipeStore } from './recipes/store';
import type { Selection } from './selection';
import type { TextFiles } from './text/files';
import type { CostLenses } from './text/lens';
import type { TreeOrder } from './tree/order';

/** What the extension is made of, handed to every part that needs more than one of them. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineClient;
  readonly models: ModelStore;
  readonly recipes: RecipeStore;
  readonly candidates: CandidateStore;
  readonly selection: Selection;
  readonly pages: DashboardPages;
  readonly treeOrder: TreeOrder;
  readonly texts: TextFiles;
  readonly lenses: CostLenses;
}

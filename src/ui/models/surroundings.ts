import type * as vscode from 'vscode';
import type { EngineApi } from '../../protocol/engineApi';
import type { Remote } from '../../protocol/rpc';
import type { ModelMemory } from './memory';

/** What a model needs from the rest of the extension. */
export interface ModelSurroundings {
  readonly engine: { readonly api: Remote<EngineApi> };
  readonly memory: ModelMemory;
  /** Where copies of models from virtual workspaces go. */
  readonly storage: vscode.Uri;
  /** Folder for what was measured of a content and holds in every workspace. */
  readonly cache: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
}

/** `figures`: what the engine knows has changed; `progress`: only how far it has come. */
export type ModelChange = 'figures' | 'progress';

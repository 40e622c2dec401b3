import type * as vscode from 'vscode';
import type { Sizes } from '../../protocol/engineApi';

/** What is kept about a model from one session to the next. */
export interface Remembered {
  readonly sizes?: Sizes;
  /** Path of the data it was last profiled with; undefined for synthetic inputs. */
  readonly data?: string;
}

/** Remembers choices per model in the workspace, for the most recent models. */
export class ModelMemory {
  constructor(private readonly state: vscode.Memento) {}

  get(uri: vscode.Uri): Remembered {
    return this.all().find(([key]) => key === uri.toString())?.[1] ?? {};
  }

  update(uri: vscode.Uri, change: Remembered): void {
    const others = this.all().filter(([key]) => key !== uri.toString());
    const entry = [uri.toString(), { ...this.get(uri), ...change }] as const;
    void this.state.update(storageKey, [entry, ...others].slice(0, mostModels));
  }

  private all(): readonly (readonly [string, Remembered])[] {
    return this.state.get<[string, Remembered][]>(storageKey, []);
  }
}

const storageKey = 'models';
const mostModels = 200;

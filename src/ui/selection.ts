import * as vscode from 'vscode';
import type { OpenModel } from './models/openModel';

/** Who selected: it has no need to follow its own selection. */
export type SelectionOrigin = 'tree' | 'text' | 'dashboard' | 'command';

export interface Selected {
  readonly model: OpenModel;
  /** Layer ids. */
  readonly layers: readonly string[];
  readonly origin: SelectionOrigin;
}

/** The one selection that tree, text and dashboard share. */
export class Selection implements vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<Selected>();
  readonly onDidChange = this.changes.event;
  private selected: Selected | undefined;

  get current(): Selected | undefined {
    return this.selected;
  }

  /** The selected layers of one model. */
  of(model: OpenModel): readonly string[] {
    return this.selected?.model === model ? this.selected.layers : [];
  }

  /** Selects layers; the same selection again is passed over, so that followers cannot call each other in circles. */
  set(model: OpenModel, layers: readonly string[], origin: SelectionOrigin): void {
    if (sameMembers(this.of(model), layers)) return;
    this.selected = { model, layers, origin };
    this.changes.fire(this.selected);
  }

  dispose(): void {
    this.changes.dispose();
  }
}

function sameMembers(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, at) => id === other[at]);
}

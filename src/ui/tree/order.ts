import * as vscode from 'vscode';
import { showContext } from '../context';

/** Whether the tree shows layers in the model's order, or by what compressing them does. */
export class TreeOrder implements vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changes.event;
  private ranked = false;

  /** Whether the user wants them ranked; a model that was not measured keeps its order all the same. */
  get isRanked(): boolean {
    return this.ranked;
  }

  rank(wanted: boolean): void {
    this.ranked = wanted;
    showContext('treeRanked', wanted);
    this.changes.fire();
  }

  dispose(): void {
    this.changes.dispose();
  }
}

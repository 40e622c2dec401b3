import * as vscode from 'vscode';
import { contextKeys, type ContextKey } from './names';

/** Tells `when` clauses something. */
export function showContext(key: ContextKey, value: boolean): void {
  void vscode.commands.executeCommand('setContext', contextKeys[key], value);
}

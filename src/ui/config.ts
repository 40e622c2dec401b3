import * as vscode from 'vscode';
import { settings, type SettingName, type SettingType } from './names';

/** The value of a setting where `scope` lies, or the default where the user wrote something of another type. */
export function setting<Name extends SettingName>(
  name: Name,
  scope?: vscode.Uri,
): SettingType<Name> {
  const { id, default: fallback } = settings[name];
  const value = vscode.workspace.getConfiguration(undefined, scope).get<unknown>(id);
  return (typeof value === typeof fallback ? value : fallback) as SettingType<Name>;
}

/** Calls `listener` when one of `names` changes. */
export function onSettings(names: readonly SettingName[], listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (names.some((name) => event.affectsConfiguration(settings[name].id))) listener();
  });
}

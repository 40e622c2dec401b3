import * as vscode from 'vscode';

/** A file that is being written changes many times a second: it is read once it has been quiet for this long. */
const quietMs = 400;

/**
 * Calls `changed` after one of the files that `isOurs` names, in the folder of `uri`, was written, made or deleted. The whole
 * folder is watched because a model's name may hold characters that mean something in a pattern.
 */
export function watchModel(
  uri: vscode.Uri,
  isOurs: (file: vscode.Uri) => boolean,
  changed: () => void,
): vscode.Disposable {
  const folder = vscode.Uri.joinPath(uri, '..');
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '*'));
  let timer: NodeJS.Timeout | undefined;
  const touched = (file: vscode.Uri) => {
    if (!isOurs(file)) return;
    clearTimeout(timer);
    timer = setTimeout(changed, quietMs);
  };
  return vscode.Disposable.from(
    watcher,
    watcher.onDidChange(touched),
    watcher.onDidCreate(touched),
    watcher.onDidDelete(touched),
    { dispose: () => clearTimeout(timer) },
  );
}

import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import { UserError } from '../../base/errors';

/** Copying a larger model than this without being asked would fill somebody's disk. */
const mostBytesToCopy = 2 ** 30;

/**
 * The path under which the engine, which only knows files, finds a model. A model of a virtual workspace is copied into `storage`
 * first, once per version. Throws `missingFile` where there is nothing, `unsupported` where it is too large to copy.
 */
export async function localFile(uri: vscode.Uri, storage: vscode.Uri): Promise<string> {
  if (uri.scheme === 'file') return uri.fsPath;
  const stat = await statOf(uri);
  if (stat.size > mostBytesToCopy) {
    throw new UserError(
      'unsupported',
      vscode.l10n.t('{0} does not lie on this disk and is too large to copy.', uri.path),
      vscode.l10n.t('Download the model and open it from a folder.'),
    );
  }
  const key = createHash('sha256').update(`${uri.toString()} ${stat.mtime} ${stat.size}`);
  const folder = vscode.Uri.joinPath(storage, 'copies', key.digest('hex').slice(0, 16));
  const copy = vscode.Uri.joinPath(folder, uri.path.split('/').pop() ?? 'model.onnx');
  if (!(await exists(copy))) {
    await vscode.workspace.fs.writeFile(copy, await vscode.workspace.fs.readFile(uri));
  }
  return copy.fsPath;
}

async function statOf(uri: vscode.Uri): Promise<vscode.FileStat> {
  try {
    return await vscode.workspace.fs.stat(uri);
  } catch {
    throw new UserError('missingFile', vscode.l10n.t('{0} is not there.', uri.path));
  }
}

/** Whether something lies at an address. */
export async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

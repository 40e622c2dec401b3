import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import type { Sensitivity } from '../../protocol/sensitivity';

/** Files of this many models are kept; those that were not measured for longest go. */
const mostKept = 50;

/** Keeps the last sweep of a model for the next time that it is opened. Throws what the file system says. */
export async function keepSweep(
  folder: vscode.Uri,
  model: vscode.Uri,
  sensitivity: Sensitivity,
): Promise<void> {
  const { fs } = vscode.workspace;
  await fs.createDirectory(folder);
  await fs.writeFile(fileFor(folder, model), Buffer.from(JSON.stringify(sensitivity)));
  const files = (await fs.readDirectory(folder)).map(([name]) => vscode.Uri.joinPath(folder, name));
  if (files.length <= mostKept) return;
  const dated = await Promise.all(
    files.map(async (uri) => ({ uri, mtime: (await fs.stat(uri)).mtime })),
  );
  dated.sort((a, b) => b.mtime - a.mtime);
  await Promise.all(dated.slice(mostKept).map(({ uri }) => fs.delete(uri)));
}

/** The last sweep of a model, whatever its content was then; undefined where there is none that can be read. */
export async function keptSweep(
  folder: vscode.Uri,
  model: vscode.Uri,
): Promise<Sensitivity | undefined> {
  try {
    const bytes = await vscode.workspace.fs.readFile(fileFor(folder, model));
    const kept = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<Sensitivity>;
    return isWhole(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** A file of an older version may lack what views go by. */
function isWhole(kept: Partial<Sensitivity>): kept is Sensitivity {
  const lists = [kept.layers, kept.probes, kept.skipped, kept.ranking, kept.hints, kept.notes];
  return [...lists, kept.propagation].every(Array.isArray) && kept.model !== undefined;
}

function fileFor(folder: vscode.Uri, model: vscode.Uri): vscode.Uri {
  const name = createHash('sha256').update(model.toString()).digest('hex').slice(0, 32);
  return vscode.Uri.joinPath(folder, `${name}.json`);
}

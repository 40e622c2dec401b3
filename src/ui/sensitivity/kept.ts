import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import type { Sensitivity } from '../../protocol/sensitivity';

/** Files of this many models are kept; those that were not measured for longest go. */
const mostKept = 50;

/** The last sweep of every model, for the next time that it is opened. */
export class KeptSweeps {
  constructor(private readonly folder: vscode.Uri) {}

  /** The last sweep of a model, whatever its content was then; undefined where there is none that can be read. */
  async get(model: vscode.Uri): Promise<Sensitivity | undefined> {
    try {
      const bytes = await vscode.workspace.fs.readFile(this.fileFor(model));
      const kept = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<Sensitivity>;
      return isWhole(kept) ? kept : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps a sweep in the place of the model's last one. Throws what the file system says. */
  async set(model: vscode.Uri, sensitivity: Sensitivity): Promise<void> {
    const { fs } = vscode.workspace;
    await fs.createDirectory(this.folder);
    await fs.writeFile(this.fileFor(model), Buffer.from(JSON.stringify(sensitivity)));
    await this.trim();
  }

  private async trim(): Promise<void> {
    const { fs } = vscode.workspace;
    const names = (await fs.readDirectory(this.folder)).map(([name]) => name);
    if (names.length <= mostKept) return;
    const files = names.map((name) => vscode.Uri.joinPath(this.folder, name));
    const dated = await Promise.all(
      files.map(async (uri) => ({ uri, mtime: (await fs.stat(uri)).mtime })),
    );
    dated.sort((a, b) => b.mtime - a.mtime);
    await Promise.all(dated.slice(mostKept).map(({ uri }) => fs.delete(uri)));
  }

  private fileFor(model: vscode.Uri): vscode.Uri {
    const name = createHash('sha256').update(model.toString()).digest('hex').slice(0, 32);
    return vscode.Uri.joinPath(this.folder, `${name}.json`);
  }
}

/** A file of an older version may lack what views go by. */
function isWhole(kept: Partial<Sensitivity>): kept is Sensitivity {
  const lists = [kept.layers, kept.probes, kept.skipped, kept.ranking, kept.hints, kept.notes];
  return (
    [...lists, kept.propagation, kept.stability].every(Array.isArray) && kept.model !== undefined
  );
}

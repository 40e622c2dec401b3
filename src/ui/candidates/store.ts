import * as vscode from 'vscode';
import type { Comparison } from '../../protocol/build';
import { candidateViews } from '../../report/candidates';
import type { CandidateView } from '../../protocol/sensitivity';
import type { OpenModel } from '../models/openModel';

/** A comparison that was made, with what tells whether it still holds of its two files. */
interface Kept {
  /** Address of the candidate. */
  readonly candidate: string;
  readonly reference: Content;
  readonly content: Content;
  readonly comparison: Comparison;
}

/** A file's content: the hash tells for sure, size and time tell without reading it. */
interface Content {
  readonly sha256: string;
  readonly size: number;
  readonly mtime: number;
}

interface Around {
  readonly state: vscode.Memento;
  /** SHA-256 of a model's own file. */
  readonly hashOf: (model: vscode.Uri) => Promise<string>;
}

type Original = Pick<OpenModel, 'uri'>;

const keyOf = ({ uri }: Original) => `candidates ${uri.toString()}`;
const mostKept = 50;

/**
 * Every model that was measured against an original, in this session or an earlier one. What was measured of a content is forgotten when
 * the candidate is gone or either file holds another one.
 */
export class CandidateStore implements vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<vscode.Uri>();
  /** The original whose candidates have changed. */
  readonly onDidChange = this.changes.event;
  private readonly checked = new Map<string, readonly Kept[]>();
  private readonly checking = new Map<string, Promise<void>>();

  constructor(private readonly around: Around) {}

  /** The original and what was measured against it; empty until there is something, and until that has been checked. */
  viewsOf(original: Original): CandidateView[] {
    const kept = this.checked.get(keyOf(original)) ?? [];
    return candidateViews(kept.map(({ comparison }) => comparison));
  }

  /** Holds what is remembered of an original against the files, once for as long as it stays open. */
  load(original: Original): Promise<void> {
    const key = keyOf(original);
    const known = this.checking.get(key) ?? this.check(original);
    this.checking.set(key, known);
    return known;
  }

  /** The same, anew: after one of the files was written. */
  reload(original: Original): Promise<void> {
    this.checking.delete(keyOf(original));
    return this.load(original);
  }

  /** Keeps what was measured of a candidate, in the place of what was measured of it before. */
  async keep(original: Original, candidate: vscode.Uri, comparison: Comparison): Promise<void> {
    const [reference, content] = await Promise.all([
      this.contentOf(original.uri),
      this.contentOf(candidate),
    ]);
    await this.load(original);
    if (!reference || !content) return;
    const paths = { reference: original.uri.fsPath, candidate: candidate.fsPath };
    // Layers and kernels are told by the comparison itself; here they would fill the workspace's memory.
    const slim = { ...comparison, ...paths, layers: [], kernels: [], outputs: [] };
    const address = candidate.toString();
    const others = (this.checked.get(keyOf(original)) ?? []).filter(
      (kept) => kept.candidate !== address,
    );
    const entry = { candidate: address, reference, content, comparison: slim };
    await this.set(original, [...others, entry].slice(-mostKept));
  }

  dispose(): void {
    this.changes.dispose();
  }

  private async check(original: Original): Promise<void> {
    const remembered = this.around.state.get<readonly Kept[]>(keyOf(original), []);
    const holds = await Promise.all(
      remembered.map(
        async ({ candidate, reference, content }) =>
          (await this.isStill(original.uri, reference)) &&
          (await this.isStill(vscode.Uri.parse(candidate, true), content)),
      ),
    );
    const kept = remembered.filter((_, at) => holds[at]);
    if (kept.length < remembered.length) await this.set(original, kept);
    else if (kept.length > 0) this.show(original, kept);
  }

  private async set(original: Original, kept: readonly Kept[]): Promise<void> {
    await this.around.state.update(keyOf(original), kept.length > 0 ? kept : undefined);
    this.show(original, kept);
  }

  private show(original: Original, kept: readonly Kept[]): void {
    this.checked.set(keyOf(original), kept);
    this.changes.fire(original.uri);
  }

  /** A file that was touched but holds the same is the same. */
  private async isStill(uri: vscode.Uri, { sha256, size, mtime }: Content): Promise<boolean> {
    const stat = await statOf(uri);
    if (stat?.size !== size) return false;
    return stat.mtime === mtime || (await this.hash(uri)) === sha256;
  }

  private async contentOf(uri: vscode.Uri): Promise<Content | undefined> {
    const [stat, sha256] = await Promise.all([statOf(uri), this.hash(uri)]);
    return stat && sha256 !== undefined
      ? { sha256, size: stat.size, mtime: stat.mtime }
      : undefined;
  }

  private async hash(uri: vscode.Uri): Promise<string | undefined> {
    try {
      return await this.around.hashOf(uri);
    } catch {
      return undefined;
    }
  }
}

async function statOf(uri: vscode.Uri): Promise<vscode.FileStat | undefined> {
  try {
    return await vscode.workspace.fs.stat(uri);
  } catch {
    return undefined;
  }
}

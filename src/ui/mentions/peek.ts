import * as vscode from 'vscode';
import type { Inspection } from '../../protocol/types';
import type { EngineClient } from '../engine';
import type { ModelStore } from '../models/store';

const mostKept = 32;

interface Peeked {
  readonly version: string;
  readonly inspection: Promise<Inspection | undefined>;
}

/** What models cost that are only mentioned somewhere: read once per version of the file, and not opened. */
export class ModelPeek {
  private readonly peeked = new Map<string, Peeked>();

  constructor(
    private readonly engine: EngineClient,
    private readonly models: ModelStore,
  ) {}

  /** A model's inspection, or undefined for a file that is none. */
  async inspect(uri: vscode.Uri): Promise<Inspection | undefined> {
    const open = this.models.get(uri);
    if (open?.inspection) return open.inspection;
    const { mtime, size } = await vscode.workspace.fs.stat(uri);
    const key = uri.toString();
    const version = `${mtime} ${size}`;
    const known = this.peeked.get(key);
    if (known?.version === version) return known.inspection;
    const inspection = this.engine.api.inspect({ file: uri.fsPath }).catch(() => undefined);
    this.peeked.delete(key);
    this.peeked.set(key, { version, inspection });
    const [oldest] = this.peeked.keys();
    if (oldest !== undefined && this.peeked.size > mostKept) this.peeked.delete(oldest);
    return inspection;
  }
}

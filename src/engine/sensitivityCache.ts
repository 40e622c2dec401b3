import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hashOf } from './fileHash';

/** One finished row: the scores of every sample. */
interface KeptRow {
  readonly layer: string;
  readonly probe: string;
  readonly scores: readonly number[];
}

/** Finished rows of earlier sweeps, kept under what they stand on: the model's and the data's content, the samples and the metric. */
export class SensitivityCache {
  private readonly file: string | undefined;
  private readonly rows = new Map<string, readonly number[]>();

  /** `folder` undefined keeps nothing. Lines that a killed process left half written are passed over. */
  constructor(folder: string | undefined, standsOn: readonly string[]) {
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    const key = createHash('sha256').update(standsOn.join('\n')).digest('hex').slice(0, 32);
    this.file = join(folder, `${key}.jsonl`);
    if (!existsSync(this.file)) return;
    for (const line of readFileSync(this.file, 'utf8').split('\n')) {
      const row = parsed(line);
      if (row) this.rows.set(keyOf(row.layer, row.probe), row.scores);
    }
  }

  get(layer: string, probe: string): readonly number[] | undefined {
    return this.rows.get(keyOf(layer, probe));
  }

  add(row: KeptRow): void {
    this.rows.set(keyOf(row.layer, row.probe), row.scores);
    // A line break first: what a killed process left unfinished spoils its own line only.
    if (this.file) appendFileSync(this.file, `\n${JSON.stringify(row)}`);
  }
}

/** What tells one content from another: of a file, and of everything in a folder. */
export function contentOf(path: string): string {
  if (!statSync(path).isDirectory()) return hashOf(path);
  return readdirSync(path)
    .sort()
    .map((entry) => `${entry} ${contentOf(join(path, entry))}`)
    .join('\n');
}

const keyOf = (layer: string, probe: string) => `${probe} ${layer}`;

function parsed(line: string): KeptRow | undefined {
  try {
    const row = JSON.parse(line) as Partial<KeptRow>;
    const isWhole = typeof row.layer === 'string' && typeof row.probe === 'string';
    return isWhole && Array.isArray(row.scores) ? (row as KeptRow) : undefined;
  } catch {
    return undefined;
  }
}

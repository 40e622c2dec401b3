import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors';

/** One finished row: the scores of the samples that were spent on it. */
export interface KeptRow {
  readonly id: string;
  readonly probe: string;
  readonly scores: readonly number[];
  /** Mean over all samples and half the width of its interval, where `scores` are of some only. */
  readonly estimate?: { readonly mean: number; readonly halfWidth: number };
}

/** Files that no sweep has asked for in so many days are removed. */
const keptDays = 90;
const dayMs = 24 * 3600 * 1000;
const ending = '.jsonl';

/**
 * Finished rows of earlier sweeps, a line each in a file that is named by what they stand on. Any number of processes may add to it at
 * once: a line is written in one piece, and one that is not whole is passed over.
 */
export class SensitivityCache {
  private readonly file: string | undefined;
  private readonly rows = new Map<string, KeptRow>();
  private failure: string | undefined;

  /** `folder` undefined keeps nothing; `samples` is how many scores each row has, where all have as many. A folder that cannot be used is `trouble`, not an error. */
  constructor(
    folder: string | undefined,
    standsOn: readonly string[],
    private readonly samples?: number,
  ) {
    if (folder === undefined) return;
    const key = createHash('sha256').update(standsOn.join('\n')).digest('hex').slice(0, 32);
    this.file = join(folder, `${key}${ending}`);
    this.attempt(() => mkdirSync(folder, { recursive: true }));
    this.attempt(() => this.read());
    forgetOld(folder);
  }

  /** Why rows are not kept, a sentence; undefined where they are. */
  get trouble(): string | undefined {
    return this.failure && `Finished rows could not be kept for the next time: ${this.failure}.`;
  }

  get(id: string, probe: string): readonly number[] | undefined {
    return this.row(id, probe)?.scores;
  }

  row(id: string, probe: string): KeptRow | undefined {
    return this.rows.get(keyOf(id, probe));
  }

  add(row: KeptRow): void {
    this.rows.set(keyOf(row.id, row.probe), row);
    const { file } = this;
    // A line break first: what a killed process left unfinished spoils its own line only.
    if (file) this.attempt(() => appendFileSync(file, `\n${JSON.stringify(row)}`));
  }

  private read(): void {
    // A device never ends.
    if (!this.file || !statSync(this.file, { throwIfNoEntry: false })?.isFile()) return;
    for (const line of readFileSync(this.file, 'utf8').split('\n')) {
      const row = parsed(line);
      if (row && (this.samples ?? row.scores.length) === row.scores.length) {
        this.rows.set(keyOf(row.id, row.probe), row);
      }
    }
    const now = new Date();
    utimesSync(this.file, now, now);
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failure ??= messageOf(error);
    }
  }
}

function forgetOld(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      const { mtimeMs } = statSync(file);
      if (name.endsWith(ending) && Date.now() - mtimeMs > keptDays * dayMs) rmSync(file);
    }
  } catch {
    // Another process was quicker, or the folder may not be read: nothing is lost by leaving them.
  }
}

const keyOf = (id: string, probe: string) => `${probe} ${id}`;

function parsed(line: string): KeptRow | undefined {
  try {
    const row = JSON.parse(line) as Partial<KeptRow>;
    const { id, probe, scores, estimate } = row;
    if (typeof id !== 'string' || typeof probe !== 'string' || !Array.isArray(scores)) {
      return undefined;
    }
    const figures = [...scores, ...(estimate ? [estimate.mean, estimate.halfWidth] : [])];
    return figures.every(Number.isFinite) ? { ...row, id, probe, scores } : undefined;
  } catch {
    return undefined;
  }
}

import { KeptLines, type LineKind } from './keptLines';

/** One finished row: the scores of the samples that were spent on it. */
export interface KeptRow {
  readonly id: string;
  readonly probe: string;
  readonly scores: readonly number[];
  /** Numbers of the samples that the scores are of; all of them, in their order, where it is left out. */
  readonly samples?: readonly number[] | undefined;
  /** Mean over all samples and half the width of its interval, where `scores` are of some only. */
  readonly estimate?: { readonly mean: number; readonly halfWidth: number };
}

/** Rows of scores that are kept from one call to the next, by what they are about. */
export class SensitivityCache {
  private readonly lines: KeptLines<KeptRow>;

  /** `folder` undefined keeps nothing; `samples` is how many scores each row has, where all have as many. */
  constructor(
    folder: string | undefined,
    standsOn: readonly string[],
    private readonly samples?: number,
  ) {
    this.lines = new KeptLines(folder, standsOn, rows);
  }

  /** What went otherwise than it should, a sentence each. */
  notes(): readonly string[] {
    return this.lines.notes();
  }

  get(id: string, probe: string): readonly number[] | undefined {
    return this.row(id, probe)?.scores;
  }

  row(id: string, probe: string): KeptRow | undefined {
    const row = this.lines.get(rowId({ id, probe }));
    return row && (this.samples ?? row.scores.length) === row.scores.length ? row : undefined;
  }

  add(row: KeptRow): void {
    this.lines.add(row);
  }
}

const rowId = ({ id, probe }: Pick<KeptRow, 'id' | 'probe'>) => `${probe} ${id}`;

const rows: LineKind<KeptRow> = { keyOf: rowId, read };

function read(line: unknown): KeptRow | undefined {
  const row = (line ?? {}) as Partial<KeptRow>;
  const { id, probe, scores, samples = [], estimate } = row;
  if (typeof id !== 'string' || typeof probe !== 'string' || !Array.isArray(scores)) {
    return undefined;
  }
  const figures = [...scores, ...samples, ...(estimate ? [estimate.mean, estimate.halfWidth] : [])];
  return figures.every(Number.isFinite) ? { ...row, id, probe, scores } : undefined;
}

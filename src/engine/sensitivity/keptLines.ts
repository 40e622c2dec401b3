import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors';
import { keptEnding, mostKeptBytes, trimKept } from './trimKept';

/** What lines hold. */
export interface LineKind<T> {
  /** Of two values with one key the later one counts. */
  readonly keyOf: (value: T) => string;
  /** A parsed line as a value; undefined where it is none. */
  readonly read: (line: unknown) => T | undefined;
}

/**
 * Finished results of earlier calls, a line of JSON each in a file that is named by what they stand on. Any number of processes may add to
 * it at once: a line is written in one piece, and one that is not whole is left out, with a note.
 */
export class KeptLines<T> {
  private readonly file: string | undefined;
  private readonly values = new Map<string, T>();
  private failure: string | undefined;
  private damaged = 0;

  /** `folder` undefined keeps nothing. A folder that cannot be used is among the notes, and no error. */
  constructor(
    folder: string | undefined,
    standsOn: readonly string[],
    private readonly kind: LineKind<T>,
  ) {
    if (folder === undefined) return;
    const key = createHash('sha256').update(standsOn.join('\n')).digest('hex').slice(0, 32);
    this.file = join(folder, `${key}${keptEnding}`);
    this.attempt(() => mkdirSync(folder, { recursive: true }));
    trimKept(folder, this.file);
    this.attempt(() => this.read());
  }

  /** What went otherwise than it should, a sentence each. */
  notes(): readonly string[] {
    const { failure, damaged } = this;
    const lines = damaged === 1 ? '1 line' : `${damaged} lines`;
    return [
      ...(failure === undefined
        ? []
        : [`Finished rows could not be kept for the next time: ${failure}.`]),
      ...(damaged > 0
        ? [`Of what was kept from before, ${lines} could not be read and are left out.`]
        : []),
    ];
  }

  get(key: string): T | undefined {
    return this.values.get(key);
  }

  add(value: T): void {
    this.values.set(this.kind.keyOf(value), value);
    const { file } = this;
    // A line break first: what a killed process left unfinished spoils its own line only.
    if (file) this.attempt(() => appendFileSync(file, `\n${JSON.stringify(value)}`));
  }

  private read(): void {
    const { file } = this;
    const facts = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
    // A device never ends.
    if (file === undefined || !facts?.isFile() || facts.size > mostKeptBytes) return;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line === '') continue;
      const value = this.kind.read(parsed(line));
      if (value === undefined) this.damaged++;
      else this.values.set(this.kind.keyOf(value), value);
    }
    if (this.damaged > 0) this.mend(file);
    const now = new Date();
    utimesSync(file, now, now);
  }

  /** Writes what could be read, so that damage is told of once. What another process adds in this moment is measured again. */
  private mend(file: string): void {
    const mended = `${file}.${process.pid}`;
    const lines = [...this.values.values()].map((value) => `\n${JSON.stringify(value)}`);
    writeFileSync(mended, lines.join(''));
    renameSync(mended, file);
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failure ??= messageOf(error);
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

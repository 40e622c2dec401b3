import { closeSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../base/errors';
import { isRunning, machine } from './staging';

/**
 * A file that takes long to write, under a hidden name that says what it will hold. It stays when the process is ended, and the next one
 * that is to write the same goes on from there.
 */
export interface PartFile {
  readonly path: string;
  /** Bytes that are there already. */
  readonly length: number;
  /** To be called when writing has ended; `keep` leaves it to be gone on with, where it is large enough to be worth that. */
  readonly end: (keep: boolean) => void;
}

const pattern = /^\.featherweight-(?<machine>[0-9a-f]{8})-(?<pid>\d+)-(?<key>[0-9a-f]{16})\.part$/;
/** Fewer bytes are written anew sooner than anybody would thank for them. */
const leastKept = 32e6;
const longestKeptMs = 24 * 3600_000;

/** Of this process. */
const inUse = new Set<string>();

/**
 * The file in `folder` for what `key` (16 hexadecimal digits) stands for: one that was cut short, or a new one. Throws `badInput` where
 * this process is writing it already, and what making it throws.
 */
export function takePart(folder: string, key: string): PartFile {
  const path = join(folder, `.featherweight-${machine}-${process.pid}-${key}.part`);
  if (inUse.has(path)) throw new UserError('badInput', 'This is being built there already.');
  const left = leftParts(folder).find((name) => pattern.exec(name)?.groups?.['key'] === key);
  if (left !== undefined) adopt(join(folder, left), path);
  const length = sizeOf(path);
  if (length === 0) closeSync(openSync(path, 'w'));
  inUse.add(path);
  const end = (keep: boolean) => {
    inUse.delete(path);
    if (!keep || sizeOf(path) < leastKept) rmSync(path, { force: true });
  };
  return { path, length, end };
}

function adopt(from: string, to: string): void {
  try {
    // What was written before the machine stopped may be missing in the middle.
    if (statSync(from).mtimeMs > Date.now() - uptime() * 1000) renameSync(from, to);
  } catch {
    // Another build was quicker.
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Removes what nobody will go on with. */
export function sweepParts(folder: string): void {
  for (const name of leftParts(folder)) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    const old = found && Date.now() - found.mtimeMs > longestKeptMs;
    if (old || (found && found.size < leastKept)) rmSync(path, { force: true });
  }
}

function leftParts(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => {
    const found = pattern.exec(name)?.groups;
    return found?.['machine'] === machine && !isRunning(Number(found['pid']));
  });
}

import { printable } from './text';

/** A name from a file, made fit for a message: in quotes, on one line, not too long. */
export function quoted(name: string): string {
  return `'${printable(name, 100)}'`;
}

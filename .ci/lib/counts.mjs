import { writeFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * The closing line of every runner; CI reads it.
 * @param {Counts} counts
 */
export function closingLine({ passed, failed, skipped }) {
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  return `${passed} passed, ${failed} failed${tail}`;
}

/**
 * Ends a runner: sets the exit code and hands the counts to `npm test` where that started it. Gives what is left to print: the closing
 * line, unless it is `npm test` that prints the one line for all.
 * @param {Counts} counts
 */
export function finish(counts) {
  const file = process.env.FEATHERWEIGHT_COUNTS;
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  if (!file) return `${closingLine(counts)}\n`;
  writeFileSync(file, JSON.stringify(counts));
  return '';
}

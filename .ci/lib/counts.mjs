import { writeFileSync } from 'node:fs';

/** @typedef {{ name: string, error: string }} Failure */
/** @typedef {{ passed: number, failed: number, skipped: number, failures: readonly Failure[] }} Counts */

/** Logs of CI are cut to their end: enough to know what failed, and no more than such an end holds. */
const mostFailures = 30;
const mostLines = 6;
const mostColumns = 200;

/** @type {Counts} */
export const none = { passed: 0, failed: 0, skipped: 0, failures: [] };

/**
 * @param {Counts} a
 * @param {Counts} b
 * @returns {Counts}
 */
export function sum(a, b) {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

/**
 * Of something that passes or fails as one.
 * @param {boolean} good
 * @param {Failure} failure
 * @returns {Counts}
 */
export function outcome(good, failure) {
  return good ? { ...none, passed: 1 } : { ...none, failed: 1, failures: [failure] };
}

/**
 * The last lines of every runner: what failed with the beginning of its error, and at the very end the line that CI reads.
 * @param {Counts} counts
 */
export function closingLines({ passed, failed, skipped, failures }) {
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  const more = failures.length - mostFailures;
  return [
    ...failures.slice(0, mostFailures).flatMap(linesOf),
    ...(more > 0 ? [`✖ … and ${more} more`] : []),
    `${passed} passed, ${failed} failed${tail}`,
  ].join('\n');
}

/** @param {Failure} failure */
function linesOf({ name, error }) {
  const lines = error.split('\n').filter((line) => line.trim() !== '');
  return [`✖ ${name}`, ...lines.slice(0, mostLines).map((line) => `    ${line.trimEnd()}`)].map(
    (line) => (line.length > mostColumns ? `${line.slice(0, mostColumns - 1)}…` : line),
  );
}

/**
 * Ends a runner: sets the exit code and hands the counts to `npm test` where that started it. Gives what is left to print: the closing
 * lines, unless it is `npm test` that prints them for all.
 * @param {Counts} counts
 */
export function finish(counts) {
  const file = process.env.FEATHERWEIGHT_COUNTS;
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
  if (!file) return `${closingLines(counts)}\n`;
  writeFileSync(file, JSON.stringify(counts));
  return '';
}

// A reporter of node:test: failures in full when they happen, then one line per file, and at the end what failed and the counts.
import { relative } from 'node:path';
import { finish, none, sum } from './counts.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number, ms: number }} Tally */
/** @typedef {import('node:test/reporters').TestEvent} Event */
/** @typedef {Extract<Event, { type: 'test:pass' | 'test:fail' }>['data']} Outcome */

/** @param {AsyncIterable<Event>} events */
export default async function* report(events) {
  /** @type {Map<string, Tally>} */
  const files = new Map();
  /** @type {import('./counts.mjs').Failure[]} */
  const failures = [];
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type === 'test:diagnostic' && data.file) yield `  ${data.message}\n`;
    if (type === 'test:pass') add(files, data, data.skip || data.todo ? 'skipped' : 'passed');
    if (type === 'test:fail' && !failedByItsParts(data)) {
      add(files, data, 'failed');
      const error = textOf(data);
      failures.push({ name: `${data.name} (${sourceName(data.file ?? data.name)})`, error });
      yield `✖ ${data.name}\n  ${error.replaceAll('\n', '\n  ')}\n`;
    }
  }
  /** @type {import('./counts.mjs').Counts} */
  let total = { ...none, failures };
  for (const [file, tally] of [...files].sort(([a], [b]) => a.localeCompare(b))) {
    yield line(file, tally);
    total = sum(total, { ...tally, failures: [] });
  }
  yield finish(total);
}

/**
 * A test whose subtests failed: those were counted.
 * @param {Outcome} data
 */
const failedByItsParts = (data) =>
  errorOf(data)?.failureType === 'subtestsFailed' && !isFile(data.name);

/**
 * node:test gives this type to a file that could not be loaded, too.
 * @param {string} name
 */
const isFile = (name) => /\.js$/.test(name);

/**
 * @param {Map<string, Tally>} files
 * @param {Outcome} data
 * @param {'passed' | 'failed' | 'skipped'} kind
 */
function add(files, data, kind) {
  const file = sourceName(data.file ?? data.name);
  const tally = files.get(file) ?? { passed: 0, failed: 0, skipped: 0, ms: 0 };
  if (data.details.type !== 'suite') tally[kind]++;
  if (data.nesting === 0) tally.ms += data.details.duration_ms;
  files.set(file, tally);
}

/**
 * out/test-x1y2z3/test/onnx/read.test.js → test/onnx/read.test
 * @param {string} file
 */
const sourceName = (file) =>
  relative('.', file)
    .replaceAll('\\', '/')
    .replace(/^out\/test-[^/]+\//, '')
    .replace(/\.[jt]sx?$/, '');

/**
 * @param {string} file
 * @param {Tally} tally
 */
function line(file, { passed, failed, skipped, ms }) {
  const notes = [`${passed} passed`];
  if (failed) notes.push(`${failed} failed`);
  if (skipped) notes.push(`${skipped} skipped`);
  return `${failed ? '✖' : '✔'} ${file}: ${notes.join(', ')} (${(ms / 1000).toFixed(1)} s)\n`;
}

/** @param {Outcome} data */
function textOf(data) {
  const error = errorOf(data);
  const cause = /** @type {Error | string | undefined} */ (error?.cause) ?? error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

/**
 * @param {Outcome} data
 * @returns {(Error & { failureType?: string }) | undefined}
 */
const errorOf = (data) => ('error' in data.details ? data.details.error : undefined);

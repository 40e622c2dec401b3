// A reporter of node:test: failures in full when they happen, then one line per file and the counts.
import { relative } from 'node:path';
import { finish } from './counts.mjs';

/** @typedef {import('./counts.mjs').Counts & { ms: number }} Tally */
/** @typedef {import('node:test/reporters').TestEvent} Event */
/** @typedef {Extract<Event, { type: 'test:pass' | 'test:fail' }>['data']} Outcome */

/** @param {AsyncIterable<Event>} events */
export default async function* report(events) {
  /** @type {Map<string, Tally>} */
  const files = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type === 'test:diagnostic' && data.file) yield `  ${data.message}\n`;
    if (type === 'test:pass') add(files, data, data.skip || data.todo ? 'skipped' : 'passed');
    if (type === 'test:fail' && !failedByItsParts(data)) {
      add(files, data, 'failed');
      yield failure(data);
    }
  }
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const [file, tally] of [...files].sort(([a], [b]) => a.localeCompare(b))) {
    yield line(file, tally);
    for (const kind of /** @type {const} */ (['passed', 'failed', 'skipped'])) {
      total[kind] += tally[kind];
    }
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
 * @param {keyof import('./counts.mjs').Counts} kind
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
function failure(data) {
  const error = errorOf(data);
  const cause = /** @type {Error | string | undefined} */ (error?.cause) ?? error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `✖ ${data.name}\n  ${text.replaceAll('\n', '\n  ')}\n`;
}

/**
 * @param {Outcome} data
 * @returns {(Error & { failureType?: string }) | undefined}
 */
const errorOf = (data) => ('error' in data.details ? data.details.error : undefined);

// Runs programs one after the other and sums up what they counted.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.mjs';
import { none, outcome, sum } from './counts.mjs';

/** @typedef {import('./counts.mjs').Counts} Counts */

/**
 * `args` of Node. `counts`: it reports how many tests passed; the others pass or fail as one.
 * @typedef {{ name: string, args: readonly string[], counts?: boolean }} Stage
 */

/** Of a failed program's output: where it has no tests to name, its end says most. */
const lastLines = 6;

/**
 * @param {readonly Stage[]} stages
 * @returns {Promise<Counts>}
 */
export async function runStages(stages) {
  let total = none;
  for (const stage of stages) total = sum(total, await runStage(stage));
  return total;
}

/**
 * @param {Stage} stage
 * @returns {Promise<Counts>}
 */
async function runStage({ name, args, counts = false }) {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-counts-'));
  const file = join(folder, 'counts.json');
  console.log(`\n── ${name}`);
  const begin = Date.now();
  const env = { ...process.env, FEATHERWEIGHT_COUNTS: file };
  const { status, output } = await run(process.execPath, args, {
    ...{ env, show: true, keep: true },
  });
  const failure = { name, error: endOf(output) };
  const result = counts ? read(file, status, failure) : outcome(status === 0, failure);
  rmSync(folder, { recursive: true, force: true });
  const seconds = ((Date.now() - begin) / 1000).toFixed(0);
  const told = counts
    ? `${result.passed} of ${result.passed + result.failed} passed`
    : status === 0
      ? 'good'
      : 'failed';
  console.log(`   ${told} in ${seconds} s`);
  return result;
}

/** @param {string} output */
const endOf = (output) =>
  output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lastLines)
    .join('\n');

/**
 * A runner that left no counts, or left good ones and failed after that, is a failure.
 * @param {string} file
 * @param {number} status
 * @param {import('./counts.mjs').Failure} failure
 * @returns {Counts}
 */
function read(file, status, failure) {
  try {
    /** @type {Counts} */
    const counts = JSON.parse(readFileSync(file, 'utf8'));
    return status !== 0 && counts.failed === 0 ? sum(counts, outcome(false, failure)) : counts;
  } catch {
    return outcome(false, failure);
  }
}

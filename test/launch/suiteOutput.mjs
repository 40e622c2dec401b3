import { outcome } from '../../.ci/lib/counts.mjs';
import { marks } from './marks.mjs';

/**
 * Picks the suite's lines out of everything that VS Code prints, and prints them. `end` gives the counts; a suite that never told its
 * result has failed, and then everything is printed.
 */
export function suiteOutput() {
  /** @type {string[]} */
  const others = [];
  /** @type {import('../../.ci/lib/counts.mjs').Counts | undefined} */
  let counts;
  let started = false;
  return {
    /** @param {string} line */
    line(line) {
      if (line.startsWith(marks.result)) counts = JSON.parse(line.slice(marks.result.length));
      else if (line.startsWith(marks.start)) started = true;
      else if (started && !counts) console.log(line);
      else others.push(line);
    },
    end() {
      if (counts) return counts;
      console.log(others.join('\n'));
      const why = 'The suite did not tell its result.';
      console.log(`✖ ${why}`);
      return outcome(false, { name: why, error: others.slice(-6).join('\n') });
    },
  };
}

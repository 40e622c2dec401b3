import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';
import { marks } from './marks.mjs';

/**
 * Runs the mocha files that stand beside this bundle (out/host, made from test/host) inside the extension host, where VS Code calls it.
 * Rejects when a test failed, which is how VS Code learns of it.
 */
export async function run(): Promise<void> {
  const only = process.env['FEATHERWEIGHT_ONLY'];
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: Lines });
  for (const file of readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.test.js') && (!only || file.includes(only))) {
      mocha.addFile(join(__dirname, file));
    }
  }
  const failed = await new Promise<number>((done) => mocha.run(done));
  if (failed > 0) throw new Error(`${failed} tests failed`);
}

/** One line per test, with `console.log`: the only way out of an extension host. */
class Lines extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner) {
    super(runner);
    console.log(marks.start);
    const failed: { name: string; error: string }[] = [];
    runner.on('pass', (test) => {
      console.log(`✔ ${test.fullTitle()} (${test.duration ?? 0} ms)`);
    });
    runner.on('pending', (test) => {
      console.log(`- ${test.fullTitle()} (skipped)`);
    });
    runner.on('fail', (test, error: Error) => {
      const told = { name: test.fullTitle(), error: error.stack ?? String(error) };
      failed.push(told);
      console.log(`✖ ${told.name}\n${told.error}`);
    });
    runner.on('end', () => {
      const { passes: passed = 0, failures = 0, pending: skipped = 0 } = runner.stats ?? {};
      const counts = { passed, failed: failures, skipped, failures: failed };
      console.log(marks.result + JSON.stringify(counts));
    });
  }
}

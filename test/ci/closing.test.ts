import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inFolder } from '../support/folder';

const reporter = resolve('.ci/lib/reporter.mjs');
const lib = (name: string) => pathToFileURL(resolve('.ci/lib', name)).href;

const failing = `const { test } = require('node:test');
test('is good', () => {});
test('adds up', () => { throw new Error('two and two\\nare five\\n\\nnot four'); });
test('outer', async (t) => { await t.test('inner', () => { throw new Error('deep'); }); });`;

/** What a program prints, and how it ends; a runner inside a runner must not take itself for a part of it. */
function printed(args: readonly string[]): Promise<{ code: number; lines: string[] }> {
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  delete env['FEATHERWEIGHT_COUNTS'];
  return new Promise((done) => {
    execFile(process.execPath, args, { env }, (error, stdout) =>
      done({ code: Number(error?.code ?? 0), lines: stdout.trimEnd().split('\n') }),
    );
  });
}

test('a run of tests ends with what failed, the first lines of each error, and the counts', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'dummy.test.js');
    writeFileSync(file, failing);
    const { code, lines } = await printed(['--test', `--test-reporter=${reporter}`, file]);
    assert.equal(code, 1);
    assert.equal(lines.at(-1), '1 passed, 2 failed');
    const end = lines.slice(lines.findLastIndex((line) => line.startsWith('✖ adds up')));
    assert.match(end[0]!, /^✖ adds up \(.*dummy\.test\)$/);
    assert.deepEqual(end.slice(1, 4), ['    Error: two and two', '    are five', '    not four']);
    assert.ok(end.some((line) => line.startsWith('✖ inner (')));
    assert.ok(end.length <= 1 + 2 * 7);
  }));

test('all stages end with what failed in any of them, tests by name and other programs by their last words', () =>
  inFolder(async (folder) => {
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const dummy = file('dummy.test.js', failing);
    const broken = file(
      'broken.js',
      "console.log('first'); console.error('no such type'); process.exit(2);",
    );
    const silent = file('silent.js', "console.log('nothing to count');");
    const runner = file(
      'all.mjs',
      `import { closingLines } from '${lib('counts.mjs')}';
       import { runStages } from '${lib('stages.mjs')}';
       const total = await runStages([
         { name: 'types', args: ['${broken}'] },
         { name: 'tests', args: ['--test', '--test-reporter=${reporter}', '${dummy}'], counts: true },
         { name: 'good', args: ['-e', ''] },
         { name: 'lost', args: ['${silent}'], counts: true },
       ]);
       console.log(closingLines(total));`,
    );
    const { lines } = await printed([runner]);
    assert.equal(lines.at(-1), '2 passed, 4 failed');
    const end = lines.slice(lines.lastIndexOf('✖ types'));
    assert.deepEqual(end.slice(0, 3), ['✖ types', '    first', '    no such type']);
    assert.deepEqual(
      end.filter((line) => line.startsWith('✖')).map((line) => line.replace(/ \(.*/, '')),
      ['✖ types', '✖ adds up', '✖ inner', '✖ lost'],
    );
    // The stage that was good is told of above the failures only.
    assert.ok(!end.join('\n').includes('── good'));
    assert.ok(lines.includes('── good'));
  }));

test('of very many failures the first ones are named', () => {
  const script = `import { closingLines } from '${lib('counts.mjs')}';
    const failures = Array.from({ length: 40 }, (_, i) => ({ name: 'n' + i, error: 'x'.repeat(999) }));
    console.log(closingLines({ passed: 1, failed: 40, skipped: 2, failures }));`;
  return printed(['--input-type=module', '-e', script]).then(({ lines }) => {
    assert.equal(lines.length, 30 * 2 + 2);
    assert.equal(lines.at(-2), '✖ … and 10 more');
    assert.equal(lines.at(-1), '1 passed, 40 failed, 2 skipped');
    assert.ok(lines.every((line) => line.length <= 200));
  });
});

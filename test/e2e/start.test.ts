import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../.ci/lib/command.mjs';

test('npm start shows the sample’s profile and names a VS Code that answers', async () => {
  const args = ['.ci/start.mjs', '--server', '--no-open'];
  const { status, output } = await run(process.execPath, args);
  assert.equal(status, 0, output);
  assert.match(output, /feed-forward/i);
  assert.match(output, /\d ms/);
  assert.match(output, /http:\/\/127\.0\.0\.1:\d+\/\?folder=/);
});

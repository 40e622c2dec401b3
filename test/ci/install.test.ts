import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureInstalled } from '../../.ci/lib/install.mjs';

test('a Node.js that is too old is named, and nothing is installed', async () => {
  await assert.rejects(() => ensureInstalled('18.19.1'), /This is Node\.js 18\.19\.1; 20 or later/);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Sensitivity } from '../../src/protocol/sensitivity';
import { featherweight } from './program';
import { schemaOf } from './schema';

const sample = resolve('media/samples/digits-vit/model.onnx');
const quick = ['sensitivity', sample, '--probe', 'int4', '--threads', '1'];

/** A folder for what the sweeps keep. */
function cacheFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'featherweight-cache-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('parts of a sweep are kept, and put together as the whole', async (t) => {
  const folder = cacheFor(t);
  const options = { env: { XDG_CACHE_HOME: folder } };
  const files: string[] = [];
  const parts: Sensitivity[] = [];
  for (const shard of ['0/2', '1/2']) {
    const { code, stdout } = await featherweight([...quick, '--shard', shard, '--json'], options);
    assert.equal(code, 0);
    const file = join(folder, `${parts.length}.json`);
    writeFileSync(file, stdout);
    files.push(file);
    parts.push(JSON.parse(stdout) as Sensitivity);
  }
  assert.ok(parts.every((part) => part.complete && part.reused === 0 && part.data === 'synthetic'));
  const merged = await featherweight(['sensitivity', 'merge', ...files], options);
  const whole = JSON.parse(merged.stdout) as Sensitivity;
  const again = await featherweight([...quick, '--json'], options);
  const reused = JSON.parse(again.stdout) as Sensitivity;
  assert.equal(reused.reused, reused.layers.length);
  const damages = ({ layers }: Sensitivity) =>
    new Map(layers.map((row) => [`${row.id} ${row.probe}`, row.damage]));
  assert.deepEqual([...damages(whole)].sort(), [...damages(reused)].sort());
  const validate = schemaOf('sensitivity');
  assert.ok(validate(whole), JSON.stringify(validate.errors));
});

test('names of probes and metrics that are not there are answered with those that are', async () => {
  const probe = await featherweight(['sensitivity', sample, '--probe', 'int5']);
  assert.equal(probe.code, 1);
  assert.match(probe.stderr, /There is no probe “int5”\. There are int8, int4/);
  const metric = await featherweight(['sensitivity', sample, '--metric', 'luck']);
  assert.equal(metric.code, 1);
  assert.match(metric.stderr, /There is no metric “luck”/);
  const shard = await featherweight(['sensitivity', sample, '--shard', '4/4']);
  assert.equal(shard.code, 1);
  assert.match(shard.stderr, /such as 0\/4/);
});

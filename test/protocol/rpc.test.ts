import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { UserError } from '../../src/base/errors';
import { remote, serve, type CallContext } from '../../src/protocol/rpc';

interface Api {
  count(request: { to: number }): number;
  wait(request: Record<string, never>): string;
}

async function count({ to }: { to: number }, { progress, partial }: CallContext) {
  for (let at = 0; at < to; at++) {
    if (at % 100 === 0) await new Promise((done) => setImmediate(done));
    progress(at / to, `${at} of ${to}`);
  }
  partial(to);
  return to;
}

function wait(_: Record<string, never>, { signal }: CallContext) {
  return new Promise<string>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new UserError('cancelled', 'Cancelled.')));
  });
}

function connected() {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const server = createMessageConnection(
    new StreamMessageReader(there),
    new StreamMessageWriter(back),
  );
  const client = createMessageConnection(
    new StreamMessageReader(back),
    new StreamMessageWriter(there),
  );
  serve<Api>(server, { count, wait });
  server.listen();
  client.listen();
  return remote<Api>(client);
}

test('progress and partial results reach the caller', async () => {
  const notes: string[] = [];
  const partials: unknown[] = [];
  const answer = await connected().count(
    { to: 3 },
    { progress: (_, note) => notes.push(note), partial: (value) => partials.push(value) },
  );
  assert.equal(answer, 3);
  assert.equal(notes[0], '0 of 3');
  assert.deepEqual(partials, [3]);
});

test('progress that comes thousands of times a second is thinned out', async () => {
  let told = 0;
  const started = performance.now();
  await connected().count({ to: 20_000 }, { progress: () => void told++ });
  const took = performance.now() - started;
  assert.ok(told >= 1 && told <= 1 + took / 50, `${told} in ${took} ms`);
});

test('a call that is called off ends as cancelled', async () => {
  const abort = new AbortController();
  const answer = connected().wait({}, { signal: abort.signal });
  setTimeout(() => abort.abort(), 20);
  await assert.rejects(answer, { code: 'cancelled' });
});

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import 'vscode-jsonrpc/node';
import { UserError } from '../../src/base/errors';
import { remote, serve } from '../../src/protocol/rpc';
import { connectionOver, type WebviewPort } from '../../src/protocol/webviewChannel';

interface Api {
  double(request: { value: number }): number;
  refuse(request: Record<string, never>): void;
}

/** Two ports whose messages are copied on the way, as a webview's are. */
function pair(): [WebviewPort, WebviewPort, EventEmitter] {
  const bus = new EventEmitter();
  const port = (send: string, hear: string): WebviewPort => ({
    post: (message) => bus.emit(send, structuredClone(message)),
    onMessage: (listener) => {
      bus.on(hear, listener);
      return { dispose: () => bus.off(hear, listener) };
    },
  });
  return [port('to page', 'to host'), port('to host', 'to page'), bus];
}

function connected() {
  const [hostPort, pagePort, bus] = pair();
  const host = connectionOver(hostPort);
  const page = connectionOver(pagePort);
  serve<Api>(host, {
    double: ({ value }) => value * 2,
    refuse: () => {
      throw new UserError('badInput', 'No.', 'Ask for less.');
    },
  });
  host.listen();
  page.listen();
  return { host, page, bus, api: remote<Api>(page) };
}

test('calls travel over a webview and come back', async () => {
  const { api } = connected();
  assert.equal(await api.double({ value: 21 }), 42);
});

test('a refusal arrives with its code and hint', async () => {
  const { api } = connected();
  await assert.rejects(
    () => api.refuse({}),
    (error: UserError) => error.code === 'badInput' && error.hint === 'Ask for less.',
  );
});

test('messages of others are not mistaken for ours', async () => {
  const { api, bus } = connected();
  for (const message of [undefined, null, 7, 'text', { type: 'theme' }, { jsonrpc: '1.0' }]) {
    bus.emit('to host', message);
  }
  assert.equal(await api.double({ value: 1 }), 2);
});

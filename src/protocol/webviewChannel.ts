import {
  AbstractMessageReader,
  AbstractMessageWriter,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
} from 'vscode-jsonrpc';

/** One end of a webview: how to send to the other side, and how to hear it. Both ends of the dashboard make one. */
export interface WebviewPort {
  post(message: unknown): void;
  /** The listener is told every message, also those that are none of ours. */
  onMessage(listener: (message: unknown) => void): { dispose(): void };
}

/**
 * A connection over a webview's messages, not yet listening. Whoever calls it has loaded `vscode-jsonrpc/node` or
 * `vscode-jsonrpc/browser` once, because the shared half of that package runs on either.
 */
export function connectionOver(port: WebviewPort): MessageConnection {
  return createMessageConnection(new PortReader(port), new PortWriter(port));
}

/** A page also receives messages of the editor and of the browser: only JSON-RPC is ours. */
const isRpc = (message: unknown): message is Message =>
  typeof message === 'object' &&
  message !== null &&
  (message as { jsonrpc?: unknown }).jsonrpc === '2.0';

class PortReader extends AbstractMessageReader {
  constructor(private readonly port: WebviewPort) {
    super();
  }

  listen(callback: DataCallback): Disposable {
    return this.port.onMessage((message) => {
      if (isRpc(message)) callback(message);
    });
  }
}

class PortWriter extends AbstractMessageWriter {
  constructor(private readonly port: WebviewPort) {
    super();
  }

  write(message: Message): Promise<void> {
    this.port.post(message);
    return Promise.resolve();
  }

  end(): void {}
}

import { rmSync } from 'node:fs';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import type { EngineApi } from '../protocol/engineApi';
import { serve } from '../protocol/rpc';
import { engineFolder } from '../protocol/temporary';
import { engine } from './engine';

/** The engine's process: answers its parent over Node's own pipe and ends with it. */
if (!process.send) {
  console.error(
    'This is a part of Featherweight that its other parts start; it does nothing by itself.',
  );
  process.exit(2);
}
process.on('disconnect', () => {
  clear();
  // Not by an exit, which would end threads in the middle of an inference: the runtime would print its end as a crash.
  process.kill(process.pid, 'SIGKILL');
});
process.on('exit', clear);
const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);
serve<EngineApi>(connection, engine(__filename));
connection.listen();

/** Removes what this process has written for a while. */
function clear(): void {
  rmSync(engineFolder(process.pid), { recursive: true, force: true });
}

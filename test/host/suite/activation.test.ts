import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import * as vscode from 'vscode';
import { commands } from '../../../src/ui/names';
import { closeAll, parts, until } from '../support/editor';

/** What it may take on a machine that does nothing else; VS Code tells wall time, which other programs stretch. */
const mostMs = 50 * Math.max(1, (loadavg()[0] ?? 0) / cpus().length);

describe('activation', () => {
  after(closeAll);

  it('takes less than 50 ms by VS Code’s own account', async () => {
    await parts();
    const [load, call] = await activationTimes();
    console.log(
      `activation: ${load} ms to load, ${call} ms to call, at most ${mostMs.toFixed(0)} ms`,
    );
    assert.ok(load! + call! < mostMs, `${load! + call!} ms`);
  });

  it('does not load the runtime', () => {
    const loaded = Object.keys(require.cache).filter((path) => path.includes('onnxruntime'));
    assert.deepEqual(loaded, []);
    if (existsSync('/proc/self/maps')) {
      assert.ok(!readFileSync('/proc/self/maps', 'utf8').includes('onnxruntime'));
    }
  });

  it('registers every command', async () => {
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = Object.values(commands).filter((command) => !registered.has(command));
    assert.deepEqual(missing, []);
  });
});

/** Milliseconds that loading our code and calling it took, from the table that "Developer: Startup Performance" shows. */
async function activationTimes(): Promise<number[]> {
  await vscode.commands.executeCommand('perfview.show');
  const row = await until(async () => {
    const page = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'perf');
    return /\|\s*featherweight\.featherweight\s*\|(.+)/.exec(page?.getText() ?? '')?.[1];
  }, 'the table has our row');
  return row.split('|').slice(1, 3).map(Number);
}

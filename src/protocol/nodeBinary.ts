import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../base/errors';

/** A binary that runs JavaScript. */
export interface NodeBinary {
  readonly path: string;
  /** It is the editor's own, which has to be told to behave as Node. */
  readonly isElectron: boolean;
}

/** The oldest Node that the engine is built for. */
const oldest = 20;

/**
 * Which binary runs the engine: the one given, else this process's own if it is a plain Node, else a Node on the PATH, else the editor's.
 * A plain Node comes first because the editor's binary dies on allocations of about 2 GB (electron/electron#44291). Throws `badInput` when
 * the given one does not run.
 */
export async function findNode(
  given: string | undefined,
  isElectron = 'electron' in process.versions,
): Promise<NodeBinary> {
  if (given) {
    const version = await versionOf(given);
    if (version === undefined || version < oldest) {
      const what = version === undefined ? 'does not run' : `is Node ${version}`;
      throw new UserError(
        'badInput',
        `${given} ${what}; the engine needs Node ${oldest} or newer.`,
        'Change the setting featherweight.engine.nodePath, or clear it.',
      );
    }
    return { path: given, isElectron: false };
  }
  const onPath = isElectron ? await nodeOnPath() : undefined;
  return onPath ? { path: onPath, isElectron: false } : { path: process.execPath, isElectron };
}

async function nodeOnPath(): Promise<string | undefined> {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder && isExecutable(path) && ((await versionOf(path)) ?? 0) >= oldest) return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Major version, or undefined for what is no Node. */
async function versionOf(path: string): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], {
      timeout: 5000,
      env: engineEnvironment(false),
    });
    const major = /^v(\d+)\./.exec(stdout)?.[1];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
}

/** This process's environment without what is meant for this process alone. */
export function engineEnvironment(isElectron: boolean): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => name !== 'NODE_OPTIONS' && !/^(ELECTRON|VSCODE)_/.test(name),
  );
  return { ...Object.fromEntries(kept), ...(isElectron ? { ELECTRON_RUN_AS_NODE: '1' } : {}) };
}

import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the system wants what may be measured again: https://specifications.freedesktop.org/basedir-spec. */
export function cacheFolder(of: 'sensitivity' | 'plan'): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const base = XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache');
  return join(base, 'featherweight', of);
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Platform and processor of each package that the marketplace knows and we publish. Where ONNX Runtime has no build, the package goes without it. */
export const targets = {
  'linux-x64': 'linux/x64',
  'linux-arm64': 'linux/arm64',
  'darwin-arm64': 'darwin/arm64',
  'win32-x64': 'win32/x64',
  'win32-arm64': 'win32/arm64',
  'darwin-x64': undefined,
  'linux-armhf': undefined,
  'alpine-x64': undefined,
  'alpine-arm64': undefined,
};

/** @typedef {keyof typeof targets} Target */

const musl =
  process.platform === 'linux' && !existsSync('/lib64') && existsSync('/etc/alpine-release');

/** This machine's own. */
export const here = `${musl ? 'alpine' : process.platform}-${process.arch}`;

/**
 * @param {string} name
 * @returns {name is Target}
 */
export const isTarget = (name) => name in targets;

/**
 * Where `npm run package` puts a target's package.
 * @param {string} target
 * @param {string} version
 */
export const vsixPath = (target, version) => join('out', `featherweight-${version}-${target}.vsix`);

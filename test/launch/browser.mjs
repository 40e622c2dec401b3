import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findProgram, npm, run } from '../../.ci/lib/command.mjs';
import { cached } from './cache.mjs';

const version = '147.0.0';
const installed = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * A headless Chromium: the one that CHROMIUM_PATH names, else one from npm (Linux on x64, kept in the cache), else an installed one.
 * @param {import('playwright-core').LaunchOptions} [options]
 */
export async function launchBrowser(options = {}) {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  const { args: more = [], ...others } = options;
  const { executablePath, env } = await findBrowser();
  return chromium.launch({
    executablePath,
    env,
    args: ['--headless=new', ...args, '--disable-background-networking', ...more],
    ...others,
  });
}

/** @returns {Promise<{ executablePath: string, env: Record<string, string> }>} */
async function findBrowser() {
  const env = /** @type {Record<string, string>} */ ({ ...process.env });
  const named = process.env.CHROMIUM_PATH;
  if (named) return { executablePath: named, env };
  if (process.platform === 'linux' && process.arch === 'x64') return fromNpm(env);
  const executablePath = findProgram(installed) ?? findByPlace();
  if (executablePath) return { executablePath, env };
  throw new Error('No Chromium or Chrome was found. Name one with CHROMIUM_PATH.');
}

function findByPlace() {
  return [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ].find((file) => existsSync(file));
}

/** @param {Record<string, string>} env */
async function fromNpm(env) {
  const folder = await cached(`chromium-${version}`, unpack);
  const executablePath = join(folder, 'chromium');
  const libraries = spawnSync('ldd', [executablePath], { encoding: 'utf8' }).stdout;
  if (!libraries || libraries.includes('not found')) {
    env.LD_LIBRARY_PATH = [join(folder, 'al2023/lib'), env.LD_LIBRARY_PATH]
      .filter(Boolean)
      .join(':');
  }
  if (!existsSync('/etc/fonts')) env.FONTCONFIG_PATH ??= join(folder, 'fonts');
  return { executablePath, env };
}

/**
 * The package unpacks itself into the system's temporary folder, and its libraries only where it believes to be in a bare container:
 * both are told to it here.
 * @param {string} folder
 */
async function unpack(folder) {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await npm(['install', `@sparticuz/chromium@${version}`], { cwd: folder });
  const script = `import('@sparticuz/chromium').then((it) => it.default.executablePath())`;
  const env = { ...process.env, TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' };
  const result = await run(process.execPath, ['-e', script], { cwd: folder, env });
  if (result.status !== 0) throw new Error(`Chromium did not unpack:\n${result.output}`);
}

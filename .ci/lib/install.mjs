import { existsSync, readFileSync } from 'node:fs';
import { npm } from './command.mjs';

/** @typedef {{ packages: Record<string, { version?: string, optional?: boolean, link?: boolean }> }} Lock */

/** The oldest Node.js that everything here runs with: the first number of its version. */
const oldestNode = 20;

/**
 * Installs what package-lock.json names, unless exactly that is installed already. Throws where Node.js is too old for it, and what npm
 * says where it cannot install.
 */
export async function ensureInstalled(node = process.versions.node) {
  if (Number.parseInt(node) < oldestNode) {
    throw new Error(
      `This is Node.js ${node}; ${oldestNode} or later is needed: https://nodejs.org`,
    );
  }
  if (isInstalled()) return;
  console.log('Installing packages (npm ci) …');
  await npm(['ci']);
}

function isInstalled() {
  const record = 'node_modules/.package-lock.json';
  if (!existsSync(record)) return false;
  const wanted = read('package-lock.json').packages;
  const present = read(record).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      // The root is no package, and an optional one may be for another system.
      path === '' || (entry.optional && !present[path]) || present[path]?.version === entry.version,
  );
}

/**
 * @param {string} file
 * @returns {Lock}
 */
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

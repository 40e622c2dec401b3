import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Folders of the npm packages that bundled files come from.
 * @param {readonly string[]} inputs
 */
export function packagesOf(inputs) {
  const folders = inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(folders)].filter((it) => it !== undefined).sort();
}

/**
 * The licences of what a package carries, which they ask to be kept with it.
 * @param {readonly string[]} folders
 */
export function licences(folders) {
  return folders.map(licence).join(`\n${'-'.repeat(80)}\n\n`);
}

/** @param {string} folder */
function licence(folder) {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const file = readdirSync(folder).find((it) => /^licen[cs]e/i.test(it));
  const text =
    file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : '';
  const by = typeof author === 'string' ? author : author?.name;
  return `${name} ${version} (${license}${by ? `, ${by}` : ''})\n\n${text}`;
}

import Ajv, { type ValidateFunction } from 'ajv';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

let folder: string | undefined;

/** The schema of what a command prints with `--json`, made from the types as the build makes it, once for the test file that asks. */
export function schemaOf(name: string): ValidateFunction {
  folder ??= written();
  const text = readFileSync(join(folder, `${name}.schema.json`), 'utf8');
  return new Ajv({ strict: false }).compile(JSON.parse(text) as object);
}

function written(): string {
  mkdirSync('out', { recursive: true });
  const made = resolve(mkdtempSync('out/schemas-'));
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  execFileSync(process.execPath, ['.ci/schemas.mjs', made]);
  return made;
}

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import manifest from '../../package.json';
import words from '../../package.nls.json';

const readme = readFileSync('README.md', 'utf8');

test('every npm script is explained', () => {
  const command = (name: string) =>
    ['start', 'test'].includes(name) ? `npm ${name}` : `npm run ${name}`;
  const missing = Object.keys(manifest.scripts).filter(
    (name) => !new RegExp(`${command(name)}(?![\\w:])`).test(readme),
  );
  assert.deepEqual(missing, []);
});

test('every picture and page that it links to is there', () => {
  const links = readme.matchAll(/(?:\]\(|src=")(?!https?:|#)([^)"]+)[)"]/g);
  const missing = [...links].map((match) => match[1]!).filter((file) => !existsSync(file));
  assert.deepEqual(missing, []);
});

/** FEATHERWEIGHT_WRITE=1 writes the table into the README instead of comparing. */
test('its table of settings says what the manifest says', () => {
  const from = readme.indexOf('## Settings\n') + '## Settings\n'.length;
  const to = readme.indexOf('\n## ', from);
  const expected = `\n${settingsTable()}\n`;
  if (process.env['FEATHERWEIGHT_WRITE']) {
    writeFileSync('README.md', readme.slice(0, from) + expected + readme.slice(to));
  } else assert.equal(readme.slice(from, to), expected);
});

interface Setting {
  default: unknown;
  description?: string;
  markdownDescription?: string;
}

function settingsTable(): string {
  // The compiler knows each of these objects apart, which is more than this asks for.
  const groups = manifest.contributes.configuration as unknown as readonly {
    properties: Record<string, Setting>;
  }[];
  const rows = groups.flatMap(({ properties }) =>
    Object.entries(properties).map(([name, setting]) => {
      const text = word(setting.markdownDescription ?? setting.description ?? '');
      return `| \`${name}\` | \`${JSON.stringify(setting.default)}\` | ${text} |`;
    }),
  );
  return ['| setting | default | |', '| --- | --- | --- |', ...rows].join('\n');
}

/** `%key%` → the text that the manifest's words have for it. */
function word(key: string): string {
  const text = (words as Record<string, unknown>)[key.slice(1, -1)];
  assert.equal(typeof text, 'string', `no words for ${key}`);
  return String(text);
}

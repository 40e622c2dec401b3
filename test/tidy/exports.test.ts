import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import manifest from '../../package.json';

/** What the editor itself calls. */
const entrances = ['src/extension.ts activate', 'src/extension.ts deactivate'];

const texts = new Map(
  ['src', 'webview', 'test', '.ci'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(tsx?|mjs)$/.test(file))
      .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
      .map((file) => [file, readFileSync(file, 'utf8')] as const),
  ),
);

/** `path without its ending name` of everything that some file takes from another; `*` for all of it. */
function taken(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [file, text] of texts) {
    for (const [, what = '', from = ''] of text.matchAll(
      /(?:import|export)\s+(?:type\s+)?([\w*{][^;'"]*?)\s+from\s+['"](\.[^'"]+)['"]/g,
    )) {
      const path = pathOf(file, from);
      const named = /\{([^}]*)\}/.exec(what)?.[1];
      if (named === undefined) found.add(`${path} *`);
      for (const each of (named ?? '').split(',')) {
        const [name = ''] = each
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s+as\s+/);
        found.add(`${path} ${name}`);
      }
    }
    for (const [, from = ''] of text.matchAll(/import\(\s*['"](\.[^'"]+)['"]\s*\)/g)) {
      found.add(`${pathOf(file, from)} *`);
    }
  }
  return found;
}

/** Bundles of tests name files from the repository's root. */
function pathOf(file: string, from: string): string {
  const path = from.startsWith('./src/') ? from : posix.join(posix.dirname(file), from);
  const bare = posix.normalize(path).replace(/\.(tsx?|mjs)$/, '');
  return texts.has(`${bare}/index.ts`) ? `${bare}/index` : bare;
}

test('whatever a file lets others have, another file has', () => {
  const used = taken();
  const unused = [...texts]
    .filter(([file]) => /^(src|webview)\//.test(file))
    .flatMap(([file, text]) => {
      const path = file.replace(/\.tsx?$/, '');
      return [...text.matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm)]
        .map(([, name = '']) => name)
        .filter((name) => !used.has(`${path} ${name}`) && !used.has(`${path} *`))
        .map((name) => `${file} ${name}`);
    })
    .filter((each) => !entrances.includes(each));
  assert.deepEqual(unused, []);
});

test('every package that is installed is used', () => {
  const all = [...texts.values()].join('\n');
  const isNamed = (name: string) => [`'${name}`, `/${name}/`].some((each) => all.includes(each));
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  // Types come with the packages that they are of, or with what runs the code.
  const unused = names.filter((name) => !name.startsWith('@types/') && !isNamed(name));
  assert.deepEqual(unused, []);
});

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  commands,
  contextKeys,
  layerCommands,
  paletteCommands,
  recipeCommands,
  settings,
  submenus,
  textView,
  views,
  walkthrough,
} from '../../src/ui/names';

interface Item {
  readonly command?: string;
  readonly submenu?: string;
  readonly when?: string;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const { contributes } = manifest;
const strings: Record<string, string> = JSON.parse(readFileSync('package.nls.json', 'utf8'));
const menus: Record<string, readonly Item[]> = contributes.menus;
const menuItems = Object.entries(menus).flatMap(([place, items]) =>
  items.map((item) => ({ place, ...item })),
);
const properties: Record<string, Record<string, unknown>> = Object.assign(
  {},
  ...contributes.configuration.map((section: { properties: object }) => section.properties),
);

const sorted = (items: Iterable<string>) => [...items].sort();
const sources = readdirSync('src/ui', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(`src/ui/${file}`, 'utf8') }));

/** Every string of the manifest that a user reads. */
function* stringsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) yield* stringsIn(child);
  }
}

test('the commands of the manifest are those of the table', () => {
  const declared = contributes.commands.map(({ command }: { command: string }) => command);
  assert.deepEqual(sorted(declared), sorted(Object.values(commands)));
});

test('every command has its category and a title in Title Case', () => {
  for (const { command, category, title } of contributes.commands) {
    assert.equal(category, 'Featherweight', command);
    const text = strings[title.slice(1, -1)] ?? '';
    assert.match(text, /^[A-Z\d]/, command);
    const small = ['or', 'in', 'with', 'of', 'for', 'as', 'to', 'by'];
    for (const word of text.split(' ')) {
      assert.ok(/^[A-Z\d]/.test(word) || small.includes(word), `${command}: ${text}`);
    }
  }
});

test('the palette hides exactly the commands that need a layer or a step', () => {
  const hidden = menus['commandPalette']!.filter(({ when }) => when === 'false');
  assert.deepEqual(
    sorted(hidden.map(({ command }) => command ?? '')),
    sorted([...Object.values(layerCommands), ...Object.values(recipeCommands)]),
  );
});

test('every command that needs a layer stands in a menu of layers', () => {
  const offered = new Set(
    menuItems.filter(({ place }) => place !== 'commandPalette').map(({ command }) => command),
  );
  const missing = Object.values(layerCommands).filter((command) => !offered.has(command));
  assert.deepEqual(missing, []);
});

test('menus name known commands only, each with a condition', () => {
  const known = new Set<string>([...Object.values(commands), ...Object.values(submenus)]);
  for (const { place, command, submenu, when } of menuItems) {
    const name = command ?? submenu;
    assert.ok(name !== undefined && known.has(name), `${place}: ${name}`);
    assert.ok(when, `${place}: ${name} has no when`);
  }
});

test('submenus are those of the table, and stand in the menus of layers', () => {
  assert.deepEqual(
    contributes.submenus.map(({ id }: { id: string }) => id),
    Object.values(submenus),
  );
  const places = menuItems.filter(({ submenu }) => submenu === submenus.quantize);
  assert.deepEqual(sorted(places.map(({ place }) => place)), [
    'editor/context',
    'view/item/context',
    'webview/context',
  ]);
});

test('the explorer gets two items at a time', () => {
  const single = menus['explorer/context']!.filter(({ when }) => !when?.includes('Double'));
  assert.equal(single.length, 2);
});

test('an editor title has one icon at most', () => {
  for (const where of [views.dashboard, textView.scheme]) {
    const icons = (menus['editor/title'] as readonly (Item & { group: string })[]).filter(
      ({ when, group }) => when?.endsWith(`== ${where}`) && group.startsWith('navigation'),
    );
    assert.equal(icons.length, 1, where);
  }
});

test('editors, views and the walkthrough are those of the table', () => {
  assert.deepEqual(
    contributes.customEditors.map(({ viewType }: { viewType: string }) => viewType),
    [views.dashboard],
  );
  const ids = Object.values(contributes.views as Record<string, { id: string }[]>).flat();
  assert.deepEqual(
    ids.map(({ id }) => id),
    [views.layers],
  );
  assert.deepEqual(
    contributes.walkthroughs.map(({ id }: { id: string }) => id),
    [walkthrough],
  );
});

test('settings and their defaults are those of the table', () => {
  const expected = Object.values(settings).map(({ id, default: value }) => [id, value]);
  const declared = Object.entries(properties).map(([id, property]) => [id, property['default']]);
  assert.deepEqual(declared.sort(), expected.sort());
});

test('every setting is described, ordered and scoped', () => {
  const orders = Object.values(properties).map(({ order }) => order);
  assert.equal(new Set(orders).size, orders.length);
  for (const [id, property] of Object.entries(properties)) {
    assert.ok(property['description'] ?? property['markdownDescription'], id);
    assert.ok(['machine', 'window', 'resource'].includes(String(property['scope'])), id);
  }
});

test('a path of a program is never taken from a workspace', () => {
  const { id } = settings.nodePath;
  assert.equal(properties[id]!['scope'], 'machine');
  const { restrictedConfigurations, supported } = manifest.capabilities.untrustedWorkspaces;
  assert.equal(supported, 'limited');
  assert.ok(restrictedConfigurations.includes(id));
});

test('conditions use known context keys only', () => {
  const known = new Set<string>([
    ...Object.values(contextKeys),
    ...Object.values(views),
    ...Object.values(commands),
    ...Object.keys(properties),
  ]);
  const conditions = [
    ...menuItems.map(({ when }) => when ?? ''),
    ...contributes.commands.map(({ enablement = '' }) => enablement),
    ...contributes.walkthroughs.flatMap(({ steps }: { steps: { completionEvents: string[] }[] }) =>
      steps.flatMap(({ completionEvents }) => completionEvents),
    ),
  ];
  const used = conditions.flatMap((text: string) => text.match(/featherweight\.\w+/g) ?? []);
  assert.ok(used.length > 0);
  assert.deepEqual(
    used.filter((key) => !known.has(key)),
    [],
  );
});

test('every string a user reads can be translated', () => {
  const referred = sorted(
    new Set([...stringsIn(manifest)].flatMap((text) => /^%(.+)%$/.exec(text)?.[1] ?? [])),
  );
  assert.deepEqual(referred, sorted(Object.keys(strings)));
  const keys = ['title', 'description', 'markdownDescription', 'displayName', 'name', 'altText'];
  const plain: string[] = [];
  const walk = (value: unknown, at: string) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      if (keys.includes(key) && typeof child === 'string' && !/^%.+%$/.test(child)) {
        plain.push(`${at}.${key}`);
      }
      walk(child, `${at}.${key}`);
    }
  };
  walk(contributes, 'contributes');
  assert.deepEqual(plain, []);
});

test('commands in the walkthrough are in the palette', () => {
  const named = Object.values(strings).flatMap((text) =>
    [...text.matchAll(/\(command:([\w.]+)\)/g)].map((match) => match[1]!),
  );
  assert.ok(named.length >= 4);
  const known = new Set<string>(Object.values(paletteCommands));
  assert.deepEqual(
    named.filter((command) => !known.has(command)),
    [],
  );
});

test('files that the manifest names are there', () => {
  const paths = [...stringsIn(contributes)].filter((text) => /^(\.\/)?media\//.test(text));
  assert.ok(paths.length > 0);
  assert.deepEqual(
    paths.filter((path) => !existsSync(path)),
    [],
  );
});

test('no proposed API is used', () => {
  assert.equal(manifest.enabledApiProposals, undefined);
});

test('ids are written in the table only', () => {
  const wrong = sources
    .filter(({ file }) => file !== 'names.ts')
    .flatMap(({ file, text }) =>
      [...text.matchAll(/['"`](featherweight\.\w+)/g)]
        .map((match) => match[1]!)
        // The id of the status bar item is nobody else's business.
        .filter((id) => id !== 'featherweight.model')
        .map((id) => `${file}: ${id}`),
    );
  assert.deepEqual(wrong, []);
});

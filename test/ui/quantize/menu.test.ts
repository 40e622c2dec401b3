import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionOf, isActionName } from '../../../src/actions';
import { readParams } from '../../../src/protocol/params';
import { menuEntries, type MenuEntry } from '../../../src/ui/quantize/menu';

for (const [name, { action, params }] of Object.entries<MenuEntry>(menuEntries)) {
  test(`${name} is an action with parameters that it has`, () => {
    assert.ok(isActionName(action), action);
    assert.deepEqual(readParams(actionOf(action).params, params).problems, []);
  });
}

test('an entry asks first exactly where its title says so', async () => {
  const { default: manifest } = await import('../../../package.json');
  const { default: words } = await import('../../../package.nls.json');
  const { commands } = await import('../../../src/ui/names');
  for (const [name, { action }] of Object.entries<MenuEntry>(menuEntries)) {
    const id = commands[name as keyof typeof menuEntries];
    const entry = manifest.contributes.commands.find(({ command }) => command === id);
    const title = (words as Record<string, string>)[entry!.title.slice(1, -1)]!;
    assert.ok(isActionName(action));
    assert.equal(title.endsWith('…'), actionOf(action).data === 'needed', title);
  }
});

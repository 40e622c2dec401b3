import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onPage } from './page/open';
import { few, flat, many, ready, selected, told } from './page/table';

test(
  'clicks select one, several and a range',
  onPage({ ...few, saved: flat }, {}, async (page) => {
    await ready(page);
    const row = (index: number) => page.locator(`.row[aria-rowindex="${index + 2}"] .name`);
    await row(1).click();
    assert.deepEqual(await selected(page), ['encoder.layer.0.attention.query']);
    await row(3).click({ modifiers: ['Control'] });
    await row(5).click({ modifiers: ['Control'] });
    await row(3).click({ modifiers: ['Control'] });
    assert.deepEqual(await told(page), [
      'encoder.layer.0.attention.query',
      'encoder.layer.0.attention.output',
    ]);
    await row(2).click();
    await row(6).click({ modifiers: ['Shift'] });
    assert.equal((await selected(page)).length, 5);
    assert.equal((await told(page))?.length, 5);
  }),
);

test(
  'the keyboard selects, extends, selects all and clears',
  onPage({ ...few, saved: flat }, {}, async (page) => {
    await ready(page);
    await page.locator('.row[tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    assert.deepEqual(await told(page), ['encoder.layer.0.attention.query']);
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Shift+ArrowDown');
    assert.equal((await told(page))?.length, 3);
    await page.keyboard.press('Control+a');
    assert.equal((await told(page))?.length, 50);
    await page.keyboard.press('Escape');
    assert.deepEqual(await told(page), []);
    assert.equal(await page.locator('.row[tabindex="0"]').count(), 1, 'one tab stop');
  }),
);

test(
  'Shift+End selects across rows that were never on show',
  onPage(many, {}, async (page) => {
    await ready(page);
    await page.locator('.row').nth(1).click();
    await page.keyboard.press('Shift+End');
    await page.waitForFunction(() =>
      window.host.calls.some(
        (call) => (call.argument as { layers?: string[] }).layers?.length === 10_001,
      ),
    );
  }),
);

test(
  'groups fold and unfold by click and key, and the focus leaves a layer for its group',
  onPage(few, {}, async (page) => {
    await ready(page);
    const group = page.locator('.row.group', { hasText: 'encoder.layer.0' });
    const rows = () => page.locator('.table').getAttribute('aria-rowcount');
    assert.equal(await rows(), '58');
    await group.click();
    await page.waitForSelector('.row.group[aria-expanded="false"]');
    assert.equal(await rows(), '50');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => !document.querySelector('.row.group[aria-expanded="false"]'));
    assert.equal(await rows(), '58');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowLeft');
    assert.equal(
      await page.evaluate(() => document.activeElement?.classList.contains('group')),
      true,
    );
    await page.keyboard.press('Enter');
    await page.waitForSelector('.row.group[aria-expanded="false"]');
  }),
);

test(
  'Enter and a double click go to the text',
  onPage({ ...few, saved: flat }, {}, async (page) => {
    await ready(page);
    await page.locator('.row').nth(2).click();
    await page.keyboard.press('Enter');
    await page.locator('.row').nth(4).dblclick();
    await page.waitForFunction(
      () => window.host.calls.filter((call) => call.method === 'reveal').length === 2,
    );
    const reveals = await page.evaluate(() =>
      window.host.calls.filter((call) => call.method === 'reveal').map((call) => call.argument),
    );
    assert.deepEqual(reveals, [
      { layer: 'encoder.layer.0.attention.key', where: 'text' },
      { layer: 'encoder.layer.0.attention.scores', where: 'text' },
    ]);
  }),
);

test(
  'the menu of a row carries its layer on light elements, and selects it',
  onPage({ ...few, saved: flat }, {}, async (page) => {
    await ready(page);
    const context = await page.evaluate(() => {
      const cell = document.querySelectorAll('.row')[2]!.querySelector('.cell')!;
      return JSON.parse(
        cell.closest('[data-vscode-context]')!.getAttribute('data-vscode-context')!,
      ) as unknown;
    });
    assert.deepEqual(context, {
      webviewSection: 'layer',
      layer: 'encoder.layer.0.attention.key',
      chosen: false,
      preventDefaultContextMenuItems: true,
    });
    await page.locator('.row').nth(2).click({ button: 'right' });
    assert.deepEqual(await told(page), ['encoder.layer.0.attention.key']);
    await page
      .locator('.row')
      .nth(3)
      .click({ modifiers: ['Control'] });
    await page.locator('.row').nth(2).click({ button: 'right' });
    assert.equal((await told(page))?.length, 2, 'several stay selected');
  }),
);

test(
  'a selection made elsewhere is shown, scrolled to, and not sent back',
  onPage(many, {}, async (page) => {
    await ready(page);
    const id = 'encoder.layer.700.output';
    await page.evaluate((layer) => window.host.select([layer]), id);
    await page.waitForSelector('.row[aria-selected="true"]');
    assert.deepEqual(await selected(page), [id]);
    assert.equal(await told(page), undefined);
  }),
);

test(
  'a selection made elsewhere unfolds the groups around it, and no other',
  onPage(
    { ...many, saved: { collapsed: ['block:encoder.layer.3', 'block:encoder.layer.700'] } },
    {},
    async (page) => {
      await ready(page);
      const id = 'encoder.layer.700.output';
      await page.evaluate((layer) => window.host.select([layer]), id);
      await page.waitForSelector('.row[aria-selected="true"]');
      assert.deepEqual(await selected(page), ['output'], 'under the heading of its block');
      await page.waitForFunction(
        () => (window.host.saved as { collapsed?: string[] }).collapsed?.length === 1,
      );
      const kept = await page.evaluate(
        () => (window.host.saved as { collapsed: string[] }).collapsed,
      );
      assert.deepEqual(kept, ['block:encoder.layer.3']);
    },
  ),
);

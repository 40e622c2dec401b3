import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { onPage } from './page/open';
import { sweeping, swept } from './page/sensitivity';

const flat = { group: 'none' } as const;
const ready = (page: Page) => page.waitForSelector('.row.layer');
const titles = async (page: Page) =>
  (await page.locator('.head-cell').allInnerTexts()).map((title) => title.trim());
const lastQuery = (page: Page) => page.evaluate(() => window.host.queries.at(-1)!);

test(
  'the probe that says most has a column, others come and go by the menu',
  onPage({ ...swept, saved: flat }, {}, async (page) => {
    await ready(page);
    assert.deepEqual((await titles(page)).slice(-3), ['share of time', '4-bit', 'recipe']);
    await page.locator('.menu fw-button').click();
    await page.locator('.menu-panel fw-checkbox', { hasText: '2-bit weights' }).click();
    await page.locator('.menu-panel fw-checkbox', { hasText: '4-bit weights' }).click();
    await page.locator('.menu-panel fw-checkbox', { hasText: '50 % pruned' }).click();
    assert.deepEqual((await titles(page)).slice(-3), ['2-bit', '50 % pruned', 'recipe']);
    const row = page.locator('.row', { hasText: 'layer.0.attention.query' }).locator('.cell');
    const texts = await row.allInnerTexts();
    assert.deepEqual(texts.slice(-3, -1), ['0.02', '0.003']);
  }),
);

test(
  'the column sorts, the worst first, and its terms filter',
  onPage({ ...swept, saved: flat }, {}, async (page) => {
    await ready(page);
    await page.locator('.head-cell button', { hasText: '4-bit' }).click();
    await page.waitForFunction(() => window.host.queries.at(-1)?.sort === 'probe:int4');
    assert.equal((await lastQuery(page)).descending, true);
    await page.waitForFunction(
      () =>
        document.querySelector('.rows .row .name')?.textContent ===
        'encoder.layer.0.attention.output',
    );
    await page.locator('.filter-field input').fill('int4>0.0005');
    await page.waitForFunction(() => document.querySelectorAll('.rows .row.layer').length === 2);
  }),
);

test(
  'a group says the sum of its layers and that it is an estimate',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const group = page.locator('.row.group', { hasText: 'encoder.layer.0' });
    const cell = group.locator('.cell', { hasText: 'Σ' });
    assert.match(
      (await cell.getAttribute('data-tip'))!,
      /Sum of what each of its layers .*estimate/,
    );
    assert.equal(await cell.getAttribute('data-curve'), null);
  }),
);

const sorted = { ...flat, sort: 'probe:int4', descending: true };
test(
  'rows keep their places while figures come in, and are sorted when all are there',
  onPage({ ...sweeping, saved: sorted }, {}, async (page) => {
    await ready(page);
    assert.equal((await lastQuery(page)).sort, 'order');
    await page.evaluate((change) => window.host.update(change), { sweep: swept.sweep!, state: {} });
    await page.waitForFunction(() => window.host.queries.at(-1)?.sort === 'probe:int4');
  }),
);

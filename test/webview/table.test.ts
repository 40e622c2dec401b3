import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { small } from './page/models';
import { onPage } from './page/open';
import { few, flat, focusedRow, many, names, ready, told } from './page/table';

const sortBy = (page: Page, title: string) =>
  page.locator('.head-cell button', { hasText: title }).click();

test(
  '10,002 layers scroll without a gap, and few requests',
  onPage(many, {}, async (page) => {
    await ready(page);
    const table = page.locator('.table');
    await table.scrollIntoViewIfNeeded();
    assert.equal(await table.getAttribute('aria-rowcount'), '10003');
    const found = await page.evaluate(async () => {
      const table = document.querySelector<HTMLElement>('.table')!;
      table.scrollIntoView();
      const frame = () => new Promise(requestAnimationFrame);
      await frame();
      const head = 26;
      let gaps = 0;
      let looks = 0;
      let most = 0;
      const furthest = table.scrollHeight - table.clientHeight;
      for (let step = 0; step <= 120; step++) {
        // Steady scrolling, then jumps as of a dragged scroll bar.
        table.scrollTop = step < 60 ? step * 97 : (furthest * ((step * 37) % 61)) / 60;
        await frame();
        const { left, top, height } = table.getBoundingClientRect();
        const bottom = Math.min(top + height, window.innerHeight) - 2;
        for (let y = top + head + 3; y < bottom; y += 12) {
          looks++;
          if (!document.elementFromPoint(left + 60, y)?.closest('.row')) gaps++;
        }
        most = Math.max(most, document.querySelectorAll('.row').length);
      }
      return { gaps, looks, most };
    });
    assert.ok(found.looks > 5000, `${found.looks} places looked at`);
    assert.equal(found.gaps, 0, `${found.gaps} of ${found.looks} places were empty`);
    assert.ok(found.most < 60, `${found.most} rows in the page at once`);
    await page.waitForFunction(() => !document.querySelector('.rows .row.waiting'));
    const requests = await page.evaluate(() => window.host.queries.length);
    assert.ok(requests < 130, `${requests} requests for 121 positions`);
  }),
);

test(
  'the last of 10,002 rows is the last layer',
  onPage(many, {}, async (page) => {
    await ready(page);
    await page.locator('.row').first().click();
    await page.keyboard.press('End');
    await page.waitForSelector('.row[aria-rowindex="10003"]:not(.waiting)');
    assert.equal(await focusedRow(page), 10_001);
    assert.equal((await names(page)).at(-1), 'classifier');
    const last = await page.locator('.row[aria-rowindex="10003"]').boundingBox();
    const table = await page.locator('.table').boundingBox();
    assert.ok(last!.y + last!.height <= table!.y + table!.height + 0.5, 'and whole on show');
    assert.deepEqual(await told(page), ['classifier']);
  }),
);

test(
  'the keyboard keeps its place while the table is scrolled away from it',
  onPage(many, {}, async (page) => {
    await ready(page);
    await page.locator('.row').nth(3).click();
    await page.locator('.table').evaluate((table) => (table.scrollTop = 100_000));
    await page.waitForFunction(() =>
      document.querySelector('.rows .row:not(.waiting)[aria-rowindex="4170"]'),
    );
    assert.equal(await focusedRow(page), 3);
    await page.keyboard.press('ArrowDown');
    assert.equal(await focusedRow(page), 4);
    assert.equal(await page.locator('.table').evaluate((table) => table.scrollTop < 200), true);
  }),
);

test(
  'a slow host leaves grey lines in place, never an empty table',
  onPage({ ...many, delay: 150 }, {}, async (page) => {
    await ready(page);
    await page.locator('.table').evaluate((table) => (table.scrollTop = 120_000));
    await page.waitForSelector('.row.waiting');
    await page.waitForFunction(() => !document.querySelector('.rows .row.waiting'));
    const first = (await names(page))[0];
    assert.match(first ?? '', /^encoder\.layer\.\d+\./);
  }),
);

test(
  'headers sort, and say so',
  onPage(few, {}, async (page) => {
    await ready(page);
    await page.evaluate(() => window.host.update({}));
    await sortBy(page, 'parameters');
    await page.waitForFunction(
      () => document.querySelectorAll('.rows .row.group .name')[1]?.textContent !== undefined,
    );
    const header = page.locator('.head-cell', { hasText: 'parameters' });
    assert.equal(await header.getAttribute('aria-sort'), 'descending');
    await page.waitForFunction(
      () =>
        window.host.queries.at(-1)?.sort === 'parameters' && window.host.queries.at(-1)?.descending,
    );
    await sortBy(page, 'parameters');
    assert.equal(await header.getAttribute('aria-sort'), 'ascending');
    await sortBy(page, 'parameters');
    assert.equal(await header.getAttribute('aria-sort'), 'none');
  }),
);

test(
  'grouping by part, module and not at all',
  onPage(few, {}, async (page) => {
    await ready(page);
    for (const [group, first] of [
      ['part', 'Embedding'],
      ['none', 'embeddings.word'],
    ] as const) {
      await page.locator('.group-by').click();
      await page.locator('.group-by fw-option', { hasText: group }).click();
      await page.waitForFunction(
        (name) => document.querySelector('.rows .row .name')?.textContent === name,
        first,
      );
    }
  }),
);

test(
  'the filter narrows the table; what is not understood is said and empties nothing',
  onPage(few, {}, async (page) => {
    await ready(page);
    const field = page.locator('.filter-field input');
    await field.fill('role:up');
    await page.waitForFunction(() => document.querySelectorAll('.rows .row.layer').length === 6);
    await field.fill('role:boss');
    await page.waitForSelector('.problem');
    assert.match(await page.locator('.problem').innerText(), /No role "boss"/);
    await field.fill('nothing-like-it');
    await page.waitForSelector('.nothing');
    await page.locator('.nothing fw-button').click();
    await ready(page);
    assert.equal(await field.inputValue(), '');
  }),
);

test(
  'columns come and go',
  onPage(few, {}, async (page) => {
    await ready(page);
    await page.locator('.menu fw-button').click();
    await page.locator('.menu-panel fw-checkbox', { hasText: 'operator' }).click();
    await page.locator('.menu-panel fw-checkbox', { hasText: 'weights' }).click();
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.menu-panel').count(), 0);
    const titles = await page.locator('.head-cell').allInnerTexts();
    assert.deepEqual(
      titles.map((title) => title.trim()),
      [
        'layer',
        'role',
        'operator',
        'parameters',
        'bytes',
        'MACs',
        'time',
        'share of time',
        'recipe',
      ],
    );
  }),
);

test(
  'what the reader arranged is there again in the next page',
  onPage(
    {
      ...many,
      saved: {
        ...flat,
        sort: 'macs',
        descending: true,
        columns: ['name', 'macs'],
        table: 4800,
      },
    },
    {},
    async (page) => {
      await page.waitForFunction(() => document.querySelector('.table')?.scrollTop === 4800);
      await page.waitForSelector('.row[aria-rowindex="203"]:not(.waiting)');
      assert.deepEqual(await page.locator('.head-cell').count(), 2);
      await page.locator('.table').evaluate((table) => (table.scrollTop = 2400));
      await page.waitForFunction(() => (window.host.saved as { table: number }).table === 2400);
    },
  ),
);

test(
  'unknown figures are dashes, zeros are zeros',
  onPage(
    {
      saved: flat,
      inspection: {
        ...small,
        layers: small.layers.map((layer, index) =>
          index === 0 ? { ...layer, macs: null } : layer,
        ),
      },
    },
    {},
    async (page) => {
      await ready(page);
      const cells = await page.locator('.row').first().locator('.cell').allInnerTexts();
      assert.deepEqual(cells.slice(3, 7), ['11.7 M', '46.9 MB', '–', '–']);
      const scores = await page.locator('.row').nth(4).locator('.cell').allInnerTexts();
      assert.deepEqual(scores.slice(3, 5), ['0', '0']);
    },
  ),
);

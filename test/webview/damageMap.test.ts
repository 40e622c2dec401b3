import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Inspection } from '../../src/protocol/types';
import { sensitivityView } from '../../src/report/sensitivity/view';
import { actNames, answersOf } from './page/answers';
import { calls } from './page/calls';
import { bert, large } from './page/models';
import { onPage, picture } from './page/open';
import type { Scenario } from './page/host';
import { sweptInNineWays } from './page/sensitivity';

const many = bert(130);
const scenarioOf = (inspection: Inspection, most?: number): Scenario => ({
  inspection,
  state: { sensitivity: sensitivityView(sweptInNineWays(inspection, most)) },
});
const wide = scenarioOf(many);

const ready = (page: Page) => page.waitForSelector('.row.layer');
const map = (page: Page) => page.getByRole('grid', { name: /^Sensitivity of each layer/ });
const columns = (page: Page) => map(page).locator('.damage-letter');
const scroll = (page: Page, left: number) =>
  page.$eval('.damage-map', (element, to) => (element.scrollLeft = to), left);
/** Place of what is in focus among the columns that are said to be there, and whether it is whole in the map, beside the titles. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const mark = document.activeElement!;
    const box = mark.getBoundingClientRect();
    const title = document.querySelector('.damage-map .damage-title')!.getBoundingClientRect();
    const { right } = document.querySelector('.damage-map')!.getBoundingClientRect();
    const isTitle = mark.closest('.damage-title') !== null;
    return {
      column: Number(mark.closest('[aria-colindex]')?.getAttribute('aria-colindex')),
      isSeen: (isTitle || box.left >= title.right) && box.right <= right + 0.5,
    };
  });

test(
  'of very many layers those that suffer most are shown, and those in sight are in the page',
  onPage(wide, {}, async (page) => {
    await ready(page);
    assert.equal(await map(page).getAttribute('aria-colcount'), '401');
    const drawn = await columns(page).count();
    assert.ok(drawn > 60 && drawn < 120, `${drawn} columns`);
    assert.equal(await page.locator('.damage-cell').count(), drawn * 9);
    const text = await page.locator('.sensitivity').innerText();
    assert.match(text, /\d+ more layers suffer less and are not shown/);
    const height = await page.$eval('.damage-map', ({ clientHeight }) => clientHeight);
    assert.ok(height <= 290, `${height} px`);
  }),
);

test(
  'wherever the map is scrolled its columns are there, and it stays as wide and as high',
  onPage(wide, {}, async (page) => {
    await ready(page);
    const size = () =>
      page.$eval('.damage-map', ({ scrollWidth, scrollHeight }) => [scrollWidth, scrollHeight]);
    const before = await size();
    for (const left of [0, 1000, 2500, 100_000]) {
      await scroll(page, left);
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => setTimeout(done))),
      );
      const gaps = await page.evaluate(() => {
        const { right } = document.querySelector('.damage-map')!.getBoundingClientRect();
        const title = document.querySelector('.damage-title')!.getBoundingClientRect();
        const seen = [...document.querySelectorAll('.damage-map .damage-letter')]
          .map((head) => head.getBoundingClientRect())
          .filter((box) => box.right > title.right && box.left < right)
          .sort((a, b) => a.left - b.left);
        const ends = [title.right, ...seen.map((box) => box.right)];
        const starts = [...seen.map((box) => box.left), right];
        return starts.map((start, at) => start - ends[at]!);
      });
      assert.ok(gaps.length > 50 && Math.max(...gaps) < 9, `at ${left}: ${gaps.join()}`);
      assert.deepEqual(await size(), before);
    }
  }),
);

test(
  'the keyboard reaches what is not drawn yet, and keeps its place when that scrolls away',
  onPage(wide, {}, async (page) => {
    await ready(page);
    await map(page).locator('.heat').first().focus();
    await page.keyboard.press('End');
    assert.deepEqual(await focused(page), { column: 401, isSeen: true });
    await page.keyboard.press('ArrowDown');
    for (let press = 0; press < 3; press++) await page.keyboard.press('ArrowLeft');
    assert.deepEqual(await focused(page), { column: 398, isSeen: true });
    const tip = page.locator('.tip');
    await tip.waitFor();
    assert.match(await tip.innerText(), /, 4-bit weights\nKL divergence /);
    await page.keyboard.press('Escape');
    await tip.waitFor({ state: 'hidden' });
    await scroll(page, 0);
    await page.waitForFunction(() => document.querySelector('.damage-letter[aria-colindex="2"]'));
    assert.equal((await focused(page)).column, 398);
    assert.equal(await map(page).locator('[tabindex="0"]').count(), 1, 'one tab stop');
    await page.keyboard.press('ArrowRight');
    assert.deepEqual(await focused(page), { column: 399, isSeen: true });
    await page.keyboard.press('Home');
    assert.deepEqual(await focused(page), { column: 1, isSeen: true });
  }),
);

test(
  'a cell far along is pressed like any other',
  onPage(wide, {}, async (page) => {
    await ready(page);
    await scroll(page, 3000);
    const head = page.locator('.damage-letter[aria-colindex="240"]');
    await head.waitFor();
    await page.locator('.damage-cell[aria-colindex="240"] .heat').first().click();
    const layer = await head.locator('.hidden-text').textContent();
    assert.deepEqual(await calls(page, 'select'), [{ layers: [layer] }]);
    assert.equal(await page.locator('.damage-cell[aria-selected="true"]').count(), 9);
  }),
);

for (const theme of ['dark', 'light', 'high-contrast'] as const) {
  test(
    `${theme}: a picture of very many layers`,
    onPage(wide, { theme }, async (page) => {
      await ready(page);
      await scroll(page, 1200);
      await page.waitForFunction(() => document.querySelector('[aria-colindex="120"]'));
      await page.locator('.damage-cell[aria-colindex="110"] .heat').nth(2).click();
      await picture(page, `dashboard-${theme}-many`);
    }),
  );
}

test(
  'means of very many blocks scroll in columns that stay as wide, and their last row is there',
  onPage(scenarioOf(large), {}, async (page) => {
    await ready(page);
    const table = page.getByRole('region', { name: 'mean by block' });
    const rows = table.locator('tbody tr[aria-rowindex]');
    assert.ok((await rows.count()) < 60, `${await rows.count()} rows`);
    assert.equal(await table.locator('table').getAttribute('aria-rowcount'), '1251');
    const size = () =>
      table.evaluate((element) => [
        element.scrollHeight,
        ...[...element.querySelectorAll('thead th')].map((head) => head.clientWidth),
      ]);
    const before = await size();
    await table.evaluate((element) => (element.scrollTop = element.scrollHeight));
    await table.locator('tr[aria-rowindex="1251"]').waitFor();
    assert.equal(await table.locator('tbody th').last().innerText(), '1249');
    assert.deepEqual(await size(), before);
  }),
);

/** How many times as long as a map of one screen one of very many layers may take: noise of a busy machine, where nothing else grows. */
const most = 2.5;
let oneScreen: Awaited<ReturnType<typeof answersOf>> | undefined;
test(
  'a map of one screen answers',
  onPage(scenarioOf(many, 80), {}, async (page) => {
    await ready(page);
    oneScreen = await answersOf(page);
  }),
);
test(
  'one of very many layers answers as quickly',
  onPage(wide, {}, async (page) => {
    if (!oneScreen) return;
    await ready(page);
    const answers = await answersOf(page);
    for (const act of actNames) {
      const said = `${act}: ${answers[act].toFixed(0)} ms, ${oneScreen[act].toFixed(0)} ms for one screen`;
      console.log(said);
      assert.ok(answers[act] < most * oneScreen[act], said);
    }
  }),
);

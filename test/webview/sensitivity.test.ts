import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { sensitivityView } from '../../src/report/sensitivityView';
import { calls } from './page/calls';
import { bert, small } from './page/models';
import { onPage, picture } from './page/open';
import { stopped, sweeping, swept, sweptOn, sweptSynthetic } from './page/sensitivity';

const ready = (page: Page) => page.waitForSelector('.row.layer');
const section = (page: Page) => page.locator('.sensitivity');
const said = async (page: Page) => (await section(page).innerText()).replace(/\s+/g, ' ');
const names = (page: Page) => page.locator('.damage-name button').allInnerTexts();
const layers = new Set(sweptOn(small).layers.map(({ id }) => id)).size;

test(
  'until it is measured there is one sentence and one button',
  onPage({ inspection: small }, {}, async (page) => {
    await ready(page);
    assert.match(await said(page), /^Sensitivity How much each layer would suffer .* not measured/);
    assert.equal(await section(page).locator('fw-button').count(), 1);
    await section(page).locator('fw-button').click();
    assert.deepEqual(await calls(page, 'measureSensitivity'), [{}]);
  }),
);

test(
  'a map of layers by probes says what it stands on, and the exact figure at a focused cell',
  onPage(swept, {}, async (page) => {
    await ready(page);
    assert.equal(await page.locator('.damage-cell').count(), layers * 4);
    assert.match(
      await said(page),
      /KL divergence \(nats\) between .* mean over 128 samples of dev\.npz\.$/,
    );
    await page.locator('.damage-map button').first().focus();
    for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    const tip = page.locator('.tip');
    await tip.waitFor();
    assert.match(
      await tip.innerText(),
      /, 4-bit weights\nKL divergence 0\.0001 \(nats\)\n95 % interval 8\.000e-5 to 0\.00012\n128 samples of dev\.npz$/,
    );
    assert.equal(await page.locator('.damage-map [tabindex="0"]').count(), 1, 'one tab stop');
  }),
);

test(
  'made-up inputs are said to be so',
  onPage(sweptSynthetic, {}, async (page) => {
    await ready(page);
    assert.match(await said(page), /mean over 8 synthetic inputs\. Choose real data/);
    const tip = await page.locator('.damage-cell .heat').first().getAttribute('data-tip');
    assert.match(tip ?? '', /\n8 synthetic inputs$/);
  }),
);

test(
  'colours follow the logarithm of the damage',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const levels = await page.$$eval('.damage-cell .heat', (all) =>
      all.map((cell) => Number.parseFloat(getComputedStyle(cell).getPropertyValue('--level'))),
    );
    assert.equal(Math.max(...levels), 100);
    assert.equal(Math.min(...levels), 0);
    const [int8 = 0, int4 = 0, int2 = 0] = levels;
    // 1e-7, 1e-4 and 0.02 of the same layer.
    const ratio = (int4 - int8) / (int2 - int8);
    assert.ok(Math.abs(ratio - 3 / Math.log10(0.02 / 1e-7)) < 0.01, String(ratio));
  }),
);

test(
  'a title puts the layers that suffer most first, the first title takes that back',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const inOrder = await names(page);
    await page.getByRole('button', { name: '2-bit weights', exact: true }).click();
    const worstFirst = await names(page);
    const ranking = sweptOn(small).ranking.find(({ probe }) => probe === 'int2');
    const titles = new Map(small.layers.map(({ id, name }) => [id, name]));
    assert.equal(worstFirst[0], titles.get(ranking?.layers[0] ?? ''));
    assert.notDeepEqual(worstFirst, inOrder);
    await page.locator('.damage-head button').first().click();
    assert.deepEqual(await names(page), inOrder);
  }),
);

test(
  'a layer that is pressed is selected everywhere',
  onPage(swept, {}, async (page) => {
    await ready(page);
    await page.locator('.damage-name button').nth(3).click();
    const [selected] = (await calls(page, 'select')) as { layers: string[] }[];
    const [, , , fourth] = [...new Set(sweptOn(small).layers.map(({ id }) => id))];
    assert.deepEqual(selected, { layers: [fourth] });
    assert.equal(await page.locator('.damage-row[aria-selected="true"]').count(), 1);
    await page.waitForSelector('.row.layer[aria-selected="true"]');
  }),
);

test(
  'the map can be read as a table, with its intervals',
  onPage(swept, {}, async (page) => {
    await ready(page);
    await page.getByRole('button', { name: 'Sensitivity as a table' }).click();
    assert.equal(await page.locator('.damage-table tbody tr').count(), layers);
    assert.match(await page.locator('.damage-table tbody').innerText(), /0\.0001 ± 2\.0e-5/);
  }),
);

test(
  'roles are compared, the worst first',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const roles = page.getByRole('region', { name: 'Mean sensitivity by role' });
    const rows = await roles.locator('tbody th').allInnerTexts();
    assert.deepEqual(rows.slice(0, 2).sort(), ['output', 'value']);
  }),
);

test(
  'rows are shown as they arrive, and the measurement can be stopped',
  onPage(sweeping, {}, async (page) => {
    await ready(page);
    assert.equal(await page.locator('.damage-name').count(), 5);
    assert.match(await said(page), /^Sensitivity 5 layers so far/);
    const full = sensitivityView(sweptOn(small, { complete: false }, 9));
    await page.evaluate(
      (sensitivity) => window.host.update({ state: { ...window.scenario.state, sensitivity } }),
      full,
    );
    await page.waitForFunction(() => document.querySelectorAll('.damage-name').length === 9);
    await section(page).locator('fw-button', { hasText: 'Cancel' }).click();
    assert.deepEqual(await calls(page, 'cancel'), [{}]);
  }),
);

test(
  'what was stopped keeps its rows and can be taken up again',
  onPage(stopped, {}, async (page) => {
    await ready(page);
    assert.match(await said(page), /^Sensitivity stopped after 5 layers/);
    await section(page).locator('fw-button', { hasText: 'Continue' }).click();
    assert.deepEqual(await calls(page, 'measureSensitivity'), [{}]);
  }),
);

const many = bert(130);
test(
  'of very many layers those that suffer most are shown',
  onPage(
    { inspection: many, state: { sensitivity: sensitivityView(sweptOn(many)) } },
    {},
    async (page) => {
      await ready(page);
      assert.equal(await page.locator('.damage-name').count(), 400);
      assert.match(await said(page), /\d+ more layers suffer less and are not shown/);
      const height = await page.$eval('.damage-map', ({ clientHeight }) => clientHeight);
      assert.ok(height <= 420, `${height} px`);
      await picture(page, 'dashboard-sensitivity-many');
    },
  ),
);

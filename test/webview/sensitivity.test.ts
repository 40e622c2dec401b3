import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { calls } from './page/calls';
import { small } from './page/models';
import { onPage } from './page/open';
import {
  layerProbes,
  rich,
  stopped,
  sweeping,
  swept,
  sweptOn,
  sweptSynthetic,
} from './page/sensitivity';

const ready = (page: Page) => page.waitForSelector('.row.layer');
const section = (page: Page) => page.locator('.sensitivity');
const said = async (page: Page) => (await section(page).innerText()).replace(/\s+/g, ' ');
const map = (page: Page) => page.getByRole('grid', { name: /^Sensitivity of each layer/ });
const names = (page: Page) => map(page).locator('.damage-letter .hidden-text').allTextContents();
const ids = [...new Set(sweptOn(small).layers.map(({ id }) => id))];

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
  'a map of probes by layers says what it stands on, and the exact figure at a focused cell',
  onPage(swept, {}, async (page) => {
    await ready(page);
    assert.equal(await page.locator('.damage-cell').count(), ids.length * layerProbes.length);
    const text = await said(page);
    assert.match(text, /^Sensitivity KL divergence, .* · 128 samples of dev\.npz · exact/);
    assert.match(text, /KL divergence \(nats\) between .* mean over 128 samples of dev\.npz\./);
    await map(page).locator('button').first().focus();
    for (const key of ['ArrowDown', 'ArrowRight']) await page.keyboard.press(key);
    const tip = page.locator('.tip');
    await tip.waitFor();
    assert.match(
      await tip.innerText(),
      /^encoder\.layer\.0\.attention\.query, 4-bit weights\nKL divergence 0\.0001 \(nats\)\n95 % interval 8\.0e-5 to 0\.00012\n128 samples of dev\.npz\nsettled$/,
    );
    assert.equal(await map(page).locator('[tabindex="0"]').count(), 1, 'one tab stop');
  }),
);

test(
  'made-up inputs are said to be so',
  onPage(sweptSynthetic, {}, async (page) => {
    await ready(page);
    const text = await said(page);
    assert.match(text, /· 8 synthetic inputs ·/);
    assert.match(text, /mean over 8 synthetic inputs\. Choose real data/);
  }),
);

const levels = (page: Page) =>
  page.$$eval('.damage-cell .heat', (all) =>
    all.map((cell) => Number.parseFloat(getComputedStyle(cell).getPropertyValue('--level'))),
  );

test(
  'colours follow the logarithm of the damage, or the damage itself',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const logarithmic = await levels(page);
    assert.equal(Math.max(...logarithmic), 100);
    assert.equal(Math.min(...logarithmic), 0);
    // Of the first layer: 1e-7, 1e-4, 1e-3 and 0.02.
    const at = (all: readonly number[], probe: number) => all[probe * ids.length]!;
    const ratio =
      (at(logarithmic, 2) - at(logarithmic, 1)) / (at(logarithmic, 3) - at(logarithmic, 1));
    assert.ok(Math.abs(ratio - 1 / Math.log10(0.02 / 1e-4)) < 0.01, String(ratio));
    await page.getByRole('button', { name: 'Linear scale' }).click();
    const linear = await levels(page);
    assert.ok(Math.abs(at(linear, 2) / at(linear, 3) - 0.05) < 0.001);
    assert.match((await page.locator('.sensitivity .ramp').getAttribute('aria-label'))!, /linear/);
  }),
);

test(
  'a title puts the layers that suffer most first, and again takes that back',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const inOrder = await names(page);
    await page.getByRole('button', { name: '2-bit', exact: true }).click();
    const worstFirst = await names(page);
    const ranking = sweptOn(small).ranking.find(({ probe }) => probe === 'int2');
    assert.deepEqual(worstFirst, ranking?.layers);
    assert.notDeepEqual(worstFirst, inOrder);
    await page.getByRole('button', { name: '2-bit', exact: true }).click();
    assert.deepEqual(await names(page), inOrder);
  }),
);

test(
  'a layer that is pressed is selected everywhere',
  onPage(swept, {}, async (page) => {
    await ready(page);
    await page.locator('.damage-cell .heat').nth(3).click();
    assert.deepEqual(await calls(page, 'select'), [{ layers: [ids[3]] }]);
    assert.equal(
      await page.locator('.damage-cell[aria-selected="true"]').count(),
      layerProbes.length,
    );
    await page.waitForSelector('.row.layer[aria-selected="true"]');
  }),
);

test(
  'Enter opens the menu of the layer, which is selected for it',
  onPage(swept, {}, async (page) => {
    await ready(page);
    await page.evaluate(() =>
      window.addEventListener('contextmenu', (event) => {
        const context = (event.target as Element).closest('[data-vscode-context]');
        document.title = context?.getAttribute('data-vscode-context') ?? '';
      }),
    );
    await map(page).locator('.heat').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    assert.deepEqual(JSON.parse(await page.title()), {
      ...{ webviewSection: 'layer', layer: ids[1], preventDefaultContextMenuItems: true },
    });
    assert.deepEqual(await calls(page, 'select'), [{ layers: [ids[1]] }]);
  }),
);

test(
  'the map can be read as a table, with its intervals',
  onPage(swept, {}, async (page) => {
    await ready(page);
    await page.getByRole('button', { name: 'Sensitivity as a table' }).click();
    assert.equal(await page.locator('.damage-table tbody tr').count(), ids.length);
    assert.match(await page.locator('.damage-table tbody').innerText(), /0\.0001 ± 2\.0e-5/);
  }),
);

test(
  'what is not settled is marked, and what is not measured is not what is zero',
  onPage(rich, {}, async (page) => {
    await ready(page);
    const marked = page.locator('.heat[data-settled="false"]');
    assert.equal(await marked.count(), rich.sweep!.layers.filter((row) => !row.settled).length);
    assert.match((await marked.first().getAttribute('data-tip'))!, /32 samples .*\nnot settled: /);
    assert.equal(await page.locator('.sensitivity-toolbar .not-settled').count(), 1);
    const zero = page.locator('.heat[data-tip*="divergence 0 ("]').first();
    const border = (locator: typeof zero) =>
      locator.evaluate((cell) => getComputedStyle(cell).borderTopStyle);
    assert.equal(await border(zero), 'none');
    await page.evaluate(() => {
      const { sweep } = window.scenario;
      const layers = sweep!.layers.slice(0, 30);
      return window.host.update({ sweep: { ...sweep!, layers, complete: false } });
    });
    const unknown = page.locator('.heat[data-unknown="true"]').first();
    await unknown.waitFor();
    assert.equal(await border(unknown), 'dashed');
  }),
);

test(
  'figures arrive in their places, nothing moves, and the measurement can be stopped',
  onPage(sweeping, {}, async (page) => {
    await ready(page);
    assert.match(await said(page), /5 layers so far/);
    const known = page.locator('.damage-cell .heat[data-unknown="false"]');
    assert.equal(await known.count(), 5 * layerProbes.length);
    const boxes = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('.damage-cell, h2, .mean-table')].map((element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return [x, y, width, height].map(Math.round).join();
        }),
      );
    const before = await boxes();
    const sweep = sweptOn(small, { complete: false }, 9);
    await page.evaluate((more) => window.host.update({ sweep: more }), sweep);
    await page.waitForFunction(
      (count) =>
        document.querySelectorAll('.damage-cell .heat[data-unknown="false"]').length === count,
      9 * layerProbes.length,
    );
    assert.deepEqual(await boxes(), before);
    await section(page).locator('fw-button', { hasText: 'Cancel' }).click();
    assert.deepEqual(await calls(page, 'cancel'), [{}]);
  }),
);

test(
  'what was stopped keeps its rows and can be taken up again',
  onPage(stopped, {}, async (page) => {
    await ready(page);
    assert.match(await said(page), /stopped after 5 layers/);
    await section(page).locator('fw-button', { hasText: 'Continue' }).click();
    assert.deepEqual(await calls(page, 'measureSensitivity'), [{}]);
  }),
);

test(
  'what was measured can be exported',
  onPage(swept, {}, async (page) => {
    await ready(page);
    await section(page).getByRole('button', { name: 'Export…' }).click();
    assert.deepEqual(await calls(page, 'exportSensitivity'), [{}]);
  }),
);

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { calls } from './page/calls';
import { small } from './page/models';
import { onPage } from './page/open';
import { sweeping, swept, sweptOn } from './page/sensitivity';

const ready = (page: Page) => page.waitForSelector('.row.layer');
const section = (page: Page) => page.locator('.compress-next');
const said = async (page: Page) => (await section(page).innerText()).replace(/\s+/g, ' ');
const titles = (page: Page) =>
  page.locator('.next-add').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));

test(
  'steps are listed with what they gain, what they hurt and a button that adds them',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const text = await said(page);
    assert.match(text, /6 up projections, blocks 0 to 5 int8 weights −\d.* MB \d+ % of time/);
    assert.match(text, /the sum of what each layer did by itself, which is an estimate/);
    await page.locator('.next-add').first().click();
    const [added] = (await calls(page, 'addAction')) as { layers: string[] }[];
    const wanted = small.layers.filter(({ role }) => role === 'up' || role === 'down');
    assert.equal(added?.layers.length, 6);
    assert.ok(added?.layers.every((id) => wanted.some((layer) => layer.id === id)));
    const { action, params } = added as unknown as { action: string; params: object };
    assert.deepEqual([action, params], ['weightOnly', { bits: '8' }]);
  }),
);

test(
  'a step that joined the recipe leaves the list, and the keyboard stays in it',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const [first, second] = await titles(page);
    await page.locator('.next-add').first().focus();
    await page.keyboard.press('Enter');
    const [added] = (await calls(page, 'addAction')) as { layers: string[] }[];
    const chosen = { label: 'int8', title: 'int8', steps: [0], factor: 4 };
    const choices = Object.fromEntries(added!.layers.map((id) => [id, chosen]));
    await page.evaluate((more) => window.host.update({ choices: more }), choices);
    await page.waitForFunction(
      (title) => !document.querySelector(`.next-add[aria-label="${title}"]`),
      first,
    );
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    assert.equal(focused, second);
  }),
);

test(
  'more than a few are there on demand',
  onPage(swept, {}, async (page) => {
    await ready(page);
    assert.equal((await titles(page)).length, 6);
    await section(page).getByRole('button', { name: 'Show 6 more' }).click();
    assert.equal((await titles(page)).length, 12);
  }),
);

test(
  'nothing changes places under the pointer while layers are measured',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const before = await titles(page);
    const sweep = sweptOn(small, { complete: false }, 7);
    const { busy } = sweeping.state!;
    await page.evaluate((change) => window.host.update(change), { sweep, state: { busy: busy! } });
    await page.waitForSelector('.sensitivity .busy');
    assert.deepEqual(await titles(page), before);
  }),
);

test(
  'before there is a measurement, a plan and the advisor are offered',
  onPage({ inspection: small }, {}, async (page) => {
    await ready(page);
    assert.match(await said(page), /Once sensitivity is measured, the steps/);
    await section(page).locator('fw-button', { hasText: 'Plan…' }).click();
    assert.deepEqual(await calls(page, 'plan'), [{}]);
    await section(page).locator('fw-button', { hasText: 'Advisor…' }).click();
    assert.deepEqual(await calls(page, 'advise'), [{}]);
  }),
);

const stepless = sweptOn(small);
test(
  'why the list is empty is said',
  onPage(
    {
      inspection: small,
      sweep: { ...stepless, probes: stepless.probes.map((probe) => ({ ...probe, step: null })) },
    },
    {},
    async (page) => {
      await ready(page);
      assert.match(await said(page), /None of the ways that were measured has a step/);
    },
  ),
);

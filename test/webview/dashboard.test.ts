import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { calls } from './page/calls';
import { filteredBy, onPage } from './page/open';
import { measuredOn, measuredSmall, small } from './page/models';

const counted = { inspection: small };
const profiled = { inspection: small, profile: measuredSmall };
const busy = { what: 'Profiling', fraction: 0.4, note: '12 of 30 runs' };

const text = (page: Page, selector: string) => page.locator(selector).first().innerText();
const ready = (page: Page) => page.waitForSelector('.row.layer');

test(
  'the header says what the model is and under which conditions',
  onPage(profiled, {}, async (page) => {
    await ready(page);
    assert.equal(await text(page, 'h1'), 'model.onnx');
    const facts = (await text(page, '.facts')).replace(/\s+/g, ' ');
    for (const fact of [
      'encoder',
      '6 blocks × 384',
      '12 heads × 32',
      'feed-forward 1,536',
      'opset 17',
    ]) {
      assert.ok(facts.includes(fact), `${fact} in ${facts}`);
    }
    const totals = await page.locator('.total-figure').allInnerTexts();
    assert.deepEqual(totals.slice(0, 3), ['22.4 M', '89.5 MB', '1.40 G']);
    assert.equal(await page.getByLabel('Provider').count(), 0, 'one provider is no choice');
  }),
);

test(
  'until it is measured, time is a dash and one button',
  onPage(counted, {}, async (page) => {
    await ready(page);
    const totals = await page.locator('.total-figure').allInnerTexts();
    assert.deepEqual(totals.slice(3), ['–', '–']);
    const bar = page.locator('.bar').nth(3);
    assert.equal(await bar.locator('.segment').count(), 0);
    assert.match(await bar.innerText(), /not measured yet/);
    assert.equal(await bar.locator('button').count(), 1);
    const share = page.locator('.head-cell', { hasText: 'share of MACs' });
    assert.equal(await share.count(), 1, 'until then shares are shares of MACs, and say so');
    await bar.locator('button').click();
    assert.deepEqual(await calls(page, 'profile'), [{ threads: 2, provider: 'cpu', runs: 30 }]);
  }),
);

test(
  'a dimension is edited in place, and nonsense is taken back',
  onPage(counted, {}, async (page) => {
    await ready(page);
    const field = page.locator('.number input').nth(1);
    await field.fill('64');
    await field.press('Enter');
    await field.fill('-3');
    await field.press('Enter');
    await field.blur();
    assert.deepEqual(await calls(page, 'setSizes'), [{ dims: { sequence: 64 } }]);
    assert.equal(
      await field.inputValue(),
      '128',
      'the size of the model, until the model has another',
    );
  }),
);

test(
  'threads and provider go with the next measurement',
  onPage(
    {
      ...counted,
      state: {
        settings: { threads: 2, providers: ['cpu', 'cuda'], provider: 'cpu', data: null, runs: 5 },
      },
    },
    {},
    async (page) => {
      await ready(page);
      const threads = page.locator('.number input').nth(2);
      await threads.fill('');
      await threads.press('Enter');
      await page.locator('.conditions fw-dropdown').click();
      await page.locator('.conditions fw-option', { hasText: 'CUDA' }).click();
      await page.locator('.main-button').click();
      assert.deepEqual(await calls(page, 'profile'), [{ threads: 0, provider: 'cuda', runs: 5 }]);
    },
  ),
);

test(
  'Cancel stands where Profile stood, and nothing moves',
  onPage(counted, {}, async (page) => {
    await ready(page);
    const places = () =>
      page.$$eval('h1, .condition, .total, .bar, section, .row', (all) =>
        all.map((element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return [x, y, width, height].map(Math.round).join(' ');
        }),
      );
    const before = await places();
    await page.evaluate((state) => window.host.update({ state: { busy: state } }), busy);
    assert.equal(await text(page, '.main-button'), 'Cancel');
    assert.equal(await text(page, '.progress'), '12 of 30 runs');
    assert.deepEqual(await places(), before);
    await page.locator('.main-button').click();
    assert.deepEqual(await calls(page, 'cancel'), [{}]);
    const partial = { ...measuredSmall, complete: false };
    await page.evaluate((profile) => window.host.update({ profile }), partial);
    await page.waitForFunction(() =>
      document.querySelector('.row.layer')?.textContent?.includes('ms'),
    );
    assert.equal(
      await page.locator('.bar').nth(3).locator('.segment').count(),
      0,
      'bars grow once',
    );
    assert.deepEqual(await places(), before);
  }),
);

test(
  'a click on a segment filters, a second one takes it back',
  onPage(profiled, {}, async (page) => {
    await ready(page);
    const segment = page.locator('.bar').nth(2).locator('.segment.part-attention');
    await segment.click();
    await filteredBy(page, 'part:attention');
    assert.equal(await segment.getAttribute('aria-pressed'), 'true');
    await page.waitForFunction(() => !document.querySelector('.row .part-feedForward'));
    await segment.click();
    await filteredBy(page, '');
  }),
);

test(
  'a hover gives the exact figure and says that inputs were synthetic',
  onPage(profiled, {}, async (page) => {
    await ready(page);
    await page.locator('.bar').nth(3).locator('.segment.part-attention').hover();
    const tip = page.locator('.tip');
    await tip.waitFor();
    assert.match(
      await tip.innerText(),
      /Attention: 3\d % of time\n.* ms of .* ms\nMeasured on synthetic inputs/,
    );
    await page.keyboard.press('Escape');
    assert.equal(await tip.isVisible(), false);
    await page.locator('.bar').first().locator('.segment.part-attention').hover();
    await tip.waitFor();
    assert.match(await tip.innerText(), /3,5\d\d,\d{3} of 22,\d{3},\d{3}/);
  }),
);

test(
  'synthetic inputs are named beside every figure they shaped, real ones by name',
  onPage(profiled, {}, async (page) => {
    await ready(page);
    for (const place of [
      '.total:nth-child(4)',
      '.caption',
      '.section-head:has(#blocks)',
      '.count',
    ]) {
      assert.match(await text(page, place), /synthetic/, place);
    }
    const real = measuredOn(small, '/data/dev.npz');
    await page.evaluate((profile) => window.host.update({ profile }), real);
    await page.waitForFunction(() =>
      document.querySelector('.caption')?.textContent?.includes('dev.npz'),
    );
    const whole = await page.locator('main').innerText();
    assert.equal(whole.split('\n').filter((line) => line.includes('synthetic inputs')).length, 0);
  }),
);

test(
  'bars can be read as a table, and stay one for the next page',
  onPage(profiled, {}, async (page) => {
    await ready(page);
    await page.getByRole('button', { name: 'As a table' }).click();
    const row = page.locator('.figures tbody tr', { hasText: 'Attention' });
    assert.match(await row.innerText(), /3\.55 M\s+16 %/);
    assert.match(await text(page, '.figures tbody'), /Outside layers/);
    await page.waitForFunction(
      () => (window.host.saved as { asTable?: boolean } | undefined)?.asTable,
    );
  }),
);

test(
  'Show filters by the insight and goes to the table',
  onPage(profiled, { height: 500, bodyClass: 'vscode-reduce-motion' }, async (page) => {
    await ready(page);
    await page.locator('.insight .link', { hasText: 'Show' }).first().click();
    await filteredBy(page, 'part:embedding');
    await page.waitForFunction(() => {
      const top = document.querySelector('#layers-section')?.getBoundingClientRect().top;
      return top !== undefined && top < 60;
    });
  }),
);

test(
  'arrows move through the blocks, and Enter filters by the cell',
  onPage(profiled, {}, async (page) => {
    await ready(page);
    const cells = page.locator('.heat');
    assert.equal(await page.locator('.heat[tabindex="0"]').count(), 1, 'one tab stop');
    await cells.first().focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter'])
      await page.keyboard.press(key);
    await filteredBy(page, 'block:2 part:feedForward');
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    assert.match(focused ?? '', /^Feed-forward, block 2, time .* ms, .* of all blocks/);
  }),
);

test(
  'the blocks take another colour',
  onPage(profiled, {}, async (page) => {
    await ready(page);
    await page.locator('.metric').click();
    await page.locator('.metric fw-option', { hasText: 'parameters' }).click();
    assert.match(
      (await page.locator('.heat').first().getAttribute('data-tip')) ?? '',
      /parameters 591 K/,
    );
  }),
);

test(
  'a model without blocks has no strip',
  onPage(
    {
      inspection: {
        ...small,
        blocks: [],
        layers: small.layers.map((layer) => ({ ...layer, block: null })),
      },
    },
    {},
    async (page) => {
      await ready(page);
      assert.equal(await page.locator('#blocks').count(), 0);
    },
  ),
);

test(
  'an unreadable model is one sentence and one button',
  onPage(
    {
      state: {
        error: {
          message: 'model.onnx is a Git LFS pointer, not the model.',
          hint: 'Run git lfs pull.',
        },
      },
    },
    {},
    async (page) => {
      await page.waitForSelector('.empty');
      assert.match(await text(page, '.empty'), /Git LFS pointer[^]*Run git lfs pull/);
      assert.equal(await page.locator('fw-button').count(), 1);
      await page.locator('fw-button').click();
      assert.deepEqual(await calls(page, 'retry'), [{}]);
    },
  ),
);

test(
  'an extension that fails to answer is said, and asked again',
  onPage({ ...counted, refusal: 'The model is gone.' }, {}, async (page) => {
    await page.waitForSelector('.empty');
    assert.match(await text(page, '.empty'), /The model is gone/);
    assert.equal(await page.locator('.skeleton').count(), 0);
    await page.evaluate(() => window.host.heal());
    await page.locator('fw-button').click();
    await ready(page);
  }),
);

test(
  'a failed measurement leaves what was counted on show',
  onPage(
    {
      ...counted,
      state: { error: { message: 'The engine stopped: out of memory.' } },
    },
    {},
    async (page) => {
      await ready(page);
      assert.match(await text(page, '.notice.error'), /out of memory/);
      assert.equal(await text(page, '.total-figure'), '22.4 M');
    },
  ),
);

test(
  'what one has to know before trusting the figures is said',
  onPage(
    {
      inspection: {
        ...small,
        model: {
          ...small.model,
          externalData: [{ location: 'w/weights.bin', bytes: null, missing: true }],
        },
        unknown: [{ node: 'Strange_1', what: 'macs', why: 'no rule for acme::Strange' }],
      },
      state: { trusted: false },
    },
    {},
    async (page) => {
      await ready(page);
      const notices = (await page.locator('.notice').allInnerTexts()).join('\n');
      assert.match(notices, /not trusted: the model is read but not run/);
      assert.match(notices, /weights.bin is missing/);
      assert.match(notices, /One node is not counted in full/);
      await page.locator('.unknown summary').click();
      assert.match(await text(page, '.unknown ul'), /Strange_1 macs: no rule for acme::Strange/);
    },
  ),
);

const hostile = '<img src=x onerror=alert(1)>\u202e.x"\'';

test(
  'names from a model are text, whatever they hold',
  onPage(
    {
      inspection: {
        ...small,
        layers: small.layers.map((layer, index) =>
          index === 0 ? { ...layer, id: hostile, name: hostile } : layer,
        ),
      },
    },
    {},
    async (page) => {
      await ready(page);
      assert.equal(await page.locator('main img').count(), 0);
      assert.match(await text(page, '.row.layer'), /<img src=x onerror=alert\(1\)>/);
    },
  ),
);

test(
  'a finished measurement is announced',
  onPage({ ...profiled, state: { busy } }, {}, async (page) => {
    await ready(page);
    await page.evaluate(() => window.host.update({ state: {} }));
    const status = page.locator('main > [role="status"], [role="status"].hidden-text');
    await page.waitForFunction(() =>
      document
        .querySelector('[role="status"].hidden-text')
        ?.textContent?.startsWith('Profiling finished'),
    );
    assert.equal(await status.count(), 1);
  }),
);

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { calls } from './page/calls';
import { small } from './page/models';
import { onPage } from './page/open';
import { layerProbes, rich, richlySwept, swept, sweptInNineWays } from './page/sensitivity';

const ready = (page: Page) => page.waitForSelector('.row.layer');
const plain = (text: string) => text.replace(/\s+/g, ' ');

test(
  'roles are compared, the worst first, and blocks in their order',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const heads = (name: string) =>
      page.getByRole('region', { name }).locator('tbody th').allInnerTexts();
    assert.deepEqual((await heads('mean by role')).slice(0, 2).sort(), ['output', 'value']);
    assert.deepEqual(await heads('mean by block'), ['0', '1', '2', '3', '4', '5']);
    const findings = await page.locator('.findings li').allInnerTexts();
    assert.match(findings[0]!, /^Value and output projections suffer more than .*x to .*x/);
    assert.match(findings[1]!, /^The first block suffers more than those between/);
  }),
);

test(
  'one layer’s curve has fewer bits and fewer elements on one scale of damage',
  onPage(swept, {}, async (page) => {
    await ready(page);
    const detail = page.locator('.layer-detail');
    assert.match(plain(await detail.innerText()), /^suffers most: encoder\.layer\.0\.attention/);
    await page.locator('.damage-cell .heat').nth(1).click();
    await page.waitForFunction(() =>
      document.querySelector('.layer-detail')?.textContent?.includes('attention.key'),
    );
    assert.match(
      plain(await detail.innerText()),
      /50 % pruned hurts between 3-bit and 2-bit; 90 % pruned hurts more than 2-bit\.$/,
    );
    const label = await detail.locator('.damage-curve').getAttribute('aria-label');
    assert.match(label!, /^KL divergence \(nats\): int8 weights .* 4-bit weights .* 90 % pruned /);
    const heights = await detail.locator('.curve-point').evaluateAll((all) =>
      all.map((point) => ({
        title: point.getAttribute('data-tip')!.split('\n')[0]!,
        bottom: Number.parseFloat((point as HTMLElement).style.bottom),
      })),
    );
    const of = (title: string) => heights.find((point) => point.title === title)!.bottom;
    // 0.003 lies between 0.001 and 0.02 whichever family it is of.
    assert.ok(of('3-bit weights') < of('50 % pruned') && of('50 % pruned') < of('2-bit weights'));
  }),
);

const nineWays = { ...swept, sweep: sweptInNineWays(small) };

/** The left and right edges of what matches inside each element, a row for each. */
const edges = (page: Page, each: string, inside: string) =>
  page.locator(each).evaluateAll(
    (all, selector) =>
      all.map((element) =>
        [...element.querySelectorAll(selector)].map((part) => {
          const { left, right } = part.getBoundingClientRect();
          return { left, right };
        }),
      ),
    inside,
  );

for (const width of [320, 700, 1180, 1600]) {
  test(
    `figures of nine probes and captions of the curve stand apart at ${width} px`,
    onPage(nineWays, { width }, async (page) => {
      await ready(page);
      const figures = '.mean-table .level, .mean-table .mean-figure';
      const rows = await edges(page, '.mean-table tbody tr', figures);
      const captions = await edges(page, '.damage-curve .plot-x', 'span');
      assert.deepEqual(
        captions.map((row) => row.length),
        [9, 3],
      );
      for (const row of [...rows, ...captions]) {
        row.slice(1).forEach(({ left }, at) => {
          const gap = left - row[at]!.right;
          assert.ok(gap > 2, `${gap.toFixed(1)} px after the ${at + 1}th of ${row.length}`);
        });
      }
      // The rows of one table stand in columns, but for fractions of a pixel.
      const columns = rows.slice(0, 6).map((row) => row.map(({ left }) => Math.round(left)));
      assert.equal(columns[0]!.length, 18);
      const [levels, ...others] = columns.map((row) => row.filter((_, at) => at % 2 === 0));
      for (const row of others) assert.deepEqual(row, levels);
    }),
  );
}

test(
  'the curve stands in the tip of the table’s figure, too',
  onPage({ ...swept, saved: { group: 'none' } }, {}, async (page) => {
    await ready(page);
    const cell = page
      .locator('.row', { hasText: 'layer.0.attention.value' })
      .locator('[data-curve]');
    // A page that still scrolls hides its tips.
    await cell.scrollIntoViewIfNeeded();
    await page.waitForTimeout(100);
    await cell.hover();
    await page.locator('.tip .curve-point').first().waitFor();
    assert.equal(await page.locator('.tip .curve-point').count(), layerProbes.length);
    assert.match(await page.locator('.tip').innerText(), /95 % interval/);
    await page.locator('.row .name').first().hover();
    await page.locator('.tip .curve-point').first().waitFor({ state: 'detached' });
  }),
);

test(
  'blocks and heads have maps of their own, and lead to their block',
  onPage(rich, {}, async (page) => {
    await ready(page);
    const heads = page.getByRole('grid', { name: 'Damage of taking out each head of attention' });
    assert.equal(await heads.locator('.damage-cell').count(), 72);
    const blocks = page.getByRole('grid', { name: 'Damage of taking out each block' });
    assert.equal(await blocks.locator('.damage-cell').count(), 6);
    await blocks.locator('.heat').nth(2).click();
    assert.equal(await page.locator('.filter-field input').inputValue(), 'block:2');
  }),
);

test(
  'where errors enter and grow is drawn role by role, reachable by keys',
  onPage(rich, {}, async (page) => {
    await ready(page);
    const charts = page.locator('.propagation-chart');
    assert.equal(await charts.count(), 6);
    assert.match(
      plain(await page.locator('.propagation-text').innerText()),
      /the error of value grows \d\.\d+x, that of .* shrinks to \d/,
    );
    await page.locator('.propagation-start').first().focus();
    await page.keyboard.press('ArrowRight');
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    assert.match(focused!, /^encoder\.layer\.1\.attention\.query, .* where it enters, .* output: /);
    await page.keyboard.press('Enter');
    const select = await calls(page, 'select');
    assert.deepEqual(select, [{ layers: ['encoder.layer.1.attention.query'] }]);
  }),
);

const whole = richlySwept(small);
test(
  'hints are called hints, and stand alone where nothing was measured',
  onPage(
    {
      inspection: small,
      sweep: { ...whole, tier: 'hints', layers: [], propagation: [], stability: [] },
    },
    {},
    async (page) => {
      await ready(page);
      const text = plain(await page.locator('.sensitivity').innerText());
      assert.match(text, /^Sensitivity hints from the weights alone: nothing was run/);
      assert.match(text, /Hints from the weights alone nothing was run/);
      assert.equal(await page.locator('.hints tbody tr').count(), whole.hints.length);
      assert.equal(await page.locator('.damage-map').count(), 0);
    },
  ),
);

const hostile = '<img src=x onerror=alert(1)>\u202e';
test(
  'names from the model are text, whatever stands in them',
  onPage(
    {
      inspection: small,
      sweep: {
        ...whole,
        data: `/data/${hostile}.npz`.replaceAll('/data/<', '/<'),
        layers: whole.layers.map((row) => ({ ...row, name: `${hostile}${row.name}` })),
        propagation: whole.propagation.map((row) => ({ ...row, name: `${hostile}${row.name}` })),
      },
    },
    {},
    async (page) => {
      await ready(page);
      assert.equal(await page.locator('img').count(), 0);
      const text = await page.locator('.sensitivity').innerText();
      assert.ok(text.includes('<img src=x') && !text.includes('\u202e'));
    },
  ),
);

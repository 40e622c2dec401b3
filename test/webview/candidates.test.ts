import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { labelSides } from '../../webview/labels';
import { frontier, placed } from '../../webview/pareto';
import { calls } from './page/calls';
import { small } from './page/models';
import { onPage } from './page/open';
import { candidates, rich } from './page/sensitivity';

const ready = (page: Page) => page.waitForSelector('.row.layer');
const section = (page: Page) => page.locator('.candidates');
const best = (bySpeed: boolean) =>
  frontier(placed(candidates, bySpeed), bySpeed).map(({ candidate }) => candidate.name);

test('the line joins what nothing beats in both, and leaves out what stands on other data', () => {
  assert.deepEqual(best(false), ['model.onnx', 'model.int4.onnx', 'model.mixed.onnx']);
  assert.deepEqual(best(true), [
    'model.onnx',
    'model.int4.onnx',
    'model.int8.onnx',
    'ort-dynamic.onnx',
  ]);
  const odd = placed(candidates, false).filter(({ isOdd }) => isOdd);
  assert.deepEqual(
    odd.map(({ candidate }) => candidate.samples),
    [64],
  );
});

test('what has no figure has no place, and twins are both on the line', () => {
  const [original, one] = candidates;
  const twin = { ...one!, name: 'twin', file: '/twin' };
  const unknown = { ...one!, damage: null };
  const points = placed([original!, one!, twin, unknown], false);
  assert.equal(points.length, 3);
  assert.equal(frontier(points, false).length, 3);
});

test('names stand where they cross neither points, nor one another, nor the line', () => {
  const area = { width: 400, height: 200 };
  const at = (x: number, y: number) => ({ x, y, width: 60 });
  assert.deepEqual(labelSides([at(100, 100)], area), ['right']);
  assert.deepEqual(labelSides([at(390, 100)], area), ['left']);
  assert.deepEqual(labelSides([at(100, 100), at(110, 100)], area), ['left', 'right']);
  assert.deepEqual(labelSides([at(395, 0)], area), ['aboveLeft']);
  const line = [
    [20, 100],
    [300, 100],
  ] as const;
  assert.deepEqual(labelSides([at(100, 100)], area, line), ['above']);
  assert.deepEqual(labelSides([at(100, 190)], area, [[90, 190] as const, [300, 190] as const]), [
    'below',
  ]);
});

test(
  'until something is measured, how to get the first point is said',
  onPage({ inspection: small }, {}, async (page) => {
    await ready(page);
    assert.match(await section(page).innerText(), /build a recipe and measure it, or add a file/);
    await section(page).locator('fw-button').click();
    assert.deepEqual(await calls(page, 'addCandidate'), [{}]);
  }),
);

test(
  'candidates stand by size and damage, with their names, and keys go from one to the next',
  onPage(rich, {}, async (page) => {
    await ready(page);
    const points = page.locator('.candidate');
    assert.equal(await points.count(), candidates.length);
    assert.equal(await page.locator('.candidate[data-original="true"]').count(), 1);
    assert.equal(await page.locator('.candidate[data-odd="true"]').count(), 1);
    assert.ok((await section(page).innerText()).includes('<b>half.onnx'));
    assert.equal(await page.locator('.candidate[tabindex="0"]').count(), 1, 'one tab stop');
    await points.first().focus();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    assert.match(
      (await focused())!,
      /^model\.mixed\.onnx, 17\.1 MB, 1\.9x as fast, KL .*on the line$/,
    );
    await page.keyboard.press('End');
    assert.match((await focused())!, /^model\.onnx, the original, 90\.9 MB/);
    const left = (name: string) =>
      page
        .locator('.candidate', { hasText: name })
        .evaluate((point) => Number.parseFloat((point as HTMLElement).style.left));
    assert.ok((await left('mixed')) < (await left('int4')));
  }),
);

test(
  'the other way round by speed, and all of it as a table',
  onPage({ ...rich, saved: { candidatesBySpeed: true } }, {}, async (page) => {
    await ready(page);
    assert.match(await section(page).innerText(), /times as fast, more is better/);
    await page.getByRole('button', { name: 'Candidates as a table' }).click();
    const rows = await section(page).locator('tbody tr').allInnerTexts();
    assert.equal(rows.length, candidates.length);
    assert.match(rows[0]!.replace(/\s+/g, ' '), /^model\.onnx original 90\.9 MB 1\.0x 0 –/);
    assert.match(rows[1]!, /0\.0022 to 0\.0043/);
  }),
);

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { comparisonView } from '../../src/report/comparisonView';
import { comparisonOf } from '../report/fixture';
import { calls } from './page/calls';
import { small, measuredSmall } from './page/models';
import { filteredBy, onPage, picture } from './page/open';
import { candidate, chosenLayer, planned, proved, view } from './page/recipes';

const ready = (page: Page) => page.waitForSelector('.row.layer');
const text = async (page: Page, selector: string) =>
  (await page.locator(selector).first().innerText()).replace(/\s+/g, ' ');
const button = (page: Page, name: string) =>
  page.locator('fw-button').and(page.getByText(name, { exact: true }));

test(
  'without a recipe there is one sentence and one button',
  onPage({ inspection: small }, {}, async (page) => {
    await ready(page);
    assert.match(await text(page, '.recipe'), /^Recipe No layer is made lighter yet/);
    assert.equal(await page.locator('.recipe fw-button').count(), 1);
    await page.locator('.recipe fw-button').click();
    assert.deepEqual(await calls(page, 'quantizeModel'), [{}]);
  }),
);

test(
  'steps say what they do, to what, and what they leave as it is',
  onPage(planned, {}, async (page) => {
    await ready(page);
    assert.equal(await page.locator('.step').count(), 2);
    assert.match(
      await text(page, '.step'),
      /^int8, dynamic attention and feed-forward Show Text Remove 36 layers, 42\.\d MB → 10\.\d MB 2 layers stay as they are \(pooler\.dense, classifier\): Its weights are shared/,
    );
    assert.match(await text(page, '.step:nth-child(2)'), /^4-bit weights block 64 embedding/);
    const several = page.locator('.step').nth(1).locator('summary');
    assert.equal(await several.innerText(), '2 layers stay as they are');
    await several.click();
    assert.match(await text(page, '.step details ul'), /\(position\): Too small to be worth it/);
    assert.match(
      await text(page, '.outlook'),
      /predicted 19\.8 MB of 89\.5 MB, 4\.5x smaller built – calibration train\.npz/,
    );
  }),
);

test(
  'a step is shown in the table, gone to in the text, and removed',
  onPage(planned, {}, async (page) => {
    await ready(page);
    const step = page.locator('.step').nth(1);
    await step.getByRole('button', { name: 'Text' }).click();
    await step.getByRole('button', { name: 'Remove' }).click();
    await step.getByRole('button', { name: 'Show' }).click();
    assert.deepEqual(await calls(page, 'openRecipe'), [{ step: 1 }]);
    assert.deepEqual(await calls(page, 'removeStep'), [{ step: 1 }]);
    await filteredBy(page, 'step:2');
    await page.waitForFunction(() => !document.querySelector('.row .part-attention'));
    assert.match(await text(page, '.row.layer'), /4-bit 7\.1x/);
  }),
);

test(
  'the file, the data and the model are a press away',
  onPage(proved, {}, async (page) => {
    await ready(page);
    await page.getByRole('button', { name: 'model.featherweight.json' }).click();
    await page.getByRole('button', { name: 'model.int8.onnx' }).click();
    await page.getByRole('button', { name: /^train\.npz, data for calibration/ }).click();
    await page.getByRole('button', { name: /data for evaluation$/ }).click();
    await page.getByRole('button', { name: 'Export…' }).first().click();
    assert.deepEqual(await calls(page, 'openRecipe'), [{}]);
    assert.deepEqual(await calls(page, 'openCandidate'), [{}]);
    assert.deepEqual(await calls(page, 'chooseRecipeData'), [
      { use: 'calibration' },
      { use: 'evaluation' },
    ]);
    assert.deepEqual(await calls(page, 'exportComparison'), [{}]);
  }),
);

test(
  'what is built is measured, and a build can be stopped',
  onPage(planned, {}, async (page) => {
    await ready(page);
    assert.equal(await button(page, 'Measure').getAttribute('disabled'), '', 'nothing is built');
    await button(page, 'Build').click();
    assert.deepEqual(await calls(page, 'build'), [{}]);
    const busy = { what: 'Building', fraction: 0.4, note: '14 of 36 layers' };
    await page.evaluate((recipe) => window.host.update({ state: { recipe } }), { ...view, busy });
    assert.match(await text(page, '.outlook-act'), /14 of 36 layers Cancel/);
    await button(page, 'Cancel').click();
    assert.deepEqual(await calls(page, 'cancelBuild'), [{}]);
    await page.evaluate((recipe) => window.host.update({ state: { recipe } }), {
      ...view,
      candidate,
    });
    await button(page, 'Measure').click();
    assert.deepEqual(await calls(page, 'measure'), [{}]);
    const said = await page.locator('[role="status"].hidden-text').innerText();
    assert.equal(said, 'Building finished.');
  }),
);

test(
  'the report says what was gained, what was paid and what does not run as it should',
  onPage(proved, {}, async (page) => {
    await ready(page);
    const lines = await page.locator('.report-line').allInnerTexts();
    const flat = lines.map((line) => line.replace(/\s+/g, ' '));
    assert.match(flat[0] ?? '', /^file 92\.0 MB 23\.0 MB 4\.0x smaller/);
    assert.match(flat[1] ?? '', /^latency 62\.5 ms 25\.1 ms 2\.5x faster \[2\.3, 2\.6\]/);
    assert.match(flat[2] ?? '', /^accuracy \(872\) 87\.8 % 87\.6 % no difference −0\.2 points/);
    assert.ok(flat.some((line) => /^kernels 35 of 36 layers run as int8 dynamic/.test(line)));
    await page.locator('summary', { hasText: '35 of 36' }).click();
    assert.match(
      await text(page, '.report-detail li'),
      /runs MatMul: Its weights were turned back/,
    );
    assert.match(await text(page, '.report-detail li:last-child'), /^1 layer: Slow before VNNI\.$/);
    assert.ok(flat.some((line) => /^furthest off \S+ \d\d\.0 dB, /.test(line)));
    await page.locator('summary', { hasText: '36 of' }).last().click();
    await picture(page, 'recipe-open-lists');
    assert.match(
      await text(page, '.measured .caption'),
      /model\.int8\.onnx · dev\.npz, 872 samples · latency at input_ids 1×128/,
    );
  }),
);

test(
  'a report of an earlier build says so',
  onPage(
    {
      ...proved,
      state: {
        recipe: { ...view, candidate: { ...candidate, current: false } },
        comparison: comparisonView(comparisonOf({ data: 'synthetic', complete: false }), false),
      },
    },
    {},
    async (page) => {
      await ready(page);
      assert.match(await text(page, '.outlook'), /model\.int8\.onnx before the last change/);
      assert.match(
        await text(page, '.measured .caption'),
        /made-up inputs, 872 samples .* not finished · measured before the last change/,
      );
    },
  ),
);

test(
  'a layer of the report is gone to, in a folded group and past a filter',
  onPage(
    { ...proved, saved: { filter: 'part:norm', collapsed: ['block:encoder.layer.0'] } },
    { bodyClass: 'vscode-reduce-motion' },
    async (page) => {
      await ready(page);
      const miss = proved.state?.comparison?.kernels.misses[0]?.layer ?? '';
      await page.locator('summary', { hasText: '35 of 36' }).click();
      await page.locator('.report-detail .link', { hasText: miss }).first().click();
      const row = page.locator('.row[aria-selected="true"]');
      await row.waitFor();
      await filteredBy(page, '');
      assert.match((await row.getAttribute('data-vscode-context')) ?? '', new RegExp(`"${miss}"`));
      assert.deepEqual(await calls(page, 'select'), [{ layers: [miss] }]);
    },
  ),
);

test(
  'what is wrong with a recipe is said where it is, and nothing is built from it',
  onPage(
    {
      ...planned,
      state: {
        recipe: {
          ...view,
          problem: 'The recipe was made for another model.hashes differ.',
          error: { message: 'The disk is full.', hint: 'Free 20 MB.' },
          steps: view.steps.map((step) => ({ ...step, problem: 'No layer is called nowhere.' })),
        },
      },
    },
    {},
    async (page) => {
      await ready(page);
      const all = await text(page, '.recipe-plan');
      for (const said of [
        'made for another model',
        'disk is full',
        'Free 20 MB',
        'called nowhere',
      ]) {
        assert.ok(all.includes(said), `${said} in ${all}`);
      }
      assert.equal(await button(page, 'Build').getAttribute('disabled'), '');
    },
  ),
);

test(
  'what will not get faster says so before it is chosen for good',
  onPage(
    {
      ...planned,
      state: {
        recipe: {
          ...view,
          steps: [
            {
              ...view.steps[0]!,
              speedNote: 'No faster: The runtime turns 16-bit weights back when it loads them.',
            },
          ],
        },
      },
    },
    {},
    async (page) => {
      await ready(page);
      assert.match(
        await text(page, '.step-notes'),
        / No faster: The runtime turns 16-bit weights back/,
      );
    },
  ),
);

test(
  'the table shows what the recipe does to a layer, and its menu knows',
  onPage(planned, {}, async (page) => {
    await ready(page);
    const row = page.locator(`.row[data-vscode-context*='"${chosenLayer}"']`);
    await row.scrollIntoViewIfNeeded();
    assert.match(await row.innerText(), /int8\s+3\.9x/);
    const told = JSON.parse((await row.getAttribute('data-vscode-context')) ?? '') as object;
    assert.deepEqual(told, {
      webviewSection: 'layer',
      layer: chosenLayer,
      chosen: true,
      preventDefaultContextMenuItems: true,
    });
    await page.evaluate(() => window.host.update({ choices: {}, state: {} }));
    await page.waitForFunction(
      (id) =>
        document.querySelector(
          `.row[data-vscode-context*='"${id}"'][data-vscode-context*='false']`,
        ),
      chosenLayer,
    );
  }),
);

test(
  'selected layers are quantized with one button',
  onPage({ inspection: small }, {}, async (page) => {
    await ready(page);
    const quantize = page.locator('.toolbar fw-button', { hasText: 'Quantize…' });
    assert.equal(await quantize.evaluate((one) => (one as HTMLButtonElement).disabled), true);
    await page.locator('.row.layer').nth(2).click();
    await page.keyboard.press('Shift+ArrowDown');
    await page.waitForFunction(() =>
      document.querySelector('.count')?.textContent?.startsWith('2 selected'),
    );
    assert.equal(await quantize.getAttribute('aria-label'), 'Quantize 2 layers…');
    await quantize.click();
    const [request] = (await calls(page, 'addAction')) as { layers: string[] }[];
    assert.equal(request?.layers.length, 2);
  }),
);

test(
  'Delete takes the selected layers out of the recipe',
  onPage(planned, {}, async (page) => {
    await ready(page);
    await page.locator('.row.layer').first().click();
    await page.keyboard.press('Delete');
    assert.deepEqual(await calls(page, 'undoLayers'), [{ layers: ['embeddings.word'] }]);
  }),
);

test(
  'a step that joins from the table leaves the table where it is',
  onPage({ inspection: small, profile: measuredSmall }, { height: 700 }, async (page) => {
    await ready(page);
    const row = page.locator('.row.layer').nth(2);
    await row.scrollIntoViewIfNeeded();
    await row.click();
    const place = async () => Math.round((await row.boundingBox())?.y ?? -1);
    const before = await place();
    await page.evaluate((recipe) => window.host.update({ state: { recipe } }), view);
    await page.waitForSelector('.step');
    await page.waitForTimeout(100);
    assert.equal(await place(), before);
  }),
);

test(
  'a sentence that names a remedy adds it with one press',
  onPage({ inspection: small }, {}, async (page) => {
    await ready(page);
    await page.locator('.insight .link', { hasText: 'Use 8-bit rows' }).click();
    assert.deepEqual(await calls(page, 'addAction'), [
      { layers: ['embeddings.word'], action: 'int8Dynamic', params: {} },
    ]);
  }),
);

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { modelsFolder, withoutModels } from '../support/models';
import { onPage, picture } from './page/open';
import { read, readAndMeasured } from './page/real';

/** Milliseconds from the start of the page's script until the layers are on show. */
async function shownAfter(page: Page): Promise<number> {
  const now = await page.waitForFunction(
    () => document.querySelector('.row.layer') && performance.now(),
  );
  const begin = await page.evaluate(
    () => performance.getEntriesByName('begin')[0]?.startTime ?? NaN,
  );
  return Number(await now.jsonValue()) - begin;
}

const sample = resolve('media/samples/digits-vit/model.onnx');

test('the sample, read and measured by the engine, is on show within a second', async (context) => {
  const scenario = await readAndMeasured({ file: sample });
  await onPage(scenario, {}, async (page) => {
    const after = await shownAfter(page);
    context.diagnostic(`layers after ${after.toFixed(0)} ms`);
    assert.ok(after < 1000, `${after.toFixed(0)} ms`);
    assert.match(await page.locator('.total-figure').nth(3).innerText(), /\d (ms|µs)$/);
    assert.equal((await page.locator('.bar:nth-child(4) .segment').count()) > 2, true);
    await picture(page, 'dashboard-sample');
  })(context);
});

const skeletons = join(modelsFolder, 'skeletons');
const files = existsSync(skeletons)
  ? readdirSync(skeletons, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.onnx'),
    )
  : [];

for (const name of files) {
  test(
    `${name} is on show within two seconds, without its weights`,
    { skip: withoutModels },
    async (context) => {
      const scenario = await read({ file: join(skeletons, name) });
      await onPage(scenario, { theme: 'light' }, async (page) => {
        const after = await shownAfter(page);
        context.diagnostic(
          `${scenario.inspection?.nodes.length} nodes: layers after ${after.toFixed(0)} ms`,
        );
        assert.ok(after < 2000, `${after.toFixed(0)} ms`);
        await picture(page, `dashboard-${name.split(/[\\/]/)[0]}`);
      })(context);
    },
  );
}

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { modelsFolder, withoutModels } from '../support/models';
import { onPage, picture } from './page/open';
import { bestPaints } from './page/paint';
import { read, readAndMeasured } from './page/real';

const sample = resolve('media/samples/digits-vit/model.onnx');

test('the sample, read and measured by the engine, is on show within a second', async (context) => {
  const scenario = await readAndMeasured({ file: sample });
  await onPage(scenario, {}, async (page) => {
    const { layers: after } = await bestPaints(page, 1000);
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
        const { layers: after } = await bestPaints(page, 2000);
        context.diagnostic(
          `${scenario.inspection?.nodes.length} nodes: layers after ${after.toFixed(0)} ms`,
        );
        assert.ok(after < 2000, `${after.toFixed(0)} ms`);
        await picture(page, `dashboard-${name.split(/[\\/]/)[0]}`);
      })(context);
    },
  );
}

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { themeNames, themes, Workbench } from './workbench';

/** Runs in the page. */
const scrollsSideways = 'document.body.scrollWidth > window.innerWidth';

/** What a new user does with the bundled sample, in the packaged extension: each step stands on the one before. */
describe('the sample', () => {
  let vscode: Workbench;
  before(async () => {
    vscode = await Workbench.start();
  });
  after(() => vscode.stop());

  const step = (name: string, body: () => Promise<void>) =>
    it(name, () => vscode.watched(name, body));

  step('opens as a dashboard, with its counted figures', async () => {
    await vscode.open('digits-vit/model.onnx');
    const page = await vscode.dashboard();
    await page.getByRole('heading', { name: 'model.onnx' }).waitFor();
    const text = await page.locator('main').innerText();
    for (const figure of ['202 K', '3.50 M', '4 blocks × 64', '4 heads × 16', 'feed-forward 256']) {
      assert.ok(text.includes(figure), `${figure} is not in:\n${text}`);
    }
    assert.ok(text.includes('not measured'));
    await vscode.shot('opened');
  });

  step('is profiled, and times take their places', async () => {
    const page = await vscode.dashboard();
    await page.getByRole('button', { name: 'Profile', exact: true }).first().click();
    // Profile stands where Cancel stood when all is measured.
    await page.getByRole('button', { name: 'Cancel' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).waitFor({ state: 'detached' });
    await page.getByText(/30 runs, synthetic inputs/).waitFor();
    const total = page.locator('.total').filter({ hasText: 'latency' });
    assert.match(await total.innerText(), /[\d.]+ (µs|ms)/);
    await page.getByText('share of time').first().waitFor();
    await vscode.shot('profiled');
  });

  step('filters its table with one press on a part', async () => {
    const page = await vscode.dashboard();
    const part = page.locator('.legend-item', { hasText: 'Attention' });
    const rows = page.locator('.row');
    const fewer = rows.filter({ hasText: 'mlp' });
    await part.click();
    await fewer.first().waitFor({ state: 'detached' });
    assert.ok((await rows.count()) > 0);
    await part.click();
    await fewer.first().waitFor();
  });

  step('offers VS Code’s own menu on a layer, by mouse and by keyboard', async () => {
    const page = await vscode.dashboard();
    const row = page.locator('.row').filter({ hasText: 'query' }).first();
    await row.scrollIntoViewIfNeeded();
    await row.click({ button: 'right' });
    const items = vscode.page.locator('.monaco-menu .action-label');
    await items.filter({ hasText: 'Text' }).first().waitFor();
    await vscode.shot('menu');
    await vscode.page.keyboard.press('Escape');
    await row.click();
    await vscode.page.keyboard.press('Shift+F10');
    await items.filter({ hasText: 'Text' }).first().waitFor();
    await vscode.page.keyboard.press('Escape');
  });

  step('reads as text, with costs over its layers', async () => {
    const page = await vscode.dashboard();
    const row = page.locator('.row').filter({ hasText: 'query' }).first();
    await row.click({ button: 'right' });
    await vscode.choose('Show in Text');
    await vscode.page
      .locator('.codelens-decoration')
      .filter({ hasText: /[mµ]s.*params/ })
      .first()
      .waitFor();
    await vscode.shot('text-beside');
    await vscode.command('View: Join All Editor Groups');
    // Lenses fade in.
    await vscode.page.waitForTimeout(1000);
    await vscode.shot('text');
  });

  step('opens again from the walkthrough', async () => {
    await vscode.command('Welcome: Open Walkthrough...', 'Make a Model Lighter');
    await vscode.page.locator('.getting-started-step').first().waitFor();
    await vscode.shot('walkthrough');
    await vscode.open('digits-vit/model.onnx');
    await (await vscode.dashboard()).getByText(/30 runs, synthetic inputs/).waitFor();
  });

  step('stands in a tree, and is offered two commands in the explorer', async () => {
    await vscode.page.locator('.pane-header', { hasText: 'Model Layers' }).click();
    const blocks = vscode.page.locator('.pane-body .monaco-list-row', { hasText: 'blocks' });
    await blocks.first().waitFor();
    const file = vscode.page.locator('.explorer-folders-view .monaco-list-row');
    await file.filter({ hasText: /^model\.onnx$/ }).click({ button: 'right' });
    const items = vscode.page.locator('.monaco-menu .action-label');
    await items.filter({ hasText: 'Open Text View' }).waitFor();
    await vscode.shot('tree-and-explorer');
    const titles = await items.allInnerTexts();
    assert.equal(
      titles.filter((title) => /Dashboard|Text View|Profile|Featherweight/.test(title)).length,
      2,
    );
    await vscode.page.keyboard.press('Escape');
  });

  for (const theme of themeNames) {
    step(`is legible in ${themes[theme].title}`, async () => {
      await vscode.theme(theme);
      const page = await vscode.dashboard();
      await page.evaluate('window.scrollTo(0, 0)');
      await page.getByText(/30 runs, synthetic inputs/).waitFor();
      await vscode.shot(`dashboard-${theme}`);
      assert.equal(await page.evaluate(scrollsSideways), false);
    });
  }

  step('says why a file that is no model does not open', async () => {
    writeFileSync(join(vscode.workspace, 'notes.onnx'), 'These are only notes.\n');
    await vscode.open('notes.onnx');
    const page = await vscode.dashboard();
    await page.getByRole('button', { name: 'Try Again' }).waitFor();
    assert.match(await page.locator('main').innerText(), /notes\.onnx/);
    await vscode.shot('unreadable');
    await vscode.open('digits-vit/model.onnx');
  });

  step('fits a narrow window', async () => {
    await vscode.command('View: Toggle Primary Side Bar Visibility');
    await vscode.size(400, 900);
    const page = await vscode.dashboard();
    await page.evaluate('window.scrollTo(0, 0)');
    await page.getByRole('heading', { name: 'model.onnx' }).waitFor();
    await vscode.shot('narrow');
    assert.equal(await page.evaluate(scrollsSideways), false);
  });
});

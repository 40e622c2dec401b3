import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { themes, Workbench } from './workbench';

/** Runs in the page. */
const scrollsSideways = 'document.body.scrollWidth > window.innerWidth';

/** What a new user does with the bundled sample, in the packaged extension: each step stands on the one before. */
describe('the sample', () => {
  let vscode: Workbench;
  before(async () => {
    vscode = await Workbench.start();
  });
  after(() => vscode.stop());

  it('opens as a dashboard, with its counted figures', async () => {
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

  it('is profiled, and times take their places', async () => {
    const page = await vscode.dashboard();
    await page.getByRole('button', { name: 'Profile', exact: true }).first().click();
    await page.getByText(/30 runs, synthetic inputs/).waitFor();
    const total = page.locator('.total').filter({ hasText: 'latency' });
    assert.match(await total.innerText(), /[\d.]+ (µs|ms)/);
    await page.getByText('share of time').first().waitFor();
    await vscode.shot('profiled');
  });

  it('filters its table with one press on a part', async () => {
    const page = await vscode.dashboard();
    const count = page.locator('.count');
    const all = await count.innerText();
    await page.locator('.legend-item', { hasText: 'Attention' }).click();
    await page.getByText(/\d+ of \d+ layers/).waitFor();
    await page.locator('.legend-item', { hasText: 'Attention' }).click();
    await page.getByText(all).waitFor();
  });

  it('offers VS Code’s own menu on a layer, by mouse and by keyboard', async () => {
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

  it('reads as text, with costs over its layers', async () => {
    await vscode.command('Featherweight: Open Text View');
    await vscode.page
      .locator('.codelens-decoration')
      .filter({ hasText: 'parameters' })
      .first()
      .waitFor();
    await vscode.shot('text');
  });

  it('opens again from the walkthrough', async () => {
    await vscode.command('Welcome: Open Walkthrough...');
    await vscode.pick('See What Every Layer Costs');
    await vscode.page.locator('.getting-started-step').first().waitFor();
    await vscode.shot('walkthrough');
  });

  for (const [short, name] of Object.entries(themes)) {
    it(`is legible in ${name}`, async () => {
      await vscode.theme(name);
      await vscode.open('digits-vit/model.onnx');
      const page = await vscode.dashboard();
      await page.getByText(/30 runs, synthetic inputs/).waitFor();
      await vscode.shot(`dashboard-${short}`);
      assert.equal(await page.evaluate(scrollsSideways), false);
    });
  }

  it('fits a narrow window', async () => {
    await vscode.size(560, 900);
    const page = await vscode.dashboard();
    await page.getByRole('heading', { name: 'model.onnx' }).waitFor();
    await vscode.shot('narrow');
    assert.equal(await page.evaluate(scrollsSideways), false);
  });
});

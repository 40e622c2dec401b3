import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Workbench } from './workbench';

/** Making the bundled sample lighter, as a user does it, in the packaged extension: each step stands on the one before. */
describe('the sample, made lighter', () => {
  let vscode: Workbench;
  let folder: string;
  before(async () => {
    vscode = await Workbench.start();
    folder = join(vscode.workspace, 'digits-vit');
  });
  after(() => vscode.stop());

  const step = (name: string, body: () => Promise<void>) =>
    it(name, () => vscode.watched(name, body));

  step('layers are quantized from the menu of a row', async () => {
    await vscode.open('digits-vit/model.onnx');
    const page = await vscode.dashboard();
    await page.getByText('No layer is made lighter yet').waitFor();
    await page.locator('.filter-field input').fill('part:feedForward,attention op:MatMul,Gemm');
    await page.locator('.row .part-norm').first().waitFor({ state: 'detached' });
    await page.locator('.row.layer').first().click();
    await vscode.page.keyboard.press('Control+A');
    await page.locator('.count', { hasText: 'selected' }).waitFor();
    assert.equal(await page.evaluate('String(getSelection())'), '', 'rows, not text');
    await page.locator('.row.layer').nth(1).click({ button: 'right' });
    await vscode.openSubmenu('Quantize Layer');
    await vscode.shot('quantize-menu');
    await vscode.choose('Int8 Dynamic');
    await page.locator('.step', { hasText: 'int8, dynamic' }).waitFor();
    await page
      .locator('.row.layer', { hasText: /int8 \d\.\dx/ })
      .first()
      .waitFor();
    await page.locator('.outlook', { hasText: /predicted\s*\d+ KB of \d+ KB/ }).waitFor();
    await page.locator('.clear').click();
  });

  step('what they are measured on is chosen', async () => {
    const page = await vscode.dashboard();
    await page.locator('.measured .link', { hasText: 'choose data' }).click();
    await vscode.answer('test.npz');
    await page.locator('.measured .link', { hasText: 'test.npz' }).waitFor();
  });

  step('the model is built beside the original', async () => {
    const page = await vscode.dashboard();
    await page.locator('fw-button', { hasText: 'Build' }).click();
    await page.locator('.outlook', { hasText: /built\s*\d+ KB/ }).waitFor();
    const [built] = readdirSync(folder).filter((name) => /^model\..+\.onnx$/.test(name));
    assert.ok(built, readdirSync(folder).join(' '));
    const size = (name: string) => statSync(join(folder, name)).size;
    assert.ok(size(built) < 0.45 * size('model.onnx'), `${size(built)} bytes`);
  });

  step('it is compared with the original, line by line', async () => {
    const page = await vscode.dashboard();
    await page.locator('.measured fw-button', { hasText: 'Measure' }).click();
    await page.locator('.measured .link', { hasText: 'Export…' }).waitFor({ timeout: 120_000 });
    const report = await page.locator('.report').innerText();
    assert.match(report, /accuracy \(\d+\)/);
    assert.match(report, /x smaller/);
    assert.match(report, /(\d+) of \1 layers run as int8/);
    await vscode.quiet();
    await page.evaluate("document.getElementById('measured').scrollIntoView()");
    await vscode.shot('compared-dark');
    await vscode.theme('light');
    await vscode.shot('compared-light');
    await vscode.theme('dark');
  });

  step('the text says what was chosen, and takes it back', async () => {
    const page = await vscode.dashboard();
    await page.locator('.filter-field input').fill('step:1');
    await page.locator('.row', { hasText: 'projection' }).waitFor({ state: 'detached' });
    await page.locator('.row.layer').first().click({ button: 'right' });
    await vscode.choose('Show in Text');
    const lens = vscode.page.locator('.codelens-decoration', { hasText: /int8 · \d\.\dx smaller/ });
    await lens.first().waitFor();
    await vscode.page.waitForTimeout(1000);
    await vscode.shot('text-quantized');
    await lens.first().locator('a', { hasText: 'Undo' }).click();
    await page.locator('.outlook', { hasText: 'before the last change' }).waitFor();
  });

  step('the recipe is a text with what was measured', async () => {
    const page = await vscode.dashboard();
    await page.locator('.recipe .link.file').first().click();
    await vscode.page.locator('.codelens-decoration', { hasText: 'Remove' }).first().waitFor();
    await vscode.page.waitForTimeout(1000);
    await vscode.shot('recipe-text');
    await vscode.command('File: Save');
    const file = join(folder, 'model.featherweight.json');
    // Two groups show it.
    await vscode.page.waitForFunction("!document.querySelector('.tab.dirty')");
    const { measured } = JSON.parse(readFileSync(file, 'utf8')) as {
      measured?: { bytes: { before: number; after: number } };
    };
    const bytes = measured?.bytes;
    assert.ok(bytes && bytes.after < bytes.before, readFileSync(file, 'utf8'));
  });
});

import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Browser, Frame, Page } from 'playwright-core';
import { launchBrowser } from '../launch/browser.mjs';
import { sampleWorkspace } from '../launch/hostBuild.mjs';
import { startServer } from '../launch/server.mjs';
import { here, vsixPath } from '../../.ci/lib/targets.mjs';
import manifest from '../../package.json';

/** The four kinds of theme: the title in VS Code's list, and the class that its window then carries. */
export const themes = {
  dark: { title: 'Dark Modern', mark: 'vs-dark' },
  light: { title: 'Light Modern', mark: 'vs' },
  'hc-dark': { title: 'Dark High Contrast', mark: 'hc-black' },
  'hc-light': { title: 'Light High Contrast', mark: 'hc-light' },
} as const;
export type Theme = keyof typeof themes;
export const themeNames = Object.keys(themes) as readonly Theme[];

const pictures = 'out/screenshots';
/** FEATHERWEIGHT_WRITE=1 puts these where the README shows them. */
const shownInReadme = ['dashboard-dark', 'dashboard-light', 'text', 'compared-dark'];

/** VS Code with the packaged extension, seen through a browser as its user sees it. */
export class Workbench {
  private constructor(
    readonly page: Page,
    readonly workspace: string,
    private readonly browser: Browser,
    private readonly server: Awaited<ReturnType<typeof startServer>>,
  ) {}

  static async start(workspace = sampleWorkspace()): Promise<Workbench> {
    const server = await startServer({
      vsix: vsixPath(here, manifest.version),
      settings: { 'workbench.colorTheme': 'Default Dark Modern' },
    });
    const browser = await launchBrowser();
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.setDefaultTimeout(30_000);
    const workbench = new Workbench(page, workspace, browser, server);
    await workbench.load();
    return workbench;
  }

  /** Loads the window anew and waits until it can be used. */
  async load(): Promise<void> {
    await this.page.goto(`${this.server.url}/?folder=${encodeURIComponent(this.workspace)}`);
    await this.page.waitForSelector('.explorer-folders-view .monaco-list-row');
    await this.page.waitForSelector('.statusbar-item');
  }

  /** Opens a file of the workspace by its path, as quick open does. */
  async open(file: string): Promise<void> {
    await this.ask('Control+P', [file]);
  }

  /** Runs a command by the title that the palette shows, and answers what it then asks. */
  async command(title: string, ...answers: readonly string[]): Promise<void> {
    await this.ask('F1', [title, ...answers]);
  }

  /** Opens the quick input and answers it. A page that takes the focus just then closes it, as it would for a person: then again. */
  private async ask(key: string, answers: readonly string[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.page.keyboard.press(key);
        for (const answer of answers) await this.pick(answer);
        return;
      } catch (error) {
        if (tries === 4) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** Types into the quick input and takes the entry of exactly that title; of a path, that of the file's name. */
  private async pick(text: string): Promise<void> {
    const timeout = 8000;
    const widget = this.page.locator('.quick-input-widget');
    const input = widget.locator('input[type="text"]').first();
    await input.waitFor({ state: 'visible', timeout });
    await input.pressSequentially(text, { delay: 5, timeout });
    const title = text.split('/').at(-1)!;
    const entry = widget
      .locator('.monaco-list-row:visible')
      .filter({ has: this.page.getByText(title, { exact: true }) })
      .first();
    await entry.waitFor({ timeout });
    // Entries change places while more are found, and a click would meet another one.
    await this.page.waitForTimeout(500);
    await entry.click({ timeout });
  }

  /** Takes an entry of the open menu. */
  async choose(title: string): Promise<void> {
    const entry = this.page.locator('.monaco-menu .action-label', { hasText: title });
    await entry.waitFor();
    // A menu ignores the button for a moment after it opened, so that letting go of it chooses nothing.
    await this.page.waitForTimeout(500);
    await entry.click();
    await entry.waitFor({ state: 'detached' });
  }

  /** Opens the menu inside the open menu. */
  async openSubmenu(title: string): Promise<void> {
    const entry = this.page.locator('.monaco-menu .action-label', { hasText: title });
    await entry.first().waitFor();
    await this.page.waitForTimeout(500);
    await entry.first().hover();
    await this.page.locator('.monaco-submenu').waitFor();
  }

  /** Answers the quick input that is open. */
  async answer(title: string): Promise<void> {
    await this.pick(title);
  }

  /** Puts away what the extension told in the corner, and the pointer. */
  async quiet(): Promise<void> {
    await this.command('Notifications: Clear All Notifications');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    // What it stood over would show a tip; and it fades out.
    await this.page.mouse.move(1100, 17);
    await this.page.waitForTimeout(1000);
  }

  /** The dashboard's own page inside the active webview. */
  async dashboard(): Promise<Frame> {
    const outer = this.page.locator('iframe.webview.ready:visible').first();
    await outer.waitFor();
    const frame = await (await outer.elementHandle())?.contentFrame();
    const inner = await frame?.waitForSelector('#active-frame');
    const page = await inner?.contentFrame();
    if (!page) throw new Error('The dashboard has no page.');
    await page.waitForLoadState('domcontentloaded');
    return page;
  }

  /** Changes the theme of the open window, and of what is open in it. */
  async theme(theme: Theme): Promise<void> {
    const { title, mark } = themes[theme];
    await this.command('Preferences: Color Theme', title);
    await this.page.waitForSelector(`.monaco-workbench.${mark}`);
  }

  async size(width: number, height: number): Promise<void> {
    await this.page.setViewportSize({ width, height });
  }

  /** Does a step of a tour; one that fails leaves a picture of what was seen instead. */
  async watched(name: string, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      await this.shot(`failed: ${name}`);
      throw error;
    }
  }

  /** Keeps a picture of the window in out/screenshots. */
  async shot(name: string): Promise<void> {
    mkdirSync(pictures, { recursive: true });
    const path = `${pictures}/${name}.png`;
    await this.page.screenshot({ path });
    if (process.env['FEATHERWEIGHT_WRITE'] && shownInReadme.includes(name)) {
      cpSync(path, `media/screenshots/${name}.png`);
    }
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    rmSync(dirname(this.workspace), { recursive: true, force: true });
  }
}

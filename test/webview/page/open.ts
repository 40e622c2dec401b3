import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, type TestContext } from 'node:test';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../launch/browser.mjs';
import fixture from '../themes.json';
import type { Scenario } from './host';

export type Theme = keyof typeof fixture.themes;
export const themes = Object.keys(fixture.themes) as readonly Theme[];

export interface Look {
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
  /** Classes that the editor adds to the body besides the theme's. */
  readonly bodyClass?: string;
}

/** The page in a browser, and everything that went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  /** Errors, and what the content security policy refused. */
  readonly problems: readonly string[];
}

const origin = 'https://dashboard.test';
const pictures = 'out/screenshots';

/** As strict as the extension's own: no inline style or script, no evaluation, nothing from outside. */
const policy = [
  "default-src 'none'",
  `script-src ${origin}`,
  `style-src ${origin} 'nonce-tested'`,
  `font-src ${origin}`,
  `img-src ${origin} data:`,
].join('; ');

/** A browser with the page's own bundle and a host in the page that answers it. One for a file of tests. */
class Stage {
  private constructor(
    private readonly browser: Browser,
    private readonly files: ReadonlyMap<string, string>,
  ) {}

  static async open(): Promise<Stage> {
    const [browser, files] = await Promise.all([launchBrowser(), bundlePage()]);
    return new Stage(browser, files);
  }

  /** Opens the page in an editor's webview as near as a browser comes to it: theme variables, body classes, policy. */
  async show(scenario: Scenario, look: Look = {}): Promise<OpenPage> {
    const { theme = 'dark', width = 1180, height = 900, bodyClass = '' } = look;
    const page = await this.browser.newPage({ viewport: { width, height } });
    page.setDefaultTimeout(10_000);
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    const scenarioText = `window.scenario = ${JSON.stringify(scenario)};`;
    await page.route(`${origin}/**`, (route) => {
      const path = new URL(route.request().url()).pathname;
      const body =
        path === '/'
          ? pageText(theme, bodyClass)
          : path === '/vscode.css'
            ? editorStyles(theme)
            : path === '/begin.js'
              ? // Before this the page only holds what stands for the other process.
                `performance.mark('begin')`
              : path === '/scenario.js'
                ? scenarioText
                : this.files.get(path);
      const contentType = types[path.split('.').at(-1) ?? ''] ?? 'text/html';
      const headers = { 'content-security-policy': policy };
      return body === undefined
        ? route.fulfill({ status: 404 })
        : route.fulfill({ body, contentType, headers });
    });
    await page.goto(origin);
    return { page, problems };
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

const types: Readonly<Record<string, string>> = { js: 'text/javascript', css: 'text/css' };

/** What VS Code writes round the extension's page: the theme's variables on the root, its classes on the body. */
function pageText(theme: Theme, bodyClass: string): string {
  const { bodyClass: own, kind, name } = fixture.themes[theme];
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <meta property="csp-nonce" content="tested">
  <title>Featherweight</title>
  <link rel="stylesheet" href="/vscode.css">
  <link rel="stylesheet" href="/dashboard.css">
</head>
<body class="${own} ${bodyClass}" data-vscode-theme-kind="${kind}" data-vscode-theme-name="${name}"
  data-vscode-context='{"preventDefaultContextMenuItems":true}'>
  <div id="root"></div>
  <script src="/scenario.js"></script>
  <script src="/host.js"></script>
  <script src="/begin.js"></script>
  <script src="/dashboard.js"></script>
</body>
</html>`;
}

function editorStyles(theme: Theme): string {
  const variables = Object.entries(fixture.themes[theme].variables);
  const lines = variables.map(([name, value]) => `${name}: ${value};`);
  return `${fixture.styles}\n:root {\n${lines.join('\n')}\n}`;
}

async function bundlePage(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: { dashboard: 'webview/main.tsx', host: 'test/webview/page/host.ts' },
    outdir: '.',
    write: false,
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'chrome130',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'error',
  });
  const files = outputFiles.map(({ path, text }) => [`/${path.split('/').at(-1)}`, text] as const);
  return new Map(files);
}

let opening: Promise<Stage> | undefined;

/**
 * The body of a test in the browser: opens the page, does what the test does, and fails on anything the page complained about. Skipped
 * where there is no browser.
 */
export function onPage(
  scenario: Scenario,
  look: Look,
  body: (page: Page) => Promise<void>,
): (context: TestContext) => Promise<void> {
  return async (context) => {
    opening ??= Stage.open();
    const stage = await opening.catch((error: unknown) => String(error));
    if (typeof stage === 'string') {
      context.skip(stage);
      return;
    }
    const { page, problems } = await stage.show(scenario, look);
    try {
      await body(page);
      assert.deepEqual(problems, []);
    } finally {
      await page.close();
    }
  };
}

after(async () => {
  const stage = await opening?.catch(() => undefined);
  await stage?.close();
});

/** Keeps a picture of the page for people to look at. */
export async function picture(page: Page, name: string, fullPage = true): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage });
}

/** Waits until the table's filter reads like this: what is clicked is drawn with the next frame. */
export async function filteredBy(page: Page, wanted: string): Promise<void> {
  const field = page.locator('.filter-field input');
  for (let left = 50; left > 0 && (await field.inputValue()) !== wanted; left--) {
    await page.waitForTimeout(50);
  }
  assert.equal(await field.inputValue(), wanted);
}

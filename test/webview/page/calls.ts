import type { Page } from 'playwright-core';

/** What the page asked of the host under this name, once it has. */
export async function calls(page: Page, method: string): Promise<unknown[]> {
  await page.waitForFunction(
    (name) => window.host.calls.some((call) => call.method === name),
    method,
  );
  return page.evaluate(
    (name) => window.host.calls.filter((call) => call.method === name).map((call) => call.argument),
    method,
  );
}

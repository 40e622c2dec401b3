import type { Page } from 'playwright-core';
import { large, measuredSmall, small } from './models';

/** No groups: rows are layers. */
export const flat = { filter: '', group: 'none' } as const;
export const many = { inspection: large, saved: flat };
export const few = { inspection: small, profile: measuredSmall };

export const ready = (page: Page) => page.waitForSelector('.row.layer');

/** Index of the row that has the keyboard. */
export const focusedRow = (page: Page) =>
  page.evaluate(() => Number(document.activeElement?.getAttribute('aria-rowindex')) - 2);

/** Names of the selected rows. */
export const selected = (page: Page) =>
  page.$$eval('.row[aria-selected="true"] .name', (all) =>
    all.map((element) => element.textContent),
  );

/** What the host was last told, once nothing more is coming. */
export async function told(page: Page) {
  await page.waitForTimeout(200);
  return page.evaluate(() => {
    const last = window.host.calls.filter((call) => call.method === 'select').at(-1);
    return (last?.argument as { layers: string[] } | undefined)?.layers;
  });
}

/** Names of the rows on show. */
export const names = (page: Page) =>
  page.$$eval('.rows .row:not(.outside) .name', (all) =>
    all.map((element) => element.textContent ?? ''),
  );

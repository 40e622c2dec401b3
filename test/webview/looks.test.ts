import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type axe from 'axe-core';
import type { Page } from 'playwright-core';
import { bert, large, measuredOn, measuredSmall, small } from './page/models';
import { onPage, picture, themes, type Theme } from './page/open';
import { proved } from './page/recipes';
import { assertTold, rampColours } from './page/ramp';
import { rich } from './page/sensitivity';
import type { Scenario } from './page/host';
import { bestPaints } from './page/paint';

const profiled: Scenario = { inspection: small, profile: measuredSmall };
const ready = (page: Page) => page.waitForSelector('.row.layer');

/** Everything there is: a recipe with what it gave, sensitivity, candidates. */
const whole: Scenario = { ...rich, ...proved, state: { ...proved.state, ...rich.state } };

/** The page's states that look different, each in every theme. */
const states: Readonly<
  Record<string, { scenario: Scenario; act?: (page: Page) => Promise<unknown> }>
> = {
  counted: { scenario: { inspection: small } },
  selected: {
    scenario: { ...profiled, saved: { filter: 'part:attention' } },
    act: async (page) => {
      await page.locator('.row.layer').nth(2).click();
      await page.keyboard.press('Shift+ArrowDown');
    },
  },
  whole: {
    scenario: whole,
    act: async (page) => {
      assertTold(await rampColours(page));
      await page.locator('.report-detail summary').first().click();
      await page.locator('.hints summary').click();
      await page.locator('.damage-cell .heat').nth(2).click();
    },
  },
  table: {
    scenario: {
      ...rich,
      saved: { asTable: true, sensitivityTable: true, candidatesTable: true, group: 'part' },
    },
  },
  busy: {
    scenario: {
      inspection: small,
      state: {
        busy: { what: 'Profiling', fraction: 0.4, note: '12 of 30 runs' },
        trusted: false,
        unknown: [{ node: 'Strange_1', what: 'macs', why: 'no rule for acme::Strange' }],
        error: {
          message: 'The last measurement was stopped: out of memory.',
          hint: 'Use a smaller batch.',
        },
      },
    },
  },
};

const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe calls serious or critical, as lines. Roles and names are the same in every theme: only contrast is asked about again. */
async function serious(page: Page, theme: Theme): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  const asked = theme === themes[0] ? {} : { runOnly: ['color-contrast'] };
  const { violations } = await page.evaluate(
    (rules) =>
      (window as unknown as { axe: typeof axe }).axe.run(document, {
        ...rules,
        // What passes is not looked into: half of the time.
        resultTypes: ['violations'],
        // The editor writes the document around the page, with its title and language.
        rules: { 'html-has-lang': { enabled: false } },
      }),
    asked,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    );
}

for (const theme of themes) {
  for (const [name, { scenario, act }] of Object.entries(states)) {
    test(
      `${theme}, ${name}: no serious finding of axe`,
      onPage(scenario, { theme, height: 640 }, async (page) => {
        await ready(page);
        await act?.(page);
        await page.waitForTimeout(100);
        await picture(page, `dashboard-${theme}-${name}`);
        assert.deepEqual(await serious(page, theme), []);
      }),
    );
  }
}

/** What reaches beyond the window, besides what scrolls by itself; `page` where that makes the page scroll sideways. */
const wide = (page: Page) =>
  page.evaluate(() => {
    const inside = '.table, .strip, .damage-map, .figures-scroll, .hidden-text';
    const { scrollWidth, clientWidth } = document.documentElement;
    return [...document.querySelectorAll<HTMLElement>('main *')]
      .filter((element) => !element.closest(inside))
      .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 0.5)
      .map((element) => element.className)
      .concat(scrollWidth > clientWidth ? ['page'] : []);
  });

for (const [name, look] of Object.entries({
  'at 300 px': { width: 300, height: 700 },
  // A window of 640 px at 200 % is 320 px of page.
  'at 200 % zoom': { width: 320, height: 450 },
  'at 1800 px': { width: 1800, height: 1000 },
})) {
  test(
    `nothing is wider than the page ${name}`,
    onPage(whole, look, async (page) => {
      await ready(page);
      await picture(page, `dashboard-${name.replaceAll(/[^0-9a-z]+/g, '-')}`);
      assert.deepEqual(await wide(page), []);
    }),
  );
}

test(
  'bars are as high whatever share stands in them, in high contrast too',
  onPage(profiled, { theme: 'high-contrast' }, async (page) => {
    await ready(page);
    const heights = await page
      .locator('.bar:nth-child(4) .segment.part-norm')
      .evaluate((segment: HTMLElement) => {
        segment.querySelector('.segment-label')!.textContent = '4.5 %';
        return Array.from({ length: 60 }, (_, width) => {
          segment.style.flex = `0 0 ${width}px`;
          return segment.getBoundingClientRect().height;
        });
      });
    assert.deepEqual([...new Set(heights)], [21]);
  }),
);

test(
  'a row is of one colour under the pointer, where the theme’s is translucent too',
  onPage(profiled, { theme: 'high-contrast', height: 1400 }, async (page) => {
    await ready(page);
    const row = page.locator('.row.layer').nth(2);
    const paint = (selector: string) =>
      row.locator(selector).evaluate((element) => {
        const { backgroundColor, backgroundImage } = getComputedStyle(element);
        return { backgroundColor, backgroundImage };
      });
    const before = await paint('xpath=.');
    await row.hover();
    const after = await paint('xpath=.');
    assert.notDeepEqual(after, before);
    assert.deepEqual(await paint('.cell:first-child'), after);
    assert.equal(after.backgroundColor, 'rgb(0, 0, 0)', 'nothing shines through');
  }),
);

test(
  'the colours of the parts differ in lightness between neighbours, in every theme',
  onPage(profiled, {}, async (page) => {
    await ready(page);
    const lightness = await page.$$eval('.bar:nth-child(4) .segment', (all) =>
      all.map((element) => {
        const canvas = document.createElement('canvas').getContext('2d')!;
        canvas.fillStyle = getComputedStyle(element).backgroundColor;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
        return (0.2126 * r! + 0.7152 * g! + 0.0722 * b!) / 255;
      }),
    );
    const main = lightness.slice(0, 4);
    for (let at = 1; at < main.length; at++) {
      const step = Math.abs(main[at]! - main[at - 1]!);
      assert.ok(step > 0.04, `${step.toFixed(3)} between segments ${at - 1} and ${at}`);
    }
  }),
);

test(
  'a theme that changes under the page changes the page, its controls too',
  onPage(profiled, { theme: 'dark' }, async (page) => {
    await ready(page);
    const colours = () =>
      page.evaluate(() => {
        const paper = getComputedStyle(document.body).backgroundColor;
        const button = document.querySelector('.main-button')!;
        return { paper, button: getComputedStyle(button).backgroundColor };
      });
    const before = await colours();
    // Two dark themes have the same body class: only the variables change.
    await page.evaluate(() => {
      document.documentElement.style.setProperty('--vscode-editor-background', '#102030');
      document.documentElement.style.setProperty('--vscode-button-background', '#aa0000');
    });
    const after = await colours();
    assert.notEqual(after.paper, before.paper);
    assert.equal(after.button, 'rgb(170, 0, 0)');
  }),
);

test(
  'nothing turns or glides where the reader asked for calm',
  onPage(
    { ...profiled, state: { busy: { what: 'Profiling', fraction: 0.4, note: '12 of 30 runs' } } },
    { bodyClass: 'vscode-reduce-motion' },
    async (page) => {
      await ready(page);
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    },
  ),
);

test(
  'every stop of the Tab key shows where it is',
  onPage(profiled, { height: 1400 }, async (page) => {
    await ready(page);
    const stops: string[] = [];
    for (let press = 0; press < 60; press++) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const deepest = (element: Element | null): Element | null =>
          element?.shadowRoot?.activeElement ? deepest(element.shadowRoot.activeElement) : element;
        const element = deepest(document.activeElement);
        if (!element || element === document.body) return undefined;
        const host =
          element.getRootNode() instanceof ShadowRoot
            ? (element.getRootNode() as ShadowRoot).host
            : element;
        const rings = [
          element,
          host,
          ...(host.shadowRoot?.querySelectorAll('.root, .control') ?? []),
        ];
        const visible = rings.some((ring) => {
          const { outlineStyle, outlineWidth } = getComputedStyle(ring);
          // Rows draw theirs over their cells.
          const borders = [ring, '::after'].map((part) =>
            typeof part === 'string'
              ? getComputedStyle(ring, part).borderColor
              : getComputedStyle(part).borderColor,
          );
          const focus = getComputedStyle(document.body).getPropertyValue('--vscode-focusBorder');
          const probe = document.createElement('i');
          probe.style.color = focus;
          document.body.append(probe);
          const colour = getComputedStyle(probe).color;
          probe.remove();
          return (
            (outlineStyle !== 'none' && outlineWidth !== '0px') ||
            borders.some((border) => border.includes(colour))
          );
        });
        const name = host.getAttribute('aria-label') ?? host.textContent ?? '';
        return { name: `${host.tagName.toLowerCase()} ${name.trim().slice(0, 40)}`, visible };
      });
      if (!stop) break;
      assert.ok(stop.visible, `${stop.name} shows no focus`);
      stops.push(stop.name);
    }
    assert.ok(stops.length > 15 && stops.length < 45, stops.join('\n'));
  }),
);

for (const [name, inspection, limit] of [
  ['50 layers', small, 1000],
  ['10,002 layers', large, 2000],
] as const) {
  test(
    `${name} are on show within ${limit} ms`,
    onPage({ inspection, profile: measuredOn(inspection) }, {}, async (page) => {
      const { first, layers } = await bestPaints(page, limit);
      console.log(`${name}: first paint ${first.toFixed(0)} ms, layers ${layers.toFixed(0)} ms`);
      assert.ok(layers < limit, `layers after ${layers.toFixed(0)} ms`);
    }),
  );
}

test(
  'a host that takes its time is waited for with a page already there',
  onPage({ ...profiled, delay: 1500 }, {}, async (page) => {
    await page.waitForSelector('.skeleton');
    await picture(page, 'dashboard-loading');
    const first = await page.evaluate(
      () => performance.getEntriesByName('first-paint')[0]?.startTime ?? Infinity,
    );
    assert.ok(first < 1000, `first paint after ${first} ms`);
    await ready(page);
  }),
);

test(
  '96 blocks stand in one strip',
  onPage({ inspection: bert(96) }, {}, async (page) => {
    await ready(page);
    assert.equal(await page.locator('.heat').count(), 96 * 3);
    assert.deepEqual(await wide(page), []);
    await picture(page, 'dashboard-96-blocks');
  }),
);

import type { Page } from 'playwright-core';

/** What a reader, or a measurement under way, does to the map. */
export const actNames = ['arrow', 'scale', 'click', 'update', 'scroll'] as const;

/** In ms, from an act to what is seen of it. */
export type Answers = Readonly<Record<(typeof actNames)[number], number>>;

const rounds = 7;

/** How long the map of the layers' sensitivity takes to answer: every figure is the median of several. The page shows a sweep. */
export async function answersOf(page: Page): Promise<Answers> {
  await page.locator('.damage-map .heat').first().focus();
  return page.evaluate(async (rounds) => {
    const one = <E extends HTMLElement>(selector: string) => document.querySelector<E>(selector)!;
    // The next task after a frame begins when that frame is drawn.
    const drawn = () =>
      new Promise<void>((done) => requestAnimationFrame(() => setTimeout(() => done())));
    const scroller = one('.damage-map');
    const press = (key: string) =>
      document.activeElement?.dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
      );
    const acts = {
      arrow: () => press('ArrowRight'),
      scale: () => one('.sensitivity-toolbar button[aria-pressed]').click(),
      click: (round: number) =>
        one(`.damage-map .heat[data-row="1"][data-at="${round + 3}"]`).click(),
      update: () => window.host.update({}),
      scroll: (round: number) => (scroller.scrollLeft = (round + 1) * 40),
    };
    const median = async (act: (round: number) => unknown) => {
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await drawn();
        const start = performance.now();
        await act(round);
        await drawn();
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
    };
    return {
      arrow: await median(acts.arrow),
      scale: await median(acts.scale),
      click: await median(acts.click),
      update: await median(acts.update),
      scroll: await median(acts.scroll),
    };
  }, rounds);
}

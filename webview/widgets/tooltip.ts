import './tooltip.css';

/** Long enough that passing over a row does not make it flicker. */
const delayMs = 250;

/** Draws what stands under a tip's text, or clears it. */
export type TipDrawing = (curve: string | undefined, into: HTMLElement) => void;

/**
 * Shows the text of `data-tip` beside whatever the pointer rests on or the keyboard has focused. Lines are separated by line breaks. The
 * text is that of models and therefore never taken as markup. Where the element has a `data-curve`, `drawing` draws under the text. Escape
 * hides it.
 */
export function showTips(root: HTMLElement, drawing: TipDrawing): void {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.setAttribute('role', 'tooltip');
  tip.hidden = true;
  const text = document.createElement('span');
  const below = document.createElement('div');
  tip.append(text, below);
  document.body.append(tip);
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let shownFor: Element | undefined;

  const hide = () => {
    clearTimeout(waiting);
    shownFor = undefined;
    tip.hidden = true;
  };
  const show = (target: HTMLElement, x: number) => {
    text.textContent = target.dataset['tip'] ?? '';
    tip.hidden = text.textContent === '';
    drawing(target.dataset['curve'], below);
    place(tip, target.getBoundingClientRect(), x);
  };
  const after = (delay: number, target: HTMLElement, x: number) => {
    if (target === shownFor) return;
    hide();
    shownFor = target;
    waiting = setTimeout(() => show(target, x), delay);
  };

  root.addEventListener('pointerover', (event) => {
    const target = tipOf(event.target);
    if (target) after(delayMs, target, event.clientX);
    else hide();
  });
  root.addEventListener('pointerleave', hide);
  root.addEventListener('pointerdown', hide);
  root.addEventListener('focusin', (event) => {
    const target = tipOf(event.target);
    if (!target?.matches(':focus-visible')) return;
    const box = target.getBoundingClientRect();
    after(0, target, box.left + box.width / 2);
  });
  root.addEventListener('focusout', hide);
  window.addEventListener('scroll', hide, { capture: true, passive: true });
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide();
  });
}

const tipOf = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>('[data-tip]') : null;

/** Below the target, above it where there is no room; always inside the window. */
function place(tip: HTMLElement, around: DOMRect, x: number) {
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(Math.max(4, x - width / 2), window.innerWidth - width - 4);
  const below = around.bottom + 6;
  const top = below + height > window.innerHeight ? around.top - height - 6 : below;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}

interface Subject {
  readonly section: 'layer' | 'group';
  readonly id: string;
  /** Whether the recipe changes it. */
  readonly chosen?: boolean;
}

/** What the editor's own menu is told about what is under the pointer. */
export const menuContext = ({ section, id, chosen }: Subject): string =>
  JSON.stringify({
    webviewSection: section,
    [section]: id,
    ...(chosen === undefined ? {} : { chosen }),
    preventDefaultContextMenuItems: true,
  });

/**
 * Opens the editor's menu on an element, as a right click on its middle would. The editor takes the focus for its menu and hands it back to the
 * page as a whole: the element has it again then.
 */
export function openMenu(element: HTMLElement): void {
  const back = () => {
    if (document.activeElement === document.body) element.focus({ preventScroll: true });
  };
  window.addEventListener('focus', back, { once: true });
  const { left, top, width, height } = element.getBoundingClientRect();
  const at = { clientX: left + width / 2, clientY: top + height / 2 };
  element.dispatchEvent(
    new MouseEvent('contextmenu', { bubbles: true, cancelable: true, composed: true, ...at }),
  );
}

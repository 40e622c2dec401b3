import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../kit';
import './menu.css';

interface Props {
  readonly title: string;
  readonly children: ComponentChildren;
}

/** A button that opens a small panel under itself. Escape and a press elsewhere close it. */
export function Menu({ title, children }: Props) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const close = (event: Event) => {
      if (
        event instanceof KeyboardEvent ? event.key === 'Escape' : !isInside(root.current, event)
      ) {
        setOpen(false);
      }
    };
    window.addEventListener('pointerdown', close);
    window.addEventListener('keydown', close);
    return () => {
      window.removeEventListener('pointerdown', close);
      window.removeEventListener('keydown', close);
    };
  }, [open]);
  return (
    <div class="menu" ref={root}>
      <Button expanded={open} onPress={() => setOpen(!open)}>
        {title}
      </Button>
      {open && (
        <div class="menu-panel" role="group" aria-label={title}>
          {children}
        </div>
      )}
    </div>
  );
}

const isInside = (element: HTMLElement | null, event: Event) =>
  event.target instanceof Node && (element?.contains(event.target) ?? false);

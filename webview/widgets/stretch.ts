import { useEffect, useState } from 'preact/hooks';

interface Drawn {
  readonly current: HTMLElement | null;
}

/** A stretch along a row or a column, in pixels from its beginning. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What is drawn changes in steps of this many pixels, and one more at each end is drawn out of sight. */
const step = 120;

/** What `size` pixels show when they are scrolled to `start`, and a step or two more at each end. */
const stretchOf = (start: number, size: number): Stretch => ({
  from: (Math.floor(start / step) - 1) * step,
  to: (Math.ceil((start + size) / step) + 1) * step,
});

/** The stretch on show of a scroller, sideways or down; the second is to be told of every scroll. */
export function useStretch(
  scroller: Drawn,
  axis: 'sideways' | 'down',
): readonly [Stretch, () => void] {
  const isDown = axis === 'down';
  // No scroller is larger than the page: nothing is missing before it has been measured.
  const [stretch, setStretch] = useState(() =>
    stretchOf(0, isDown ? window.innerHeight : window.innerWidth),
  );
  const measure = () => {
    if (!scroller.current) return;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = scroller.current;
    const next = isDown ? stretchOf(scrollTop, clientHeight) : stretchOf(scrollLeft, clientWidth);
    setStretch((old) => (old.from === next.from && old.to === next.to ? old : next));
  };
  useEffect(() => {
    if (!scroller.current) return;
    const observer = new ResizeObserver(measure);
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);
  return [stretch, measure];
}

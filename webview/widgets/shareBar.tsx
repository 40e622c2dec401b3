import { scaleLinear } from 'd3-scale';
import './shareBar.css';

/** Ends of the scale: it changes seldom while rows come in, and then visibly. */
const ends = [0.05, 0.1, 0.2, 0.3, 0.5, 1];

/** The end of a scale that holds every share up to `largest`. */
export const scaleEnd = (largest: number): number => ends.find((end) => end >= largest) ?? 1;

interface Props {
  readonly share: number | null;
  /** The share that fills the bar. */
  readonly end: number;
  /** A class that sets `--part`. */
  readonly colour: string;
}

/** A share as a length beside its figure. Decorative: the figure stands next to it. */
export function ShareBar({ share, end, colour }: Props) {
  const width = scaleLinear([0, end], [0, 100]).clamp(true)(share ?? 0);
  return (
    <i class={`share-bar ${colour}`} aria-hidden="true">
      {width > 0 && <i style={{ width: `${width}%` }} />}
    </i>
  );
}

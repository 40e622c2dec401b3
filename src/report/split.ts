import { formatBytes, formatCount, formatMs } from '../base/format';
import { partNames, type Part } from '../base/terms';
import type { Inspection, Profile } from '../protocol/types';
import { partFigures } from './dashboard';
import { addKnown } from './sums';

/** One bar of "Where it goes": a quantity, and each part's share of it. */
export interface Split {
  readonly name: string;
  /** Of the whole, as text; "–" where it is unknown. */
  readonly whole: string;
  /** Every part, in the product's order. */
  readonly pieces: readonly Piece[];
}

export interface Piece {
  readonly part: Part;
  /** Of all parts together; null where it is unknown or there is nothing to share. */
  readonly share: number | null;
  /** "–" where it is unknown. */
  readonly text: string;
}

const quantities = {
  parameters: { name: 'parameters', format: formatCount },
  weightBytes: { name: 'bytes', format: formatBytes },
  macs: { name: 'MACs', format: formatCount },
  timeMs: { name: 'time', format: formatMs },
  peakActivationBytes: { name: 'peak memory', format: formatBytes },
} as const;

/** How parameters, bytes, MACs, time and peak memory split between the parts; time only where it was measured. */
export function splits(inspection: Inspection, profile: Profile | undefined): Split[] {
  const figures = partFigures(inspection, profile);
  return (Object.keys(quantities) as (keyof typeof quantities)[])
    .filter((quantity) => quantity !== 'timeMs' || profile)
    .map((quantity) => {
      const { name, format } = quantities[quantity];
      const sum = addKnown(partNames, (part) => figures[part][quantity]);
      const pieces = partNames.map((part) => {
        const value = figures[part][quantity];
        const share = value === null || sum === null || sum <= 0 ? null : value / sum;
        return { part, share, text: format(value) };
      });
      // Parts that share a weight each count it; the total counts it once.
      const total = quantity === 'timeMs' ? sum : inspection.totals[quantity];
      return { name, whole: format(total), pieces };
    });
}

/** Parts that have something of any quantity: the rest need no line and no colour. */
export function presentParts(all: readonly Split[]): Part[] {
  return partNames.filter((part) =>
    all.some(({ pieces }) => pieces.some((piece) => piece.part === part && (piece.share ?? 0) > 0)),
  );
}

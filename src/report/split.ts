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
  /** Parts with something of it, in the product's order. Empty where nothing is known. */
  readonly shares: readonly {
    readonly part: Part;
    readonly share: number;
    readonly text: string;
  }[];
}

const quantities = {
  parameters: { name: 'parameters', format: formatCount },
  weightBytes: { name: 'bytes', format: formatBytes },
  macs: { name: 'MACs', format: formatCount },
  timeMs: { name: 'time', format: formatMs },
  peakActivationBytes: { name: 'peak memory', format: formatBytes },
} as const;

/** How parameters, bytes, MACs, time and peak memory split between the parts. */
export function splits(inspection: Inspection, profile: Profile | undefined): Split[] {
  const figures = partFigures(inspection, profile);
  return (Object.keys(quantities) as (keyof typeof quantities)[])
    .filter((quantity) => quantity !== 'timeMs' || profile)
    .map((quantity) => {
      const { name, format } = quantities[quantity];
      const whole = addKnown(partNames, (part) => figures[part][quantity]);
      const shares = partNames.flatMap((part) => {
        const value = figures[part][quantity];
        return value === null || value <= 0 || whole === null || whole <= 0
          ? []
          : [{ part, share: value / whole, text: format(value) }];
      });
      // Parts that share a weight each count it; the total counts it once.
      const total = quantity === 'timeMs' ? whole : inspection.totals[quantity];
      return { name, whole: format(total), shares };
    });
}

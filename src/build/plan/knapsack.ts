/** One way of treating an item: what it costs of the budget, and what it hurts. */
export interface Option {
  readonly cost: number;
  readonly damage: number;
}

export interface Selection {
  /** For every item the place of its option. */
  readonly chosen: readonly number[];
  readonly cost: number;
  readonly damage: number;
}

/** Steps that a budget is divided into: fine enough that rounding costs less than one part in ten thousand for a hundred items. */
const steps = 20_000;

/** Least sums of damages for every budget up to a limit. */
interface Table {
  readonly items: readonly (readonly Option[])[];
  readonly cheapest: readonly number[];
  /** Of the budget above the cheapest options. */
  readonly unit: number;
  readonly parts: number;
  /** For every item and budget the place of its option. */
  readonly ways: readonly Uint16Array[];
}

/**
 * One option for every item, with the least sum of damages whose sum of costs is within the budget: multiple-choice knapsack, solved
 * by dynamic programming over the budget in `steps` equal parts. Costs above each item's cheapest option are rounded up, so that the
 * selection is always within the budget. Undefined where even the cheapest options are not.
 */
export function leastDamage(
  items: readonly (readonly Option[])[],
  budget: number,
): Selection | undefined {
  const table = tableOf(items, budget);
  return table && selectionOf(items, walkBack(table, table.parts));
}

/**
 * Selections of least damage for up to `most` budgets between the cheapest options and the dearest, the cheapest first; each costs more
 * and hurts less than the one before.
 */
export function frontOf(items: readonly (readonly Option[])[], most: number): readonly Selection[] {
  const table = tableOf(items, Infinity);
  if (!table) return [];
  const found: Selection[] = [];
  for (let at = 0; at < most; at++) {
    // Closer where the file is small: there the damage changes most.
    const share = (at / Math.max(1, most - 1)) ** 2;
    const next = selectionOf(items, walkBack(table, Math.round(share * table.parts)));
    if (next.damage < (found.at(-1)?.damage ?? Infinity)) found.push(next);
  }
  return found;
}

function tableOf(items: readonly (readonly Option[])[], budget: number): Table | undefined {
  const cheapest = items.map((options) => Math.min(...options.map((option) => option.cost)));
  const room = budget - cheapest.reduce((sum, cost) => sum + cost, 0);
  if (!(room >= 0)) return undefined;
  const dearest = items.map((options) => Math.max(...options.map((option) => option.cost)));
  const spread = dearest.reduce((sum, cost, at) => sum + cost - (cheapest[at] ?? 0), 0);
  const most = Math.min(room, spread);
  const unit = most / steps || 1;
  // With room for all, what rounding up adds to each item must not keep the dearest out.
  const parts = Math.floor(most / unit + 1e-9) + (room >= spread ? items.length : 0);
  let best = new Float64Array(parts + 1);
  const ways: Uint16Array[] = [];
  for (const [at, options] of items.entries()) {
    const { next, way } = withItem(best, options, cheapest[at] ?? 0, unit);
    best = next;
    ways.push(way);
  }
  return { items, cheapest, unit, parts, ways };
}

/** The least sums with one item more, and its option in each. */
function withItem(
  best: Float64Array,
  options: readonly Option[],
  cheapest: number,
  unit: number,
): { next: Float64Array<ArrayBuffer>; way: Uint16Array } {
  const next = new Float64Array(best.length).fill(Infinity);
  const way = new Uint16Array(best.length);
  for (const [place, { cost, damage }] of options.entries()) {
    const taken = Math.ceil((cost - cheapest) / unit - 1e-9);
    for (let left = taken; left < best.length; left++) {
      const sum = (best[left - taken] ?? Infinity) + damage;
      if (sum < (next[left] ?? Infinity)) {
        next[left] = sum;
        way[left] = place;
      }
    }
  }
  return { next, way };
}

/** The options that led to the best sum within a budget of so many parts. */
function walkBack({ items, ways, cheapest, unit }: Table, budget: number): number[] {
  let left = budget;
  const chosen: number[] = [];
  for (let at = items.length - 1; at >= 0; at--) {
    const place = ways[at]?.[left] ?? 0;
    chosen[at] = place;
    const cost = items[at]?.[place]?.cost ?? 0;
    left -= Math.ceil((cost - (cheapest[at] ?? 0)) / unit - 1e-9);
  }
  return chosen;
}

function selectionOf(items: readonly (readonly Option[])[], chosen: readonly number[]): Selection {
  const sum = (of: (option: Option) => number) =>
    items.reduce((total, options, at) => {
      const option = options[chosen[at] ?? 0];
      return total + (option ? of(option) : 0);
    }, 0);
  return { chosen, cost: sum((option) => option.cost), damage: sum((option) => option.damage) };
}

/**
 * The cheapest selection whose damages add up to no more than `limit`: bisection over the budget, in which the least damage only falls.
 * Undefined where no selection keeps the limit.
 */
export function leastCost(
  items: readonly (readonly Option[])[],
  limit: number,
): Selection | undefined {
  const bound = (of: (...costs: number[]) => number) =>
    items.reduce((sum, options) => sum + of(...options.map((option) => option.cost)), 0);
  let [low, high] = [bound(Math.min), bound(Math.max)];
  let found = leastDamage(items, high);
  if (!found || found.damage > limit) return undefined;
  for (let round = 0; round < 30 && high - low > 1e-6 * high; round++) {
    const middle = (low + high) / 2;
    const selection = leastDamage(items, middle);
    if (selection && selection.damage <= limit) {
      found = selection;
      high = Math.min(middle, selection.cost);
    } else low = middle;
  }
  return found;
}

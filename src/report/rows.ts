import { formatExact } from '../base/format';
import type { Inspection, Profile } from '../protocol/types';
import type { Sensitivity } from '../protocol/sensitivity';
import type { Column, Row, RowPage, RowQuery } from '../protocol/viewApi';
import { parseFilter } from './filter';
import { groupDamage, groupEntries, isGroup, type Group } from './groups';
import {
  layerTable,
  sortable,
  weightsText,
  type Choices,
  type Entry,
  type LayerTable,
} from './table';

/** One line of the table before it is cut to the rows that are asked for. */
interface Line {
  readonly item: Group | Entry;
  readonly depth: number;
  readonly collapsed: boolean;
  /** Path of the group around it, which its name is shown without. */
  readonly outer: string;
}

/** Results of the last query on a table: scrolling asks for the same lines again, sorting and folding for the same groups. */
interface Kept {
  groupKey?: string;
  items?: readonly (Group | Entry)[];
  problem?: string | undefined;
  lineKey?: string;
  lines?: readonly Line[];
}

const kept = new WeakMap<LayerTable, Kept>();

/**
 * The rows `start` to `end` of the layer table under a query: filtered, sorted and grouped. The order is kept until another one is
 * asked for, so that scrolling costs only the rows on screen.
 */
export function queryRows(
  inspection: Inspection,
  profile: Profile | undefined,
  query: RowQuery,
  choices?: Choices,
  sensitivity?: Sensitivity,
): RowPage {
  const table = layerTable(inspection, profile, choices, sensitivity);
  const last = kept.get(table) ?? {};
  kept.set(table, last);
  const { items, problem } = groupedItems(table, query, last);
  const lines = orderedLines(items, query, last);
  const start = Math.max(0, Math.min(query.start, lines.length));
  const rows = lines.slice(start, Math.max(start, query.end)).map((line) => toRow(line, table));
  return {
    total: lines.length,
    start,
    rows,
    ...(problem === undefined ? {} : { problem }),
    ...(query.find === undefined ? {} : findLayer(query.find, items, query)),
  };
}

/** The groups around a layer, and its place among the lines when they are unfolded. */
function findLayer(
  id: string,
  items: readonly (Group | Entry)[],
  query: RowQuery,
): Pick<RowPage, 'found'> {
  const around = groupsAround(id, items)?.filter((group) => query.collapsed.includes(group));
  if (!around) return {};
  const collapsed = query.collapsed.filter((group) => !around.includes(group));
  const lines = flatten(items, { ...query, collapsed });
  const index = lines.findIndex(({ item }) => !isGroup(item) && item.layer.id === id);
  return { found: { index, groups: around } };
}

function groupsAround(id: string, items: readonly (Group | Entry)[]): string[] | undefined {
  for (const item of items) {
    if (!isGroup(item)) {
      if (item.layer.id === id) return [];
      continue;
    }
    const inside = groupsAround(id, item.items);
    if (inside) return [item.id, ...inside];
  }
  return undefined;
}

function groupedItems(table: LayerTable, query: RowQuery, last: Kept) {
  const groupKey = JSON.stringify([query.filter, query.group]);
  if (last.groupKey === groupKey && last.items) return { items: last.items, problem: last.problem };
  const { tests, problem } = parseFilter(query.filter, table);
  const entries = table.entries.filter((entry) => tests.every((test) => test(entry)));
  const items = groupEntries(entries, query.group, table);
  Object.assign(last, { groupKey, items, problem, lineKey: undefined });
  return { items, problem };
}

function orderedLines(
  items: readonly (Group | Entry)[],
  query: RowQuery,
  last: Kept,
): readonly Line[] {
  const lineKey = JSON.stringify([query.sort, query.descending, query.collapsed]);
  if (last.lineKey === lineKey && last.lines) return last.lines;
  const lines = flatten(items, query);
  Object.assign(last, { lineKey, lines });
  return lines;
}

function flatten(items: readonly (Group | Entry)[], query: RowQuery): Line[] {
  const folded = new Set(query.collapsed);
  const lines: Line[] = [];
  const visit = (inside: readonly (Group | Entry)[], depth: number, outer: string) => {
    for (const item of sorted(inside, query)) {
      const collapsed = isGroup(item) && folded.has(item.id);
      lines.push({ item, depth, collapsed, outer });
      if (isGroup(item) && !collapsed) visit(item.items, depth + 1, item.path);
    }
  };
  visit(items, 0, '');
  return lines;
}

function sorted(items: readonly (Group | Entry)[], query: RowQuery): readonly (Group | Entry)[] {
  const { sort, descending } = query;
  if (sort === 'order') return descending ? [...items].reverse() : items;
  const sign = descending ? -1 : 1;
  return items
    .map((item) => ({ item, key: sortKey(item, sort) }))
    .sort((a, b) => {
      // What is not known stands last either way round.
      if (a.key === null || b.key === null) {
        return a.key === b.key ? a.item.order - b.item.order : a.key === null ? 1 : -1;
      }
      return a.key < b.key ? -sign : a.key > b.key ? sign : a.item.order - b.item.order;
    })
    .map(({ item }) => item);
}

function sortKey(item: Group | Entry, column: Column): number | string | null {
  switch (column) {
    case 'name':
      return sortable(isGroup(item) ? item.name : item.lowerName);
    case 'role':
    case 'op':
      return isGroup(item) ? '' : item.layer[column];
    case 'weights':
      // Shapes as text have no useful order; the number of weights behind them has.
      return item.figures.parameters;
    case 'chosen':
      return isGroup(item) ? null : (item.chosen?.label ?? null);
    case 'parameters':
    case 'weightBytes':
    case 'macs':
    case 'activationBytes':
    case 'timeMs':
    case 'share':
      return item.figures[column];
    default: {
      const probe = column.slice('probe:'.length);
      const cell = isGroup(item) ? groupDamage(item, probe) : item.damage.get(probe);
      return cell?.damage ?? null;
    }
  }
}

function toRow({ item, depth, collapsed, outer }: Line, table: LayerTable): Row {
  if (isGroup(item)) {
    const { id, name, part, figures, layerCount } = item;
    const weights = layerCount === 1 ? '1 layer' : `${formatExact(layerCount)} layers`;
    const none = { role: null, op: '', ran: null, chosen: null };
    const sums = table.probes.flatMap((probe) => {
      const sum = groupDamage(item, probe);
      return sum ? [[probe, sum] as const] : [];
    });
    const damage = Object.fromEntries(sums);
    return {
      kind: 'group',
      id,
      name,
      depth,
      collapsed,
      part,
      weights,
      ...none,
      damage,
      ...figures,
    };
  }
  const { layer, figures, ran, chosen } = item;
  const { id, role, part, op } = layer;
  // The id is the name, told apart where names repeat.
  const inside = outer !== '' && id.startsWith(`${outer}.`);
  const name = inside ? id.slice(outer.length + 1) : id;
  const weights = weightsText(table.inspection, layer);
  const damage = Object.fromEntries(item.damage);
  const facts = { role, part, op, weights, ran, chosen, damage };
  return { kind: 'layer', id, name, depth, collapsed, ...facts, ...figures };
}

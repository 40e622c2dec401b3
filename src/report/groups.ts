import { parts, partNames, type Part } from '../base/terms';
import { pathSegments } from '../base/text';
import type { DamageCell } from '../protocol/sensitivity';
import type { RowQuery } from '../protocol/viewApi';
import { addKnown, sumLayers, type Sum } from './sums';
import { shareOf, type Entry, type LayerTable, type RowFigures } from './table';

/** A foldable group of the table: its row holds the sums of the layers inside. */
export interface Group {
  readonly id: string;
  readonly name: string;
  /** Dotted path that the names inside are shown without. */
  readonly path: string;
  readonly items: readonly (Group | Entry)[];
  readonly part: Part | null;
  readonly figures: RowFigures;
  readonly layerCount: number;
  /** Place in the file of the first layer inside. */
  readonly order: number;
}

export const isGroup = (item: Group | Entry): item is Group => 'items' in item;

/** Sum of what a probe does to each layer inside by itself, an estimate of doing it to all; undefined where none was measured. */
export function groupDamage(group: Group, probe: string): DamageCell | undefined {
  const cells = leaves([group]).flatMap(({ damage }) => damage.get(probe) ?? []);
  if (cells.length === 0) return undefined;
  const sum = (of: (cell: DamageCell) => number) => cells.reduce((all, cell) => all + of(cell), 0);
  return {
    damage: sum(({ damage }) => damage),
    low: sum(({ low }) => low),
    high: sum(({ high }) => high),
    samples: Math.max(...cells.map(({ samples }) => samples)),
    settled: cells.every(({ settled }) => settled),
  };
}

/** The layers under the headings that the query asks for. */
export function groupEntries(
  entries: readonly Entry[],
  by: RowQuery['group'],
  table: LayerTable,
): readonly (Group | Entry)[] {
  switch (by) {
    case 'none':
      return entries;
    case 'block':
      return byBlock(entries, table);
    case 'part':
      return byPart(entries, table);
    case 'module':
      return byModule(entries, table);
  }
}

interface Heading {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly part?: Part;
}

/** Sums that are counted already; they hold where a filter left nothing out. */
interface Counted extends Sum {
  readonly layerCount: number;
}

function makeGroup(
  heading: Heading,
  items: (Group | Entry)[],
  table: LayerTable,
  counted?: Counted,
): Group {
  const entries = leaves(items);
  const sum =
    counted?.layerCount === entries.length
      ? counted
      : sumLayers(
          entries.map((entry) => entry.layer),
          table.storage,
        );
  const { parameters, weightBytes, macs, activationBytes } = sum;
  const timeMs = table.measured ? addKnown(entries, (entry) => entry.figures.timeMs) : null;
  const share = shareOf(table.measured ? timeMs : macs, table.whole);
  return {
    part: null,
    ...heading,
    items,
    figures: { parameters, weightBytes, macs, activationBytes, timeMs, share },
    layerCount: entries.length,
    order: entries[0]?.order ?? 0,
  };
}

function leaves(items: readonly (Group | Entry)[], found: Entry[] = []): Entry[] {
  for (const item of items) {
    if (isGroup(item)) leaves(item.items, found);
    else found.push(item);
  }
  return found;
}

function gather<K>(entries: readonly Entry[], keyOf: (entry: Entry) => K): Map<K, Entry[]> {
  const found = new Map<K, Entry[]>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const list = found.get(key);
    if (list) list.push(entry);
    else found.set(key, [entry]);
  }
  return found;
}

function byBlock(entries: readonly Entry[], table: LayerTable): readonly (Group | Entry)[] {
  const { blocks } = table.inspection;
  if (blocks.length === 0) return entries;
  return [...gather(entries, (entry) => entry.layer.block)].map(([index, inside]) => {
    const block = index === null ? undefined : blocks[index];
    const heading = block
      ? { id: `block:${block.id}`, name: block.name, path: block.name }
      : { id: 'block:none', name: 'Outside blocks', path: '' };
    const counted = block && { ...block, layerCount: block.layers.length };
    return makeGroup(heading, inside, table, counted);
  });
}

function byPart(entries: readonly Entry[], table: LayerTable): Group[] {
  const found = gather(entries, (entry) => entry.layer.part);
  return partNames.flatMap((part) => {
    const inside = found.get(part);
    if (!inside) return [];
    const heading = { id: `part:${part}`, name: parts[part], path: '', part };
    const layerCount = table.entries.filter((entry) => entry.layer.part === part).length;
    const counted = { ...table.inspection.parts[part], layerCount };
    return [makeGroup(heading, inside, table, counted)];
  });
}

interface Module {
  readonly path: string;
  readonly modules: Map<string, Module>;
  readonly items: (Module | Entry)[];
}

function byModule(entries: readonly Entry[], table: LayerTable): (Group | Entry)[] {
  const root: Module = { path: '', modules: new Map(), items: [] };
  const known = new Map<readonly string[], Module>();
  const paths = modulePaths(table);
  for (const entry of entries) {
    const path = paths[entry.order] ?? [];
    let module = known.get(path);
    if (!module) known.set(path, (module = innerModule(root, path)));
    module.items.push(entry);
  }
  return root.items.map((item) => moduleGroup(item, '', table));
}

const pathsOf = new WeakMap<LayerTable, readonly (readonly string[])[]>();

/** By place in the file, the path of every layer's module; layers of one module have one and the same array. */
function modulePaths(table: LayerTable): readonly (readonly string[])[] {
  const kept = pathsOf.get(table);
  if (kept) return kept;
  const known = new Map<string, readonly string[]>();
  const paths = table.entries.map(({ layer: { name } }) => {
    // What stands before the last dot names the module, unless a number follows it.
    const front = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    const key = /^\d+$/.test(name.slice(front.length + 1)) ? `numbered ${name}` : front;
    const path = known.get(key) ?? pathSegments(name).slice(0, -1);
    known.set(key, path);
    return path;
  });
  pathsOf.set(table, paths);
  return paths;
}

function innerModule(root: Module, segments: readonly string[]): Module {
  let at = root;
  for (const segment of segments) {
    let inner = at.modules.get(segment);
    if (!inner) {
      const path = at.path === '' ? segment : `${at.path}.${segment}`;
      inner = { path, modules: new Map(), items: [] };
      at.modules.set(segment, inner);
      at.items.push(inner);
    }
    at = inner;
  }
  return at;
}

/** A module that holds nothing but one other module is shown with it, as `bert.encoder`. */
function moduleGroup(item: Module | Entry, outer: string, table: LayerTable): Group | Entry {
  if (!('modules' in item)) return item;
  let inner = item;
  for (let only = inner.items[0]; inner.items.length === 1 && only; only = inner.items[0]) {
    if (!('modules' in only)) break;
    inner = only;
  }
  const name = outer === '' ? inner.path : inner.path.slice(outer.length + 1);
  return makeGroup(
    { id: `module:${inner.path}`, name, path: inner.path },
    inner.items.map((one) => moduleGroup(one, inner.path, table)),
    table,
  );
}

import type { Row } from '../../src/protocol/viewApi';
import type { RowSource } from '../rows';
import { rowIndexOf } from './tableRow';
import { treeCommand, type TreeCommand } from './treeKeys';

/** What happens to a table of rows that can be chosen, folded and opened. */
export interface TreeEvents {
  readonly onFold: (group: string, fold: boolean) => void;
  readonly onSelect: (layers: readonly string[]) => void;
  readonly onOpen: (layer: string) => void;
  /** What was chosen for the layers is to be taken back. */
  readonly onUndo: (layers: readonly string[]) => void;
}

/** Where the table stands while it handles an event. */
export interface TreeSituation extends TreeEvents {
  readonly source: RowSource;
  readonly selected: ReadonlySet<string>;
  readonly focused: number;
  /** Where a range that is extended with Shift begins. */
  readonly anchor: { current: number };
  /** Rows on one screen. */
  readonly screen: number;
  /** Moves the focus, and scrolls there. */
  readonly goTo: (row: number) => void;
  /** Moves the focus without scrolling: the pointer is there already. */
  readonly focusAt: (row: number) => void;
}

export function onTreeKey(event: KeyboardEvent, tree: TreeSituation): void {
  if (!(event.target as Element).matches('.row')) return;
  const { focused, screen, source } = tree;
  const total = source.total ?? 0;
  const position = { focus: focused, total, page: screen, row: source.at(focused) };
  const command = treeCommand(event, position);
  if (!command) return;
  event.preventDefault();
  // The editor hears what reaches the window, and would select the page's text as well.
  if (command.kind === 'selectAll') event.stopPropagation();
  obey(command, tree);
}

function obey(command: TreeCommand, tree: TreeSituation): void {
  const { source, selected, focused, goTo, onFold, onSelect, onUndo } = tree;
  switch (command.kind) {
    case 'move':
      goTo(command.to);
      if (command.extend) void extend(command.to, command.keep, tree);
      else if (!command.keep) void choose(command.to, tree);
      break;
    case 'fold':
      onFold(source.at(focused)?.id ?? '', command.fold);
      break;
    case 'parent':
      goTo(parentOf(source, focused));
      break;
    case 'toggle':
      toggle(focused, tree);
      break;
    case 'open':
      open(focused, tree);
      break;
    case 'selectAll':
      void source.load(0, source.total ?? 0).then((all) => onSelect(layersOf(all)));
      break;
    case 'clear':
      onSelect([]);
      break;
    case 'undo':
      if (selected.size > 0) onUndo([...selected]);
      break;
  }
}

export function onTreeClick(event: MouseEvent, tree: TreeSituation): void {
  const index = rowIndexOf(event.target);
  if (index === undefined) return;
  const keep = event.ctrlKey || event.metaKey;
  tree.focusAt(index);
  if (event.shiftKey) void extend(index, keep, tree);
  else if (keep) toggle(index, tree);
  else {
    void choose(index, tree);
    if (tree.source.at(index)?.kind === 'group') open(index, tree);
  }
}

export function onTreeDoubleClick(event: MouseEvent, tree: TreeSituation): void {
  const index = rowIndexOf(event.target);
  if (index !== undefined && tree.source.at(index)?.kind === 'layer') open(index, tree);
}

/** The menu speaks of what is selected: a row outside the selection becomes the selection. */
export function onTreeMenu(event: MouseEvent, tree: TreeSituation): void {
  const index = rowIndexOf(event.target);
  if (index === undefined) return;
  tree.focusAt(index);
  if (!tree.selected.has(tree.source.at(index)?.id ?? '')) void choose(index, tree);
}

/** Selects the row alone. A row that was jumped to has to be fetched first, and may no longer be meant when it is there. */
async function choose(index: number, { source, anchor, onSelect }: TreeSituation): Promise<void> {
  anchor.current = index;
  const rows = source.at(index) ? undefined : await source.load(index, index + 1);
  const row = rows?.[0] ?? source.at(index);
  if (anchor.current === index) onSelect(row?.kind === 'layer' ? [row.id] : []);
}

/** Selects from the anchor to the row, fetching what lies between. */
async function extend(index: number, keep: boolean, tree: TreeSituation): Promise<void> {
  const { source, selected, anchor, onSelect } = tree;
  const from = Math.min(anchor.current, index);
  const range = layersOf(await source.load(from, Math.max(anchor.current, index) + 1));
  onSelect(keep ? [...new Set([...selected, ...range])] : range);
}

function toggle(index: number, { source, selected, anchor, onSelect }: TreeSituation): void {
  const row = source.at(index);
  anchor.current = index;
  if (row?.kind !== 'layer') return;
  const others = [...selected].filter((id) => id !== row.id);
  onSelect(selected.has(row.id) ? others : [...others, row.id]);
}

function open(index: number, { source, onOpen, onFold }: TreeSituation): void {
  const row = source.at(index);
  if (row?.kind === 'layer') onOpen(row.id);
  else if (row) onFold(row.id, !row.collapsed);
}

const layersOf = (rows: readonly Row[]) =>
  rows.filter((row) => row.kind === 'layer').map((row) => row.id);

/** The nearest row above that the row belongs to; itself where there is none. */
function parentOf(source: RowSource, index: number): number {
  const depth = source.at(index)?.depth ?? 0;
  for (let above = index - 1; above >= 0; above--) {
    const row = source.at(above);
    if (row && row.depth < depth) return above;
  }
  return index;
}

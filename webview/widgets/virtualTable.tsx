import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { Row } from '../../src/protocol/viewApi';
import type { RowSource } from '../rows';
import { Icon } from './icon';
import { treeCommand, type TreeCommand } from './treeKeys';
import { scrollTo, windowOf } from './window';
import './virtualTable.css';

export interface TableColumn {
  readonly id: string;
  readonly title: string;
  /** In pixels; 0 takes what the others leave. */
  readonly width: number;
  readonly numeric: boolean;
  readonly sorted: 'ascending' | 'descending' | undefined;
  readonly cell: (row: Row) => ComponentChildren;
  readonly tip: (row: Row) => string | undefined;
}

interface Props {
  readonly label: string;
  readonly source: RowSource;
  readonly columns: readonly TableColumn[];
  readonly selected: ReadonlySet<string>;
  readonly initialScroll: number;
  readonly onSort: (column: string) => void;
  readonly onFold: (group: string, fold: boolean) => void;
  readonly onSelect: (layers: readonly string[]) => void;
  readonly onOpen: (layer: string) => void;
  readonly onScroll: (scrollTop: number) => void;
}

/** As in theme.css. */
const rowHeight = 24;
const headHeight = 26;
/** Room that the column without a width needs at least. */
const leastWidth = 200;
/** Rows fetched ahead, in screens to each side. */
const ahead = 2;

/**
 * A tree grid that draws only the rows on show. They stand in a window that sticks to the viewport while the full height scrolls past
 * behind it: a page that is scrolled faster than it is drawn shows the last rows a moment longer, and never a gap.
 */
export function VirtualTable(props: Props) {
  const { source, columns, selected } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: props.initialScroll, height: 0 });
  const [focus, setFocus] = useState(0);
  const anchor = useRef(0);
  const takesFocus = useRef(false);

  const total = source.total ?? 0;
  const rows = windowOf(view.top, view.height, rowHeight, total, 4);
  const screen = Math.max(1, Math.floor(view.height / rowHeight));
  const focused = Math.min(focus, Math.max(0, total - 1));
  source.want(rows.first - ahead * screen, rows.last + ahead * screen);

  useViewport(scroller, props.initialScroll, total, setView);
  useLayoutEffect(() => {
    if (!takesFocus.current) return;
    takesFocus.current = false;
    scroller.current
      ?.querySelector<HTMLElement>(`[aria-rowindex="${focused + 2}"]`)
      ?.focus({ preventScroll: true });
  });

  const goTo = (row: number) => {
    const top = scrollTo(row, scroller.current?.scrollTop ?? 0, view.height, rowHeight);
    if (scroller.current) scroller.current.scrollTop = top;
    takesFocus.current = true;
    setView((old) => ({ ...old, top }));
    setFocus(row);
  };
  const choose = async (row: number, how: { extend: boolean; keep: boolean }) => {
    if (how.extend) {
      const [from, to] = [Math.min(anchor.current, row), Math.max(anchor.current, row)];
      const range = layersOf(await source.load(from, to + 1));
      props.onSelect(how.keep ? [...new Set([...selected, ...range])] : range);
      return;
    }
    anchor.current = row;
    const at = source.at(row);
    if (!how.keep) props.onSelect(at?.kind === 'layer' ? [at.id] : []);
  };
  const toggle = (row: number) => {
    const at = source.at(row);
    anchor.current = row;
    if (at?.kind !== 'layer') return;
    props.onSelect(
      selected.has(at.id) ? [...selected].filter((id) => id !== at.id) : [...selected, at.id],
    );
  };
  const open = (row: number) => {
    const at = source.at(row);
    if (at?.kind === 'layer') props.onOpen(at.id);
    else if (at) props.onFold(at.id, !at.collapsed);
  };

  const obey = (command: TreeCommand) => {
    switch (command.kind) {
      case 'move':
        goTo(command.to);
        void choose(command.to, command);
        break;
      case 'fold':
        if (source.at(focused)) props.onFold(source.at(focused)?.id ?? '', command.fold);
        break;
      case 'parent':
        goTo(parentOf(source, focused));
        break;
      case 'toggle':
        toggle(focused);
        break;
      case 'open':
        open(focused);
        break;
      case 'selectAll':
        void source.load(0, total).then((all) => props.onSelect(layersOf(all)));
        break;
      case 'clear':
        props.onSelect([]);
        break;
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.target as Element).matches('.row')) return;
    const position = { focus: focused, total, page: screen, row: source.at(focused) };
    const command = treeCommand(event, position);
    if (!command) return;
    event.preventDefault();
    obey(command);
  };
  const onClick = (event: MouseEvent) => {
    const index = rowIndexOf(event.target);
    if (index === undefined) return;
    const keep = event.ctrlKey || event.metaKey;
    takesFocus.current = true;
    setFocus(index);
    if (keep && !event.shiftKey) return toggle(index);
    void choose(index, { extend: event.shiftKey, keep });
    if (!event.shiftKey && source.at(index)?.kind === 'group') open(index);
  };
  // The menu speaks of what is selected: a row outside the selection becomes the selection.
  const onContextMenu = (event: MouseEvent) => {
    const index = rowIndexOf(event.target);
    const row = index === undefined ? undefined : source.at(index);
    if (index === undefined || !row) return;
    setFocus(index);
    if (!selected.has(row.id)) void choose(index, { extend: false, keep: false });
  };

  const draw = (index: number) => (
    <TableRow
      key={index}
      index={index}
      row={source.at(index)}
      columns={columns}
      selected={selected}
      focused={index === focused}
    />
  );
  const indices = Array.from({ length: rows.last - rows.first }, (_, i) => rows.first + i);
  const outside = total > 0 && (focused < rows.first || focused >= rows.last);
  return (
    <div
      class="table"
      role="treegrid"
      aria-label={props.label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
      aria-multiselectable
      ref={scroller}
      onScroll={(event) => {
        const { scrollTop } = event.currentTarget;
        setView((old) => ({ ...old, top: scrollTop }));
        props.onScroll(scrollTop);
      }}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onDblClick={(event) => {
        const index = rowIndexOf(event.target);
        if (index !== undefined && source.at(index)?.kind === 'layer') open(index);
      }}
      onContextMenu={onContextMenu}
    >
      <div class="table-inner" role="presentation" style={gridOf(columns)}>
        <Head columns={columns} onSort={props.onSort} />
        <div class="sizer" role="presentation" style={{ height: `${total * rowHeight}px` }}>
          <div
            class="window"
            role="rowgroup"
            style={{ height: `${Math.min(view.height, total * rowHeight)}px` }}
          >
            {/* The row in focus stays in the page when it scrolls out of sight, or the keyboard would lose its place. */}
            {outside && <div class="outside">{draw(focused)}</div>}
            <div
              class="rows"
              role="presentation"
              style={{ transform: `translateY(${rows.offset}px)` }}
            >
              {indices.map(draw)}
            </div>
          </div>
        </div>
      </div>
    </div>
  );
}

type SetView = (
  change: (old: { top: number; height: number }) => {
    top: number;
    height: number;
  },
) => void;

/** Keeps the height of the viewport, and puts the table where it was left once there are rows to scroll over. */
function useViewport(
  scroller: { readonly current: HTMLDivElement | null },
  initialScroll: number,
  total: number,
  setView: SetView,
) {
  const restored = useRef(false);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || restored.current || total === 0) return;
    restored.current = true;
    element.scrollTop = initialScroll;
  }, [total]);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = () =>
      setView((old) => {
        const height = element.clientHeight - headHeight;
        return height === old.height ? old : { ...old, height };
      });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
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

function rowIndexOf(target: EventTarget | null): number | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('.row') : null;
  return row ? Number(row.getAttribute('aria-rowindex')) - 2 : undefined;
}

function gridOf(columns: readonly TableColumn[]) {
  const template = columns.map(({ width }) =>
    width === 0 ? `minmax(${leastWidth}px, 1fr)` : `${width}px`,
  );
  const least = columns.reduce((sum, { width }) => sum + (width === 0 ? leastWidth : width), 0);
  return { '--columns': template.join(' '), minWidth: `${least}px` };
}

function Head({
  columns,
  onSort,
}: {
  readonly columns: readonly TableColumn[];
  readonly onSort: (column: string) => void;
}) {
  return (
    <div class="head" role="rowgroup">
      <div class="head-row" role="row" aria-rowindex={1}>
        {columns.map(({ id, title, numeric, sorted }) => (
          <div
            key={id}
            role="columnheader"
            class={`head-cell ${numeric ? 'numeric' : ''}`}
            aria-sort={sorted ?? 'none'}
          >
            <button type="button" onClick={() => onSort(id)}>
              {title}
              <span class="sort-sign">
                {sorted && <Icon name={sorted === 'ascending' ? 'arrowUp' : 'arrowDown'} />}
              </span>
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  readonly index: number;
  readonly row: Row | undefined;
  readonly columns: readonly TableColumn[];
  readonly selected: ReadonlySet<string>;
  readonly focused: boolean;
}

function TableRow({ index, row, columns, selected, focused }: RowProps) {
  const isSelected = row?.kind === 'layer' && selected.has(row.id);
  return (
    <div
      role="row"
      class={`row ${row ? row.kind : 'waiting'}`}
      aria-rowindex={index + 2}
      aria-level={(row?.depth ?? 0) + 1}
      aria-selected={row?.kind === 'group' ? undefined : isSelected}
      aria-expanded={row?.kind === 'group' ? !row.collapsed : undefined}
      aria-busy={!row}
      tabIndex={focused ? 0 : -1}
      data-vscode-context={row && contextOf(row)}
    >
      {columns.map((column) => (
        <div
          key={column.id}
          role={column.width === 0 ? 'rowheader' : 'gridcell'}
          class={`cell ${column.numeric ? 'numeric' : ''}`}
          data-tip={row && column.tip(row)}
        >
          {row ? column.cell(row) : <i class="placeholder" />}
        </div>
      ))}
    </div>
  );
}

/** What the editor's own menu is told about the row under the pointer. */
const contextOf = (row: Row) =>
  JSON.stringify({
    webviewSection: row.kind,
    [row.kind]: row.id,
    preventDefaultContextMenuItems: true,
  });

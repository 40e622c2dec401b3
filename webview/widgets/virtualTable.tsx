import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RowSource } from '../rows';
import { gridOf, TableHead, TableRow, type TableColumn } from './tableRow';
import {
  onTreeClick,
  onTreeDoubleClick,
  onTreeKey,
  onTreeMenu,
  type TreeEvents,
  type TreeSituation,
} from './treeControl';
import { scrollTo, windowOf } from './window';
import './virtualTable.css';

interface Props extends TreeEvents {
  readonly label: string;
  readonly source: RowSource;
  readonly columns: readonly TableColumn[];
  readonly selected: ReadonlySet<string>;
  /** A row to go to: once for every new object. */
  readonly pointedAt: { readonly layer: string } | undefined;
  readonly initialScroll: number;
  readonly onSort: (column: string) => void;
  readonly onUnfold: (groups: readonly string[]) => void;
  readonly onScroll: (scrollTop: number) => void;
}

/** As in theme.css and virtualTable.css. */
const rowHeight = 24;
const headHeight = 26;
/** Rows drawn out of sight at each end, and rows fetched ahead in screens to each side. */
const spare = 4;
const ahead = 2;

/**
 * A tree grid that draws only the rows on show. They stand in a window that sticks to the viewport while the full height scrolls past
 * behind it: a page that is scrolled faster than it is drawn shows the last rows a moment longer, and never a gap.
 */
export function VirtualTable(props: Props) {
  const { source, columns, selected } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useViewport(scroller, props.initialScroll, source.total ?? 0);
  const [focus, setFocus] = useState(0);
  const anchor = useRef(0);
  const focusRow = useRowFocus(scroller);

  const total = source.total ?? 0;
  const rows = windowOf(view.top, view.height, rowHeight, total, spare);
  const screen = Math.max(1, Math.floor(view.height / rowHeight));
  const focused = Math.min(focus, Math.max(0, total - 1));
  source.want(rows.first - ahead * screen, rows.last + ahead * screen);

  const focusAt = (row: number) => {
    focusRow(row);
    setFocus(row);
  };
  const scroll = useScroll(scroller);
  const showRow = (row: number) => {
    const top = scrollTo(row, scroller.current?.scrollTop ?? 0, view.height, rowHeight);
    scroll(top);
    setView((old) => ({ ...old, top }));
    setFocus(row);
  };
  const goTo = (row: number) => {
    focusRow(row);
    showRow(row);
  };
  useEffect(() => {
    if (!props.pointedAt) return;
    // The keyboard stays where it is: the reader is at work elsewhere.
    void goToLayer(props.pointedAt.layer, props, showRow);
  }, [props.pointedAt]);
  const tree: TreeSituation = { ...props, focused, anchor, screen, goTo, focusAt };

  const draw = (index: number) => (
    <TableRow
      key={index}
      index={index}
      row={source.at(index)}
      columns={columns}
      selected={selected.has(source.at(index)?.id ?? '')}
      focused={index === focused}
      outside={index < rows.first || index >= rows.last}
    />
  );
  const indices = Array.from({ length: rows.last - rows.first }, (_, i) => rows.first + i);
  // The row in focus stays in the page when it scrolls out of sight, or the keyboard would lose its place. In order, so that it is never moved.
  if (total > 0 && focused < rows.first) indices.unshift(focused);
  if (total > 0 && focused >= rows.last) indices.push(focused);
  return (
    <div
      class="table"
      role="treegrid"
      aria-label={props.label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
      aria-multiselectable
      ref={scroller}
      onScroll={({ currentTarget: { scrollTop } }) => {
        setView((old) => ({ ...old, top: scrollTop }));
        props.onScroll(scrollTop);
      }}
      onKeyDown={(event) => onTreeKey(event, tree)}
      onClick={(event) => onTreeClick(event, tree)}
      onDblClick={(event) => onTreeDoubleClick(event, tree)}
      onContextMenu={(event) => onTreeMenu(event, tree)}
    >
      <div class="table-inner" role="presentation" style={gridOf(columns)}>
        <TableHead columns={columns} onSort={props.onSort} />
        <div class="sizer" role="presentation" style={{ height: `${total * rowHeight}px` }}>
          <div
            class="window"
            role="rowgroup"
            style={{ height: `${Math.min(view.height, total * rowHeight)}px` }}
          >
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

/** Shows the row of a layer, wherever it is folded away; a layer that the filter leaves out stays out. */
async function goToLayer(
  layer: string,
  { source, onUnfold }: Pick<Props, 'source' | 'onUnfold'>,
  showRow: (row: number) => void,
): Promise<void> {
  // Without an answer there is nowhere to go: the table itself says why it has no rows.
  const found = await source.find(layer).catch(() => undefined);
  if (!found) return;
  if (found.groups.length > 0) onUnfold(found.groups);
  await source.load(found.index, found.index + 1);
  showRow(found.index);
}

interface Element {
  readonly current: HTMLDivElement | null;
}

/** What is on show: scroll position and height of the rows' viewport. Starts where the table was left, once there are rows. */
function useViewport(scroller: Element, initialScroll: number, total: number) {
  const [view, setView] = useState({ top: initialScroll, height: 0 });
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
        const height = Math.max(0, element.clientHeight - headHeight);
        return height === old.height ? old : { ...old, height };
      });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return [view, setView] as const;
}

/** Scrolls at once, and once more after the next drawing where the rows to scroll to are not there yet. */
function useScroll(scroller: Element): (top: number) => void {
  const wanted = useRef<number | undefined>(undefined);
  useLayoutEffect(() => {
    if (wanted.current !== undefined && scroller.current)
      scroller.current.scrollTop = wanted.current;
    wanted.current = undefined;
  });
  return (top) => {
    if (scroller.current) scroller.current.scrollTop = top;
    wanted.current = top;
  };
}

/** Gives the keyboard to a row as soon as it has been drawn. */
function useRowFocus(scroller: Element): (row: number) => void {
  const wanted = useRef<number | undefined>(undefined);
  useLayoutEffect(() => {
    if (wanted.current === undefined) return;
    const row = `[aria-rowindex="${wanted.current + 2}"]`;
    wanted.current = undefined;
    // The row may be drawn again long after the click, when the keyboard is at work in another editor.
    if (!document.hasFocus()) return;
    scroller.current?.querySelector<HTMLElement>(row)?.focus({ preventScroll: true });
  });
  return (row) => (wanted.current = row);
}

import type { ComponentChildren } from 'preact';
import type { Row } from '../../src/protocol/viewApi';
import { menuContext } from './contextMenu';
import { Icon } from './icon';

export interface TableColumn {
  readonly id: string;
  readonly title: string;
  /** In pixels; 0 takes what the others leave. */
  readonly width: number;
  readonly numeric: boolean;
  readonly sorted: 'ascending' | 'descending' | undefined;
  readonly cell: (row: Row) => ComponentChildren;
  readonly tip: (row: Row) => string | undefined;
  /** Id of a layer whose curve stands under the tip. */
  readonly curve?: ((row: Row) => string | undefined) | undefined;
}

/** The columns as a grid's template, and the width below which the table scrolls sideways. */
export function gridOf(columns: readonly TableColumn[]) {
  const template = columns.map(({ width }) =>
    width === 0 ? 'minmax(var(--least), 1fr)' : `${width}px`,
  );
  const fixed = columns.reduce((sum, { width }) => sum + width, 0);
  return { '--columns': template.join(' '), minWidth: `calc(var(--least) + ${fixed}px)` };
}

interface HeadProps {
  readonly columns: readonly TableColumn[];
  readonly onSort: (column: string) => void;
}

/** The row of titles; each sorts by its column. */
export function TableHead({ columns, onSort }: HeadProps) {
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
              <span class="head-title">{title}</span>
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
  /** Undefined until it has been fetched. */
  readonly row: Row | undefined;
  readonly columns: readonly TableColumn[];
  readonly selected: boolean;
  readonly focused: boolean;
  /** Kept in the page, but not among the rows on show. */
  readonly outside: boolean;
}

export function TableRow({ index, row, columns, selected, focused, outside }: RowProps) {
  return (
    <div
      role="row"
      class={`row ${row ? row.kind : 'waiting'} ${outside ? 'outside' : ''}`}
      aria-rowindex={index + 2}
      aria-level={(row?.depth ?? 0) + 1}
      aria-selected={row?.kind === 'layer' ? selected : undefined}
      aria-expanded={row?.kind === 'group' ? !row.collapsed : undefined}
      tabIndex={focused ? 0 : -1}
      data-vscode-context={row && contextOf(row)}
    >
      {columns.map((column) => (
        <div
          key={column.id}
          role={column.width === 0 ? 'rowheader' : 'gridcell'}
          class={`cell ${column.numeric ? 'numeric' : ''}`}
          data-tip={row && column.tip(row)}
          data-curve={row && column.curve?.(row)}
        >
          {row ? column.cell(row) : <i class="placeholder" />}
        </div>
      ))}
    </div>
  );
}

/** The row under an event, by its place in the table. */
export function rowIndexOf(target: EventTarget | null): number | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('.row') : null;
  return row ? Number(row.getAttribute('aria-rowindex')) - 2 : undefined;
}

const contextOf = (row: Row) =>
  menuContext({
    section: row.kind,
    id: row.id,
    ...(row.kind === 'layer' ? { chosen: row.chosen !== null } : {}),
  });

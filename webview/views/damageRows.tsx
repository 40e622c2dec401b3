import { useMemo } from 'preact/hooks';
import type {
  DamageGrid,
  SensitivityView,
  SensitivityViewLine,
} from '../../src/protocol/sensitivity';
import { printable } from '../../src/base/text';
import { cellTip, shortProbe, type DamageScale } from '../damage';
import { roleLetters, roleText } from '../roles';
import { menuContext } from '../widgets/contextMenu';
import { spansOf, type Place } from './damagePlaces';

/** What a map of damage shows, and what becomes of a press. */
export interface MapProps {
  readonly label: string;
  readonly view: SensitivityView;
  readonly grid: DamageGrid;
  readonly scale: DamageScale | undefined;
  /** Name of the probe that the lines are in the order of; none for the model's order. */
  readonly sort: string;
  readonly selected: ReadonlySet<string>;
  /** Whether the blocks are said over their cells. */
  readonly showBlocks?: boolean;
  /** What stands over a cell where it is not the role's letter. */
  readonly letterOf?: (line: SensitivityViewLine) => string;
  /** Left out where the order is always the model's. */
  readonly onSort?: (probe: string) => void;
  readonly onPress: (line: SensitivityViewLine) => void;
  /** Whether the lines are layers, with the menu of a layer. */
  readonly hasMenu: boolean;
}

interface BlocksProps {
  readonly places: readonly Place[];
  readonly drawn: readonly Place[];
  readonly inBlocks: boolean;
}

/** The numbers of the blocks over their layers. */
export function Blocks({ places, drawn, inBlocks }: BlocksProps) {
  if (!places.some(({ line }) => line.block !== null)) return null;
  const first = drawn[0]?.column ?? 0;
  const last = drawn.at(-1)?.column ?? 0;
  const spans = spansOf(places, inBlocks).filter(({ from, to }) => to > first && from <= last);
  return (
    <div class="damage-row" aria-hidden="true">
      <span class="damage-title" />
      {spans.map(({ from, to, block }) => (
        <span class="damage-block" key={from} style={{ gridColumn: `${from} / ${to}` }}>
          {block === null ? '' : to - from < 4 ? block : `block ${block}`}
        </span>
      ))}
    </div>
  );
}

interface DrawnProps {
  readonly map: MapProps;
  readonly drawn: readonly Place[];
}

/** The letters over the columns. */
export function Heads({ map: { letterOf = letterOfRole, hasMenu }, drawn }: DrawnProps) {
  return (
    <div class="damage-row" role="row">
      <span role="columnheader" class="damage-title" aria-colindex={1}>
        <span class="hidden-text">way of compressing</span>
      </span>
      {drawn.map(({ line, column, at }) => (
        <span
          role="columnheader"
          class={`damage-letter part-${line.part}`}
          key={at}
          aria-colindex={at + 1}
          style={{ gridColumn: column }}
          data-tip={`${printable(line.name)}\n${roleText(line.role)}`}
          data-curve={hasMenu ? line.id : undefined}
        >
          <span aria-hidden="true">{letterOf(line)}</span>
          <span class="hidden-text">{printable(line.name)}</span>
        </span>
      ))}
    </div>
  );
}

const letterOfRole = ({ role }: SensitivityViewLine): string => roleLetters[role];

interface RowProps extends DrawnProps {
  /** Index of the probe. */
  readonly row: number;
  /** The place in this row that is the map's tab stop. */
  readonly focused: number | undefined;
}

/** A probe's title and cells; the focus of other rows moves without drawing them. */
export function Row({ map, drawn, row, focused }: RowProps) {
  return useMemo(
    () => (
      <div class="damage-row" role="row">
        <Title map={map} row={row} isFocused={focused === 0} />
        {drawn.map((place) => (
          // By its place, so that the focus stays where it is when lines change theirs.
          <Cell key={place.at} map={map} place={place} row={row} isFocused={focused === place.at} />
        ))}
      </div>
    ),
    [map, drawn, focused],
  );
}

interface MarkProps {
  readonly map: MapProps;
  readonly row: number;
  readonly isFocused: boolean;
}

const markOf = (row: number, at: number, isFocused: boolean) => ({
  tabIndex: isFocused ? 0 : -1,
  'data-row': row,
  'data-at': at,
});

function Title({ map: { grid, sort, onSort }, row, isFocused }: MarkProps) {
  const { name = '', title = '' } = grid.probes[row] ?? {};
  const isSorted = name === sort;
  return (
    <span
      role="rowheader"
      class="damage-title"
      aria-colindex={1}
      aria-sort={isSorted ? 'descending' : 'none'}
    >
      {onSort ? (
        <button
          type="button"
          data-tip={isSorted ? 'Back to the model’s order' : 'Those that suffer most first'}
          onClick={() => onSort(isSorted ? '' : name)}
          {...markOf(row, 0, isFocused)}
        >
          {shortProbe(title)}
        </button>
      ) : (
        shortProbe(title)
      )}
    </span>
  );
}

interface CellProps extends MarkProps {
  readonly place: Place;
}

function Cell({ map, place: { line, column, at }, row, isFocused }: CellProps) {
  const { view, grid, scale, selected, hasMenu } = map;
  const cell = line.cells[row] ?? null;
  const tip = cellTip(view, line.name, grid.probes[row]?.title ?? '', cell);
  return (
    <span
      role="gridcell"
      class="damage-cell"
      aria-colindex={at + 1}
      style={{ gridColumn: column }}
      aria-selected={selected.has(line.id)}
      data-vscode-context={hasMenu ? menuContext({ section: 'layer', id: line.id }) : undefined}
    >
      <button
        type="button"
        class="heat"
        style={{ '--level': `${cell && scale ? scale.levelOf(cell.damage) : 0}%` }}
        data-unknown={cell === null}
        data-settled={cell?.settled ?? true}
        data-tip={tip}
        aria-label={tip.replaceAll('\n', ', ')}
        {...markOf(row, at, isFocused)}
      >
        <i />
      </button>
    </span>
  );
}

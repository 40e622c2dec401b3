import type {
  DamageGrid,
  SensitivityView,
  SensitivityViewLine,
} from '../../src/protocol/sensitivity';
import { printable } from '../../src/base/text';
import { cellTip, orderedLines, shortProbe, type DamageScale } from '../damage';
import { roleLetters, roleText } from '../roles';
import { menuContext, openMenu } from '../widgets/contextMenu';
import { useRoving } from '../widgets/roving';
import './damageMap.css';

interface Props {
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

type Mark = ReturnType<typeof useRoving>;

/** A column of the map, and where it stands in the grid: a narrow empty one goes before every block. */
interface Place {
  readonly line: SensitivityViewLine;
  readonly column: number;
  readonly startsBlock: boolean;
}

/**
 * Probes by layers, coloured by damage: the whole model at one glance, block by block. One tab stop: arrows move among titles and cells, Enter
 * opens the layer's menu.
 */
export function DamageMap(props: Props) {
  const { label, grid, sort, onSort, letterOf = letterOfRole, showBlocks = true } = props;
  const lines = orderedLines(grid, sort);
  const isSorted = lines !== grid.lines;
  const places = placesOf(lines, isSorted || !showBlocks);
  const marks = grid.probes.flatMap((_, row) =>
    [...(onSort ? [0] : []), ...places.map((_, index) => index + 1)].map((at) => ({ row, at })),
  );
  const mark = useRoving(marks);
  return (
    <div class="damage-map">
      <div
        class="damage-grid"
        role="grid"
        aria-label={label}
        data-roving
        style={{
          gridTemplateColumns: templateOf(places),
          // Cells of few layers stay cells.
          maxWidth: `${120 + places.length * 44}px`,
        }}
      >
        {showBlocks && <Blocks places={places} isSorted={isSorted} />}
        <div class="damage-row" role="row">
          <span role="columnheader" class="damage-title">
            <span class="hidden-text">way of compressing</span>
          </span>
          {places.map(({ line, column }) => (
            <span
              role="columnheader"
              class={`damage-letter part-${line.part}`}
              key={line.id}
              style={{ gridColumn: column }}
              data-tip={`${printable(line.name)}\n${roleText(line.role)}`}
              data-curve={props.hasMenu ? line.id : undefined}
            >
              <span aria-hidden="true">{letterOf(line)}</span>
              <span class="hidden-text">{printable(line.name)}</span>
            </span>
          ))}
        </div>
        {grid.probes.map(({ name, title }, row) => (
          <div class="damage-row" role="row" key={name}>
            <span
              role="rowheader"
              class="damage-title"
              aria-sort={name === sort ? 'descending' : 'none'}
            >
              {onSort ? (
                <button
                  type="button"
                  data-tip={
                    name === sort ? 'Back to the model’s order' : 'Those that suffer most first'
                  }
                  onClick={() => onSort(name === sort ? '' : name)}
                  {...mark({ row, at: 0 })}
                >
                  {shortProbe(title)}
                </button>
              ) : (
                shortProbe(title)
              )}
            </span>
            {places.map((place, index) => (
              <Cell
                key={place.line.id}
                {...props}
                {...place}
                probe={row}
                mark={mark}
                at={index + 1}
              />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

const letterOfRole = ({ role }: SensitivityViewLine): string => roleLetters[role];

/** The titles are in the first column. */
function placesOf(lines: readonly SensitivityViewLine[], isSorted: boolean): readonly Place[] {
  let column = 1;
  let before: SensitivityViewLine | undefined;
  return lines.map((line) => {
    const startsBlock = !isSorted && before !== undefined && before.block !== line.block;
    column += startsBlock ? 2 : 1;
    before = line;
    return { line, column, startsBlock };
  });
}

const templateOf = (places: readonly Place[]): string =>
  [
    'max-content',
    ...places.map(({ startsBlock }) => `${startsBlock ? '2px ' : ''}minmax(13px, 1fr)`),
  ].join(' ');

interface Span {
  readonly from: number;
  readonly to: number;
  readonly block: number | null;
}

/** Neighbours of one block together; in another order every layer by itself. */
function spansOf(places: readonly Place[], isSorted: boolean): readonly Span[] {
  const spans: Span[] = [];
  for (const { line, column, startsBlock } of places) {
    const last = spans.at(-1);
    if (!last || startsBlock || isSorted) {
      spans.push({ from: column, to: column + 1, block: line.block });
    } else spans[spans.length - 1] = { ...last, to: column + 1 };
  }
  return spans;
}

/** The numbers of the blocks over their layers. */
function Blocks({ places, isSorted }: { places: readonly Place[]; isSorted: boolean }) {
  if (!places.some(({ line }) => line.block !== null)) return null;
  return (
    <div class="damage-row" aria-hidden="true">
      {spansOf(places, isSorted).map(({ from, to, block }) => (
        <span class="damage-block" key={from} style={{ gridColumn: `${from} / ${to}` }}>
          {block === null ? '' : to - from < 4 ? block : `block ${block}`}
        </span>
      ))}
    </div>
  );
}

interface CellProps extends Props, Place {
  /** Index of the probe. */
  readonly probe: number;
  readonly at: number;
  readonly mark: Mark;
}

function Cell({ view, grid, line, column, scale, selected, probe, at, mark, ...rest }: CellProps) {
  const { onPress, hasMenu } = rest;
  const cell = line.cells[probe] ?? null;
  const tip = cellTip(view, line.name, grid.probes[probe]?.title ?? '', cell);
  const marked = mark({ row: probe, at });
  return (
    <span
      role="gridcell"
      class="damage-cell"
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
        onClick={() => onPress(line)}
        onContextMenu={() => hasMenu && !selected.has(line.id) && onPress(line)}
        {...marked}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !hasMenu) return marked.onKeyDown(event);
          event.preventDefault();
          openMenu(event.currentTarget);
        }}
      >
        <i />
      </button>
    </span>
  );
}

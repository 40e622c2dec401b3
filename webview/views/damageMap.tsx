import { useMemo, useRef } from 'preact/hooks';
import { orderedLines } from '../damage';
import { openMenu } from '../widgets/contextMenu';
import { placeOf, useGridFocus } from '../widgets/gridFocus';
import { useStretch } from '../widgets/stretch';
import { placesIn, placesOf, templateOf } from './damagePlaces';
import { Blocks, Heads, Row, type MapProps } from './damageRows';
import './damageMap.css';

/**
 * Probes by layers, coloured by damage: the whole model at one glance, block by block. One tab stop: arrows move among titles and cells, Enter
 * opens the layer's menu. Of very many layers only the columns on show are in the page.
 */
export function DamageMap(props: MapProps) {
  const { label, grid, sort, selected, onSort, onPress, hasMenu, showBlocks = true } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [stretch, onScroll] = useStretch(scroller, 'sideways');
  const lines = useMemo(() => orderedLines(grid, sort), [grid, sort]);
  const inBlocks = showBlocks && lines === grid.lines;
  const places = useMemo(() => placesOf(lines, inBlocks), [lines, inBlocks]);
  const template = useMemo(() => templateOf(places), [places]);
  const bounds = { rows: grid.probes.length, first: onSort ? 0 : 1, last: places.length };
  const { active, onFocusIn, onKeyDown } = useGridFocus(scroller, bounds);
  // The cell in focus stays in the page when it scrolls out of sight, or the keyboard would lose its place.
  const drawn = useSame(placesIn(places, stretch, active.at));
  const heads = useMemo(
    () => (
      <>
        {showBlocks && <Blocks places={places} drawn={drawn} inBlocks={inBlocks} />}
        <Heads map={props} drawn={drawn} />
      </>
    ),
    [props, drawn],
  );
  const lineOf = (event: Event) => places[(placeOf(event)?.at ?? 0) - 1]?.line;
  return (
    <div class="damage-map" ref={scroller} onScroll={onScroll}>
      <div
        class="damage-grid"
        role="grid"
        aria-label={label}
        aria-colcount={places.length + 1}
        style={{
          gridTemplateColumns: template,
          // Cells of few layers stay cells.
          maxWidth: `${120 + places.length * 44}px`,
        }}
        onFocusIn={onFocusIn}
        onClick={(event) => {
          const line = lineOf(event);
          if (line) onPress(line);
        }}
        onContextMenu={(event) => {
          const line = lineOf(event);
          if (line && hasMenu && !selected.has(line.id)) onPress(line);
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !hasMenu || !lineOf(event)) return onKeyDown(event);
          event.preventDefault();
          openMenu(event.target as HTMLElement);
        }}
      >
        {heads}
        {grid.probes.map(({ name }, row) => (
          <Row
            key={name}
            map={props}
            drawn={drawn}
            row={row}
            focused={row === active.row ? active.at : undefined}
          />
        ))}
      </div>
    </div>
  );
}

/** The same array as long as what is in it is the same: what shows it is not drawn again. */
function useSame<T>(next: readonly T[]): readonly T[] {
  const kept = useRef(next);
  const old = kept.current;
  if (old.length !== next.length || old.some((each, at) => each !== next[at])) kept.current = next;
  return kept.current;
}

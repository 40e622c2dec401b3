import type { SensitivityView, SensitivityViewLine } from '../../src/protocol/sensitivity';
import { cellTip, damageScale, orderedLines, type DamageScale } from '../damage';
import { useRoving } from '../widgets/roving';

interface Props {
  readonly view: SensitivityView;
  /** Name of the probe that the lines are in the order of; none for the model's order. */
  readonly sort: string;
  readonly selected: ReadonlySet<string>;
  readonly onSort: (probe: string) => void;
  readonly onPress: (layer: string) => void;
}

type Mark = ReturnType<typeof useRoving>;

/** Layers by probes, coloured by damage. One tab stop: arrows move among titles, names and cells. */
export function DamageMap({ view, sort, selected, onSort, onPress }: Props) {
  const { probes } = view;
  const lines = orderedLines(view, sort);
  const rows = [0, ...lines.map((_, index) => index + 1)];
  const columns = [0, ...probes.map((_, index) => index + 1)];
  const mark = useRoving(rows.flatMap((row) => columns.map((at) => ({ row, at }))));
  const scale = damageScale(view.lines);
  return (
    <div class="damage-map">
      <div
        class="damage-grid"
        role="grid"
        aria-label="Sensitivity of each layer to each way of compressing it"
        data-roving
        style={{ '--probes': probes.length }}
      >
        <div class="damage-row damage-head" role="row">
          {[{ name: '', title: 'layer' }, ...probes].map(({ name, title }, at) => (
            <span
              key={name}
              role="columnheader"
              aria-sort={name === sort ? (at === 0 ? 'ascending' : 'descending') : 'none'}
            >
              <button
                type="button"
                data-tip={at === 0 ? 'In the model’s order' : 'Those that suffer most first'}
                onClick={() => onSort(name)}
                {...mark({ row: 0, at })}
              >
                {title}
              </button>
            </span>
          ))}
        </div>
        {lines.map((line, index) => (
          <LayerRow
            key={line.id}
            {...{ view, line, scale, mark, onPress }}
            row={index + 1}
            selected={selected.has(line.id)}
          />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  readonly view: SensitivityView;
  readonly line: SensitivityViewLine;
  readonly row: number;
  readonly scale: DamageScale | undefined;
  readonly selected: boolean;
  readonly mark: Mark;
  readonly onPress: (layer: string) => void;
}

function LayerRow({ view, line, row, scale, selected, mark, onPress }: RowProps) {
  return (
    <div class={`damage-row part-${line.part}`} role="row" aria-selected={selected}>
      <span role="rowheader" class="damage-name">
        <button
          type="button"
          data-tip={`${line.name}\n${line.role}`}
          onClick={() => onPress(line.id)}
          {...mark({ row, at: 0 })}
        >
          <i class="swatch" />
          {line.name}
        </button>
      </span>
      {line.cells.map((cell, at) => {
        const tip = cellTip(view, line, at);
        return (
          <span role="gridcell" class="damage-cell" key={view.probes[at]?.name}>
            <button
              type="button"
              class="heat"
              style={{ '--level': `${cell && scale ? scale.levelOf(cell.damage) : 0}%` }}
              data-unknown={cell === null}
              data-tip={tip}
              aria-label={tip.replaceAll('\n', ', ')}
              onClick={() => onPress(line.id)}
              {...mark({ row, at: at + 1 })}
            >
              <i />
            </button>
          </span>
        );
      })}
    </div>
  );
}

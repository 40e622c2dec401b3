import { formatExact } from '../../src/base/format';
import type { Column, RowQuery } from '../../src/protocol/viewApi';
import { Button, Checkbox, Dropdown, TextField } from '../kit';
import type { RowSource } from '../rows';
import { isSynthetic } from '../state';
import { Menu } from '../widgets/menu';
import { scaleEnd } from '../widgets/shareBar';
import type { TableColumn } from '../widgets/tableRow';
import { VirtualTable } from '../widgets/virtualTable';
import { columnNames, columnSpec, type CellContext } from './columns';
import type { ViewProps } from './props';
import './layers.css';

const filterHelp = [
  'Words match names. All terms must hold; a minus in front excludes.',
  'part:attention  role:query  op:MatMul  block:2-4  type:int8  ran:fused',
  '>1%  >1ms  >1MB  >1M params  macs>1G',
].join('\n');

const groups = {
  none: 'none',
  block: 'block',
  module: 'module',
  part: 'part',
} as const satisfies Record<RowQuery['group'], string>;

interface Props extends ViewProps {
  readonly source: RowSource;
  /** Where the table was left, in pixels. */
  readonly initialScroll: number;
}

type TableProps = Pick<Props, 'state' | 'dashboard' | 'source'>;

/** Every layer of the model. */
export function Layers({ state, dashboard, act, source, initialScroll }: Props) {
  return (
    <section class="layers" aria-labelledby="layers" id="layers-section">
      <Toolbar state={state} dashboard={dashboard} act={act} source={source} />
      {source.total === 0 && !source.problem ? (
        <div class="nothing">
          <span>No layer matches the filter.</span>
          <Button onPress={() => act.setFilter('')}>Clear Filter</Button>
        </div>
      ) : (
        <VirtualTable
          label="Layers"
          source={source}
          columns={tableColumns({ state, dashboard, source })}
          selected={state.selected}
          pointedAt={state.pointedAt}
          initialScroll={initialScroll}
          onSort={(id) => act.sort(id as Column, columnSpec(id as Column).numeric)}
          onFold={act.fold}
          onUnfold={act.unfold}
          onSelect={act.select}
          onOpen={act.reveal}
          onUndo={act.undoLayers}
          onScroll={act.rest}
        />
      )}
    </section>
  );
}

function tableColumns({ state, dashboard, source }: TableProps): readonly TableColumn[] {
  const { columns, sort, descending } = state.view;
  const context: CellContext = {
    scaleEnd: scaleEnd(source.largestShare),
    measured: dashboard.measured !== undefined,
    synthetic: isSynthetic(dashboard),
  };
  return columns.map((id) => {
    const { title, width, numeric, cell, tip } = columnSpec(id);
    return {
      id,
      title: title(context),
      width,
      numeric,
      sorted: sort !== id ? undefined : descending ? 'descending' : 'ascending',
      cell: (row) => cell(row, context),
      tip: (row) => tip?.(row, context),
    };
  });
}

function Toolbar({ state, dashboard, act, source }: ViewProps & TableProps) {
  const { filter, group, columns } = state.view;
  return (
    <div class="toolbar">
      <h2 id="layers">Layers</h2>
      <div class="filter">
        <TextField
          class="filter-field"
          label="Filter layers"
          placeholder="Filter: name, part:attention, role:query, >1%"
          tip={filterHelp}
          value={filter}
          problem={source.problem}
          onInput={act.setFilter}
        />
        {filter !== '' && (
          <button
            type="button"
            class="clear"
            aria-label="Clear the filter"
            onClick={() => act.setFilter('')}
          >
            ×
          </button>
        )}
      </div>
      <label class="condition">
        <span aria-hidden="true">group</span>
        <Dropdown
          class="group-by"
          label="Group layers by"
          value={group}
          options={Object.entries(groups).map(([value, title]) => ({ value, title }))}
          onChoose={(chosen) => act.group(chosen as RowQuery['group'])}
        />
      </label>
      <Menu title="Columns">
        {columnNames.map((column) => (
          <Checkbox
            key={column}
            checked={columns.includes(column)}
            disabled={column === 'name'}
            onToggle={(shown) => act.setColumn(column, shown, columnNames)}
          >
            {columnSpec(column).title({ scaleEnd: 1, measured: true, synthetic: false })}
          </Checkbox>
        ))}
      </Menu>
      <Button
        disabled={state.selected.size === 0}
        label={`Quantize ${layersText(state.selected.size)}…`}
        tip={
          state.selected.size === 0
            ? 'Select layers first'
            : `Chooses an action for ${layersText(state.selected.size)}`
        }
        onPress={() => act.addAction({ layers: [...state.selected] })}
      >
        Quantize…
      </Button>
      <Button onPress={() => act.exportProfile()}>Export…</Button>
      <span class="count">{countText({ state, dashboard, source })}</span>
      {source.problem && (
        <p class="problem" role="alert">
          {source.problem}
        </p>
      )}
    </div>
  );
}

const layersText = (count: number) => (count === 1 ? '1 layer' : `${formatExact(count)} layers`);

function countText({ state, dashboard, source }: TableProps) {
  const { layerCount, nodeCount } = dashboard;
  const { filter, group } = state.view;
  const counts = filter !== '' && group === 'none';
  const layers = counts
    ? `${formatExact(source.total)} of ${formatExact(layerCount)} layers`
    : `${formatExact(layerCount)} layers`;
  const data = isSynthetic(dashboard) ? ' · synthetic inputs' : '';
  const { size } = state.selected;
  // As short as the other, so that the toolbar stays one line.
  if (size > 1) return `${formatExact(size)} selected of ${layers}${data}`;
  return `${layers} · ${formatExact(nodeCount)} nodes${data}`;
}

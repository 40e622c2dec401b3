import { formatExact } from '../../src/base/format';
import type { Column, DashboardState, RowQuery } from '../../src/protocol/viewApi';
import { damageScale, probeColumn, telling } from '../damage';
import { Button, Checkbox, Dropdown, TextField } from '../kit';
import type { RowSource } from '../rows';
import { isProbeColumn, isSynthetic, type ViewSettings } from '../state';
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
  '>1%  >1ms  >1MB  >1M params  macs>1G  int4>0.001',
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
  const { sort, descending, sensitivityLinear } = state.view;
  const { sensitivity } = dashboard;
  const context: CellContext = {
    scaleEnd: scaleEnd(source.largestShare),
    measured: dashboard.measured !== undefined,
    synthetic: isSynthetic(dashboard),
    sensitivity,
    scale: sensitivity && damageScale(sensitivity, sensitivityLinear),
  };
  return shownColumns(state.view, dashboard).map((id) => {
    const { title, width, numeric, cell, tip, curve } = columnSpec(id);
    return {
      id,
      title: title(context),
      width,
      numeric,
      sorted: sort !== id ? undefined : descending ? 'descending' : 'ascending',
      cell: (row) => cell(row, context),
      tip: (row) => tip?.(row, context),
      curve,
    };
  });
}

/** Those that the reader chose; of the probes the one that says most until then. They stand before the recipe's column. */
function shownColumns(view: ViewSettings, { sensitivity }: DashboardState): readonly Column[] {
  const { columns } = view;
  const own = probeColumnsOf(view, sensitivity);
  const wanted = (sensitivity?.probes ?? []).flatMap(({ name }) =>
    own.includes(name) ? [probeColumn(name)] : [],
  );
  const fixed = columns.filter((column) => !isProbeColumn(column));
  const last = fixed.filter((column) => column === 'chosen');
  return [...fixed.filter((column) => column !== 'chosen'), ...wanted, ...last];
}

function probeColumnsOf(
  { probeColumns, probeColumnsChosen }: ViewSettings,
  sensitivity: DashboardState['sensitivity'],
): readonly string[] {
  if (probeColumnsChosen || !sensitivity) return probeColumns;
  const one = telling(sensitivity);
  return one === undefined ? [] : [one];
}

function Toolbar({ state, dashboard, act, source }: ViewProps & TableProps) {
  const { filter, group } = state.view;
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
      <ColumnMenu state={state} dashboard={dashboard} act={act} />
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

/** Which columns are shown; those of probes as far as there are figures. */
function ColumnMenu({ state, dashboard, act }: ViewProps) {
  const { view } = state;
  const { sensitivity } = dashboard;
  const own = probeColumnsOf(view, sensitivity);
  const context = { scaleEnd: 1, measured: true, synthetic: false, sensitivity };
  return (
    <Menu title="Columns">
      {columnNames.map((column) => (
        <Checkbox
          key={column}
          checked={view.columns.includes(column)}
          disabled={column === 'name'}
          onToggle={(shown) => act.setColumn(column, shown, columnNames)}
        >
          {columnSpec(column).title(context)}
        </Checkbox>
      ))}
      {sensitivity?.probes.map(({ name, title }) => (
        <Checkbox
          key={name}
          checked={own.includes(name)}
          onToggle={(shown) =>
            act.setView({
              probeColumnsChosen: true,
              probeColumns: [...own.filter((other) => other !== name), ...(shown ? [name] : [])],
            })
          }
        >
          {title}
        </Checkbox>
      ))}
    </Menu>
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

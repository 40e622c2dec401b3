import { scaleLinear } from 'd3-scale';
import { useMemo } from 'preact/hooks';
import { formatShare } from '../../src/base/format';
import { partNames, parts, type Part } from '../../src/base/terms';
import type { DashboardState } from '../../src/protocol/viewApi';
import { termOf } from '../filter';
import { blockMetricNames, blockMetrics, standardBlockMetric, type BlockMetric } from '../figures';
import { Dropdown } from '../kit';
import { isSynthetic } from '../state';
import { useRoving } from '../widgets/roving';
import type { ViewProps } from './props';
import './blocks.css';

type BlockState = NonNullable<DashboardState['blocks']>[number];

/** What every block costs, by part: one column a block, coloured from the paper's own colour to the highest figure. */
export function Blocks(props: ViewProps) {
  const { dashboard, act } = props;
  const { filter, blockMetric } = props.state.view;
  // Thousands of cells, which a selection does not concern.
  return useMemo(() => <Costs {...props} />, [dashboard, filter, blockMetric, act]);
}

function Costs({ state, dashboard, act }: ViewProps) {
  const blocks = dashboard.blocks ?? [];
  const rows = partNames.filter((part) => blocks.some((block) => block.byPart[part]));
  const metric = state.view.blockMetric ?? standardBlockMetric(dashboard);
  // One block is the whole: there is nothing to compare it with.
  if (blocks.length < 2 || rows.length === 0) return null;
  const figures = blocks.flatMap((block) => rows.map((part) => figureOf(block, part, metric) ?? 0));
  const highest = Math.max(...figures);
  const total = figures.reduce((sum, figure) => sum + figure, 0);
  const synthetic = metric === 'timeMs' && isSynthetic(dashboard);
  return (
    <section aria-labelledby="blocks">
      <div class="section-head">
        <h2 id="blocks">Blocks</h2>
        <span class="quiet">{synthetic ? 'times from synthetic inputs' : ''}</span>
        <div class="ramp">
          <span>0</span>
          <i />
          <span>{blockMetrics[metric].format(highest > 0 ? highest : null)}</span>
        </div>
        <Dropdown
          class="metric"
          label="Colour of the blocks"
          value={metric}
          options={blockMetricNames.map((value) => ({ value, title: blockMetrics[value].title }))}
          onChoose={(chosen) => act.setBlockMetric(chosen as BlockMetric)}
        />
      </div>
      <Strip
        blocks={blocks}
        rows={rows}
        metric={metric}
        highest={highest}
        total={total}
        filter={state.view.filter}
        onPress={(block, part) => act.toggleFilter({ block: String(block), part })}
      />
    </section>
  );
}

function figureOf(block: BlockState, part: Part, metric: BlockMetric): number | null {
  const cell = block.byPart[part];
  return cell ? blockMetrics[metric].of(cell) : null;
}

interface StripProps {
  readonly blocks: readonly BlockState[];
  readonly rows: readonly Part[];
  readonly metric: BlockMetric;
  readonly highest: number;
  /** Over all blocks. */
  readonly total: number;
  readonly filter: string;
  readonly onPress: (block: number, part: Part) => void;
}

function Strip({ blocks, rows, metric, highest, total, filter, onPress }: StripProps) {
  const level = scaleLinear([0, highest || 1], [0, 100]).clamp(true);
  const places = rows.flatMap((part, row) =>
    blocks.flatMap((block, at) => (block.byPart[part] ? [{ row, at }] : [])),
  );
  const mark = useRoving(places);
  const chosen = { block: termOf(filter, 'block'), part: termOf(filter, 'part')?.toLowerCase() };
  const { title } = blockMetrics[metric];
  // Labels of 96 blocks would run into one another; every column still says its number in its tip.
  const step = Math.ceil(blocks.length / 48);
  return (
    <div
      class="strip"
      role="grid"
      aria-label={`${title} of each block by part`}
      data-roving
      style={{ '--blocks': blocks.length }}
    >
      <div class="strip-row" role="row">
        <span role="columnheader" class="strip-corner">
          <span class="hidden-text">part</span>
        </span>
        {blocks.map((block, index) => (
          <span role="columnheader" class="strip-number" key={block.id}>
            <span class="hidden-text">block </span>
            {index % step === 0 ? block.index : <span class="hidden-text">{block.index}</span>}
          </span>
        ))}
      </div>
      {rows.map((part, row) => (
        <div class={`strip-row part-${part}`} role="row" key={part}>
          <span role="rowheader" class="strip-title">
            {parts[part].toLowerCase()}
          </span>
          {blocks.map((block, at) => {
            const figure = figureOf(block, part, metric);
            if (!block.byPart[part]) return <span role="gridcell" key={block.id} />;
            const tip = cellTip(block, part, metric, total);
            return (
              <span role="gridcell" class="strip-cell" key={block.id}>
                <button
                  type="button"
                  class="heat"
                  style={{ '--level': `${level(figure ?? 0)}%` }}
                  data-unknown={figure === null}
                  data-tip={tip}
                  aria-label={tip.replaceAll('\n', ', ')}
                  aria-pressed={chosen.block === String(at) && chosen.part === part.toLowerCase()}
                  onClick={() => onPress(at, part)}
                  {...mark({ row, at })}
                >
                  <i />
                </button>
              </span>
            );
          })}
        </div>
      ))}
    </div>
  );
}

function cellTip(block: BlockState, part: Part, metric: BlockMetric, total: number): string {
  const { title, format } = blockMetrics[metric];
  const figure = figureOf(block, part, metric);
  const share = figure === null || total === 0 ? null : figure / total;
  return [
    `${parts[part]}, block ${block.index}`,
    `${title} ${format(figure)}, ${formatShare(share)} of all blocks`,
    block.name,
  ].join('\n');
}

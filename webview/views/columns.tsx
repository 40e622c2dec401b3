import {
  formatBytes,
  formatCount,
  formatFactor,
  formatMs,
  formatShare,
  formatSmall,
} from '../../src/base/format';
import { parts } from '../../src/base/terms';
import { printable } from '../../src/base/text';
import type { Chosen } from '../../src/protocol/recipeView';
import type { SensitivityView } from '../../src/protocol/sensitivity';
import type { Column, ProbeColumn, Row } from '../../src/protocol/viewApi';
import { cellTip, shortProbe, type DamageScale } from '../damage';
import { isProbeColumn } from '../state';
import { Icon } from '../widgets/icon';
import { ShareBar } from '../widgets/shareBar';
import { Level } from './damageTables';

/** What a cell needs to know besides its row. */
export interface CellContext {
  /** The share that fills a bar. */
  readonly scaleEnd: number;
  readonly measured: boolean;
  readonly synthetic: boolean;
  readonly sensitivity?: SensitivityView | undefined;
  readonly scale?: DamageScale | undefined;
}

interface ColumnSpec {
  readonly title: (context: CellContext) => string;
  /** In pixels; 0 takes what the others leave. */
  readonly width: number;
  readonly numeric: boolean;
  readonly cell: (row: Row, context: CellContext) => preact.ComponentChildren;
  readonly tip?: (row: Row, context: CellContext) => string | undefined;
  /** Id of a layer whose curve stands under the tip. */
  readonly curve?: (row: Row) => string | undefined;
}

/** The columns of the layer table, in their order. */
const columns = {
  name: {
    title: () => 'layer',
    width: 0,
    numeric: false,
    cell: (row) => <NameCell row={row} />,
    tip: (row) => (row.part ? `${printable(row.name)}\n${parts[row.part]}` : printable(row.name)),
  },
  role: { title: () => 'role', width: 90, numeric: false, cell: (row) => quiet(row.role ?? '') },
  op: { title: () => 'operator', width: 132, numeric: false, cell: (row) => quiet(row.op) },
  weights: {
    title: () => 'weights',
    width: 128,
    numeric: false,
    cell: (row) => quiet(row.weights),
    tip: (row) => row.weights || undefined,
  },
  parameters: {
    title: () => 'parameters',
    width: 106,
    numeric: true,
    cell: (row) => figure(row.parameters, formatCount),
  },
  weightBytes: {
    title: () => 'bytes',
    width: 88,
    numeric: true,
    cell: (row) => figure(row.weightBytes, formatBytes),
  },
  macs: {
    title: () => 'MACs',
    width: 78,
    numeric: true,
    cell: (row) => figure(row.macs, formatCount),
  },
  activationBytes: {
    title: () => 'activations',
    width: 96,
    numeric: true,
    cell: (row) => figure(row.activationBytes, formatBytes),
  },
  timeMs: {
    title: () => 'time',
    width: 82,
    numeric: true,
    cell: (row) => figure(row.timeMs, formatMs),
    tip: (row, context) => timeTip(row, context),
  },
  share: {
    title: ({ measured }) => (measured ? 'share of time' : 'share of MACs'),
    width: 128,
    numeric: true,
    cell: (row, { scaleEnd }) => (
      <span class="share">
        <ShareBar share={row.share} end={scaleEnd} colour={row.part ? `part-${row.part}` : ''} />
        <span class="share-text">{figure(row.share, formatShare)}</span>
      </span>
    ),
    tip: (row, { synthetic }) =>
      row.share !== null && synthetic ? 'Measured on synthetic inputs' : undefined,
  },
  chosen: {
    title: () => 'recipe',
    width: 92,
    numeric: false,
    cell: ({ chosen }) =>
      chosen && (
        <>
          {chosen.label} {chosen.factor !== null && quiet(formatFactor(chosen.factor))}
        </>
      ),
    tip: ({ chosen }) => (chosen ? chosenTip(chosen) : undefined),
  },
} as const satisfies Record<Exclude<Column, ProbeColumn>, ColumnSpec>;

export const columnNames = Object.keys(columns) as readonly Exclude<Column, ProbeColumn>[];

export const columnSpec = (column: Column): ColumnSpec =>
  isProbeColumn(column) ? probeSpec(column.slice('probe:'.length)) : columns[column];

/** What a probe does to each layer; the recipe's column is to stay the last one. */
const probeSpec = (probe: string): ColumnSpec => ({
  title: ({ sensitivity }) => shortProbe(titleOf(probe, sensitivity)),
  width: 104,
  numeric: true,
  cell: ({ damage, kind }, { scale }) => {
    const cell = damage[probe];
    if (!cell) return kind === 'group' ? '' : quiet(formatSmall(null));
    if (kind === 'group') return quiet(`Σ ${formatSmall(cell.damage)}`);
    return (
      <>
        {scale && <Level level={scale.levelOf(cell.damage)} />}
        {formatSmall(cell.damage)}
      </>
    );
  },
  tip: ({ name, kind, damage }, { sensitivity }) => {
    const cell = damage[probe];
    if (!sensitivity || !cell) return undefined;
    const title = titleOf(probe, sensitivity);
    const text = cellTip(sensitivity, name, title, cell);
    return kind === 'group'
      ? `${text}\nSum of what each of its layers does by itself: an estimate`
      : text;
  },
  curve: ({ kind, id, damage }) => (kind === 'layer' && damage[probe] ? id : undefined),
});

const titleOf = (probe: string, sensitivity: SensitivityView | undefined): string =>
  sensitivity?.probes.find(({ name }) => name === probe)?.title ?? probe;

const quiet = (text: string) => <span class="quiet">{text}</span>;

/** A zero is a fact, but one to look past; what is not known is a dash. */
const figure = (value: number | null, format: (value: number | null) => string) =>
  value === 0 ? quiet('0') : format(value);

/** The end of a long dotted name tells layers apart: where room is short its beginning goes first. */
function NameCell({ row }: { readonly row: Row }) {
  const name = printable(row.name);
  const dot = row.kind === 'layer' ? name.lastIndexOf('.') : -1;
  return (
    <span class="name" style={{ paddingLeft: `${row.depth * 14}px` }}>
      {row.kind === 'group' ? (
        <Icon name={row.collapsed ? 'chevronRight' : 'chevronDown'} />
      ) : (
        <i class={`tick part-${row.part ?? 'other'}`} />
      )}
      {dot > 0 && <span class="name-module">{name.slice(0, dot)}</span>}
      <span class="name-own">{dot > 0 ? name.slice(dot) : name}</span>
    </span>
  );
}

function chosenTip({ title, steps, factor }: Chosen): string {
  const at = steps.map((step) => step + 1).join(' and ');
  const smaller = factor === null ? '' : `, weights ${formatFactor(factor)} smaller`;
  return `${title}${smaller}\nStep ${at} of the recipe`;
}

const outcomes = {
  same: undefined,
  fused: 'Optimised, it runs fused',
  removed: 'Optimised, it is folded away',
  unknown: 'What runs instead when optimised could not be told',
} as const;

function timeTip(row: Row, { synthetic }: CellContext): string | undefined {
  if (row.timeMs === null) return undefined;
  const outcome = row.ran ? outcomes[row.ran.how] : undefined;
  const ops = row.ran?.ops.length ? `: ${row.ran.ops.join(', ')}` : '';
  return [
    `${formatMs(row.timeMs)}, median, optimisations off`,
    synthetic ? 'Measured on synthetic inputs' : '',
    outcome ? `${outcome}${ops}` : '',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

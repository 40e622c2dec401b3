import { formatBytes, formatCount, formatMs, formatShare } from '../../src/base/format';
import { parts } from '../../src/base/terms';
import type { Column, Row } from '../../src/protocol/viewApi';
import { Icon } from '../widgets/icon';
import { ShareBar } from '../widgets/shareBar';

/** What a cell needs to know besides its row. */
export interface CellContext {
  readonly scaleEnd: number;
  readonly measured: boolean;
  readonly synthetic: boolean;
}

interface ColumnSpec {
  readonly title: (context: CellContext) => string;
  /** In pixels; 0 takes what the others leave. */
  readonly width: number;
  readonly numeric: boolean;
  readonly cell: (row: Row, context: CellContext) => preact.ComponentChildren;
  readonly tip?: (row: Row, context: CellContext) => string | undefined;
}

/** The columns of the layer table, in their order. */
export const columns = {
  name: {
    title: () => 'layer',
    width: 0,
    numeric: false,
    cell: (row) => <NameCell row={row} />,
    tip: (row) => (row.part ? `${row.name}\n${parts[row.part]}` : row.name),
  },
  role: {
    title: () => 'role',
    width: 84,
    numeric: false,
    cell: (row) => <Quiet text={row.role ?? ''} />,
  },
  op: {
    title: () => 'operator',
    width: 132,
    numeric: false,
    cell: (row) => <Quiet text={row.op} />,
  },
  weights: {
    title: () => 'weights',
    width: 112,
    numeric: false,
    cell: (row) => <Quiet text={row.weights} />,
    tip: (row) => row.weights || undefined,
  },
  parameters: {
    title: () => 'parameters',
    width: 88,
    numeric: true,
    cell: (row) => formatCount(row.parameters),
  },
  weightBytes: {
    title: () => 'bytes',
    width: 76,
    numeric: true,
    cell: (row) => formatBytes(row.weightBytes),
  },
  macs: { title: () => 'MACs', width: 72, numeric: true, cell: (row) => formatCount(row.macs) },
  activationBytes: {
    title: () => 'activations',
    width: 84,
    numeric: true,
    cell: (row) => formatBytes(row.activationBytes),
  },
  timeMs: {
    title: () => 'time',
    width: 80,
    numeric: true,
    cell: (row) => formatMs(row.timeMs),
    tip: (row, context) => timeTip(row, context),
  },
  share: {
    title: ({ measured }) => (measured ? 'share of time' : 'share of MACs'),
    width: 152,
    numeric: true,
    cell: (row, { scaleEnd }) => (
      <span class="share">
        <ShareBar share={row.share} end={scaleEnd} colour={row.part ? `part-${row.part}` : ''} />
        <span class="share-text">{formatShare(row.share)}</span>
      </span>
    ),
  },
} as const satisfies Record<Column, ColumnSpec>;

export const columnNames = Object.keys(columns) as readonly Column[];

export const columnSpec = (column: Column): ColumnSpec => columns[column];

const Quiet = ({ text }: { readonly text: string }) => <span class="quiet">{text}</span>;

/** The end of a long dotted name tells layers apart: where room is short its beginning goes first. */
function NameCell({ row }: { readonly row: Row }) {
  const dot = row.kind === 'layer' ? row.name.lastIndexOf('.') : -1;
  return (
    <span class="name" style={{ paddingLeft: `${row.depth * 14}px` }}>
      {row.kind === 'group' ? (
        <Icon name={row.collapsed ? 'chevronRight' : 'chevronDown'} />
      ) : (
        <i class={`tick part-${row.part ?? 'other'}`} />
      )}
      {dot > 0 && <span class="name-module">{row.name.slice(0, dot)}</span>}
      <span class="name-own">{dot > 0 ? row.name.slice(dot) : row.name}</span>
    </span>
  );
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

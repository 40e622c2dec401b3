import type { Inspection, Profile } from '../../protocol/types';
import { layerTable, weightsText, type Entry } from '../table';
import { layerTime } from '../times';

export type Cell = string | number | null;

const columns: Readonly<
  Record<string, (entry: Entry, inspection: Inspection, profile?: Profile) => Cell>
> = {
  id: ({ layer }) => layer.id,
  name: ({ layer }) => layer.name,
  part: ({ layer }) => layer.part,
  role: ({ layer }) => layer.role,
  op: ({ layer }) => layer.op,
  block: ({ layer }) => layer.block,
  weights: ({ layer }, inspection) => weightsText(inspection, layer),
  parameters: ({ layer }) => layer.parameters,
  weight_bytes: ({ layer }) => layer.weightBytes,
  macs: ({ layer }) => layer.macs,
  activation_bytes: ({ layer }) => layer.activationBytes,
  time_ms: ({ figures }) => figures.timeMs,
  time_p10_ms: ({ layer }, _, profile) => layerTime(profile, layer.id)?.p10 ?? null,
  time_p90_ms: ({ layer }, _, profile) => layerTime(profile, layer.id)?.p90 ?? null,
  share: ({ figures }) => figures.share,
  ran: ({ ran }) => ran?.how ?? null,
  ran_as: ({ ran }) => ran?.ops.join(' ') ?? null,
  nodes: ({ layer }) => layer.nodes.length,
  tied_to: ({ layer }) => layer.tiedTo,
  data: (_, __, profile) => profile?.measured.data ?? null,
};

/**
 * One line per layer in the order of the file, a header above (RFC 4180). What is not known is an empty cell. With a profile the last
 * line is the time that no layer accounts for, so that `time_ms` adds up to the plain run.
 */
export function writeCsv(inspection: Inspection, profile?: Profile): string {
  const { entries } = layerTable(inspection, profile);
  const rows: Cell[][] = entries.map((entry) =>
    Object.values(columns).map((cell) => cell(entry, inspection, profile)),
  );
  const rest = profile?.measured.unattributedMs;
  if (rest !== undefined && rest !== null) {
    const cells: Record<string, Cell> = { name: '(unattributed)', time_ms: rest };
    rows.push(Object.keys(columns).map((column) => cells[column] ?? null));
  }
  return csvText([Object.keys(columns), ...rows]);
}

/** Rows as RFC 4180 has them, the header first. */
export function csvText(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

/** Quoted where it must be. Text that a spreadsheet would run as a formula gets an apostrophe in front: names come from the file. */
function csvCell(value: Cell): string {
  if (value === null) return '';
  // Six digits are more than any clock here has; the rest is how binary fractions print.
  if (typeof value === 'number') {
    return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
  }
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

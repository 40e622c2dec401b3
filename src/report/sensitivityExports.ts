import type { Sensitivity } from '../protocol/sensitivity';
import { csvText } from './exports/csv';

/** One line for each layer and probe. */
export function sensitivityCsv({ layers, metric, data, samples }: Sensitivity): string {
  const header = [
    'layer',
    'part',
    'role',
    'block',
    'probe',
    metric.name,
    'low',
    'high',
    'samples',
    'data',
  ];
  const rows = layers.map((row) => [
    ...[row.id, row.part, row.role, row.block, row.probe],
    ...[row.damage, row.low, row.high, row.samples || samples, data],
  ]);
  return csvText([header, ...rows]);
}

export function sensitivityJson(sensitivity: Sensitivity): string {
  return `${JSON.stringify(sensitivity, null, 2)}\n`;
}

/** The formats that a sweep is exported to. */
export const sensitivityFormats = {
  csv: {
    title: 'Sensitivity as CSV',
    about: 'One line for each layer and way of compressing it, with its interval.',
    extension: '.sensitivity.csv',
    write: sensitivityCsv,
  },
  json: {
    title: 'Sensitivity as JSON',
    about: 'What featherweight sensitivity prints with --json.',
    extension: '.sensitivity.json',
    write: sensitivityJson,
  },
} as const;

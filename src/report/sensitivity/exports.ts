import type { Sensitivity } from '../../protocol/sensitivity';
import { csvText } from '../exports/csv';

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

/** Ids of the layers that any of the probes hurts more than `limit`, in the order of the model. */
export function layersAbove({ layers, probes }: Sensitivity, limit: number): string[] {
  const own = new Set(probes.flatMap(({ name, unit }) => (unit === 'layer' ? name : [])));
  const above = layers.filter(({ probe, damage }) => own.has(probe) && damage > limit);
  return [...new Set(above.map(({ id }) => id))];
}

/** What to put into the `targets` of a recipe's step so that it leaves those layers as they are. */
export function sensitivityExcept(sensitivity: Sensitivity, limit: number): string {
  const layers = layersAbove(sensitivity, limit);
  return `${JSON.stringify({ except: layers.length > 0 ? [{ layers }] : [] }, null, 2)}\n`;
}

/** An id a line, for other programs. */
export function sensitivityIds(sensitivity: Sensitivity, limit: number): string {
  return layersAbove(sensitivity, limit)
    .map((id) => `${id}\n`)
    .join('');
}

/** Lists of the layers that suffer more than a limit, which is asked for. */
export const exclusionFormats = {
  except: {
    title: 'Layers to leave out, for a recipe',
    about: 'What a step’s targets take to leave those above a damage as they are.',
    extension: '.except.json',
    write: sensitivityExcept,
  },
  ids: {
    title: 'Layers to leave out, as a list',
    about: 'An id a line of those above a damage.',
    extension: '.except.txt',
    write: sensitivityIds,
  },
} as const;

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

import { printable } from '../../base/text';
import type { RankStability, Sensitivity, SensitivityRow } from '../../protocol/sensitivity';
import { csvText, type Cell } from '../exports/csv';
import { listed } from '../facts';
import { stabilityText } from './stability';
import { standsOn } from './view';

interface Line {
  readonly row: SensitivityRow;
  readonly sensitivity: Sensitivity;
  readonly stability: RankStability | undefined;
}

/** What follows `damage`, whose column is called by its metric. */
const columns = {
  low: ({ row }) => row.low,
  high: ({ row }) => row.high,
  samples: ({ row, sensitivity }) => row.samples || sensitivity.samples,
  data: ({ sensitivity }) => sensitivity.data,
  settled: ({ row }) => String(row.settled),
  tier: ({ sensitivity }) => sensitivity.tier,
  stability: ({ stability }) => stability?.spearman ?? null,
  stability_low: ({ stability }) => stability?.low ?? null,
  stability_high: ({ stability }) => stability?.high ?? null,
  model: ({ sensitivity }) => sensitivity.model.sha256,
} as const satisfies Record<string, (line: Line) => Cell>;

/** One line for each layer and probe, with all that its figure stands on; `stability` is its probe's. */
export function sensitivityCsv(sensitivity: Sensitivity): string {
  const { layers, metric, stability } = sensitivity;
  const header = ['layer', 'part', 'role', 'block', 'probe', metric.name, ...Object.keys(columns)];
  const rows = layers.map((row): Cell[] => {
    const own = stability.find(({ probe }) => probe === row.probe);
    const cells = Object.values(columns).map((cell) => cell({ row, sensitivity, stability: own }));
    return [row.id, row.part, row.role, row.block, row.probe, row.damage, ...cells];
  });
  return csvText([header, ...rows]);
}

export function sensitivityJson(sensitivity: Sensitivity): string {
  return `${JSON.stringify(sensitivity, null, 2)}\n`;
}

/** Ids of the layers that any of the probes hurts more than `limit`, in the order of the model, and then those that one of them breaks. */
function layersAbove({ layers, probes, skipped }: Sensitivity, limit: number): string[] {
  const own = new Set(probes.flatMap(({ name, unit }) => (unit === 'layer' ? name : [])));
  const above = layers.flatMap(({ id, probe, damage }) =>
    own.has(probe) && damage > limit ? id : [],
  );
  const broken = skipped.flatMap(({ layer, brokenBy = '' }) => (own.has(brokenBy) ? layer : []));
  return [...new Set([...above, ...broken])];
}

/** What to put into the `targets` of a recipe's step so that it leaves those layers as they are, and a note for the step on why. */
export function sensitivityExcept(sensitivity: Sensitivity, limit: number): string {
  const layers = layersAbove(sensitivity, limit);
  const except = layers.length > 0 ? [{ layers }] : [];
  return `${JSON.stringify({ note: exclusionBasis(sensitivity, limit), except }, null, 2)}\n`;
}

/** An id a line, for other programs. */
export function sensitivityIds(sensitivity: Sensitivity, limit: number): string {
  return layersAbove(sensitivity, limit)
    .map((id) => `${id}\n`)
    .join('');
}

/** "Above 0.001 under 4-bit weights: KL divergence, 64 samples of dev.npz. Rankings by two halves …": what a list of exclusions stands on. */
export function exclusionBasis(sensitivity: Sensitivity, limit: number): string {
  const ways = sensitivity.probes.flatMap(({ title, unit }) => (unit === 'layer' ? title : []));
  const more = [
    sensitivity.tier === 'adaptive' ? 'Samples were spent where the ranking was open.' : undefined,
    sensitivity.complete ? undefined : 'The sweep is not complete.',
    stabilityText(sensitivity),
  ].filter((text) => text !== undefined);
  const above = `Above ${limit} under ${listed(ways, ways.length)}: ${standsOn(sensitivity)}.`;
  return [above, ...more].join(' ');
}

/** As a file: the basis first, as a comment. */
function sensitivityIdsFile(sensitivity: Sensitivity, limit: number): string {
  return `# ${printable(exclusionBasis(sensitivity, limit), 1000)}\n${sensitivityIds(sensitivity, limit)}`;
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
    about: 'An id a line of those above a damage, below a line on what that stands on.',
    extension: '.except.txt',
    write: sensitivityIdsFile,
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

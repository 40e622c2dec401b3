import type { Inspection, Profile } from '../protocol/types';
import { writeCsv } from './exports/csv';
import { writeHtml } from './exports/html';
import { writeModelExplorer } from './exports/modelExplorer';
import { writeNetron } from './exports/netron';
import { mergeProfile } from './merge';

/** A file that figures can be exported to. */
export interface ExportFormat {
  readonly title: string;
  /** One sentence for whoever chooses. */
  readonly about: string;
  /** What the file's name ends with, after the model's own name. */
  readonly extension: string;
  readonly write: (inspection: Inspection, profile?: Profile) => string;
}

/** Every format that a model's figures are exported to, counted or measured. */
export const exports = {
  csv: {
    title: 'CSV',
    about: 'One line per layer, for a spreadsheet.',
    extension: '.csv',
    write: writeCsv,
  },
  json: {
    title: 'JSON',
    about: 'Everything that is known, for programs: what the command line prints with --json.',
    extension: '.json',
    write: writeJson,
  },
  html: {
    title: 'HTML report',
    about: 'One page that needs nothing else, to read, print or send.',
    extension: '.html',
    write: writeHtml,
  },
  netron: {
    title: 'Netron attachment',
    about: 'Figures beside every node in Netron: open it there on top of the model.',
    extension: '.netron.json',
    write: writeNetron,
  },
  modelExplorer: {
    title: 'Model Explorer node data',
    about: "Colours Model Explorer's graph by time, or by MACs until the model is measured.",
    extension: '.nodedata.json',
    write: writeModelExplorer,
  },
} satisfies Record<string, ExportFormat>;

export type ExportName = keyof typeof exports;

/** `featherweight inspect --json`, or `featherweight profile --json` where there is a profile. */
function writeJson(inspection: Inspection, profile?: Profile): string {
  const content = profile ? mergeProfile(inspection, profile) : inspection;
  return `${JSON.stringify(content, null, 2)}\n`;
}

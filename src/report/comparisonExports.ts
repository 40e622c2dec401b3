import type { Comparison } from '../protocol/build';
import { writeComparisonHtml } from './exports/comparisonHtml';
import { writeComparisonMarkdown } from './exports/comparisonMarkdown';

/** A file that a comparison can be written to. */
export interface ComparisonFormat {
  readonly title: string;
  /** One sentence for whoever chooses. */
  readonly about: string;
  /** What the file's name ends with. */
  readonly extension: string;
  readonly write: (comparison: Comparison) => string;
}

/** Every format that a comparison is written to. */
export const comparisonExports = {
  html: {
    title: 'HTML report',
    about: 'One page that needs nothing else, to read, print or send.',
    extension: '.html',
    write: writeComparisonHtml,
  },
  markdown: {
    title: 'Markdown',
    about: 'Tables for a pull request or a note.',
    extension: '.md',
    write: writeComparisonMarkdown,
  },
  json: {
    title: 'JSON',
    about: 'Everything that is known, for programs: what the command line prints with --json.',
    extension: '.json',
    write: (comparison) => `${JSON.stringify(comparison, null, 2)}\n`,
  },
} as const satisfies Record<string, ComparisonFormat>;

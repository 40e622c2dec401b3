import type { ByteSource } from '../../base/bytes';
import { UserError } from '../../base/errors';
import { quoted } from '../../base/quote';
import { range } from './dataset';
import { loadCsv } from './lazy';
import { textRecords, type TextRecord } from './records';
import type { FieldSource } from './texts';

/** A line of a CSV file. */
export interface Row {
  readonly line: number;
  /** As many as the first line has. */
  readonly fields: readonly string[];
}

/** The lines of a CSV file below its header, read when somebody asks. */
export interface CsvFile {
  readonly name: string;
  /** The columns' names; undefined in files without a header. */
  readonly header: readonly string[] | undefined;
  /** Columns of the file. */
  readonly width: number;
  readonly count: number;
  at(places: readonly number[]): readonly Row[];
}

/** Tried in this order; the one that is there most often in the first line counts. */
const delimiters = [',', ';', '\t'];

/** The parser's reasons, in a person's words. */
const reasons: Readonly<Record<string, string>> = {
  INVALID_OPENING_QUOTE: 'has a quote inside a field that does not begin with one',
  CSV_INVALID_CLOSING_QUOTE: 'has text after a closing quote',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'has text after a closing quote',
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is not closed',
};

/**
 * Opens a CSV file (RFC 4180; commas, semicolons or tabs). Its first line is a header where none of its fields is a number. Throws
 * `badInput` for a file that is empty, and, when it is asked for, for a line that cannot be read or has another number of fields.
 */
export function openCsv(source: ByteSource, name: string): CsvFile {
  const records = textRecords(source, { quoted: true });
  const [first] = records.count > 0 ? records.at([0]) : [];
  if (!first) throw new UserError('badInput', `${name} has no lines.`);
  const delimiter = delimiterOf(first.text);
  const top = parse(first, delimiter, name);
  const isHeader = top.every((field) => field.trim() !== '' && Number.isNaN(Number(field)));
  const header = isHeader ? top.map((field) => field.trim()) : undefined;
  if (header) checkHeader(header, name);
  const skipped = Number(isHeader);
  if (records.count === skipped) {
    throw new UserError('badInput', `${name} has no lines below its header.`);
  }
  return {
    ...{ name, header, width: top.length, count: records.count - skipped },
    at: (places) =>
      records.at(places.map((place) => place + skipped)).map((record) => {
        const fields = parse(record, delimiter, name);
        if (fields.length === top.length) return { line: record.line, fields };
        throw new UserError(
          'badInput',
          `Line ${record.line} of ${name} has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}; the first line has ${top.length}.`,
        );
      }),
  };
}

/** A column as messages call it: by its name, or by its place counted from 1. */
export const columnName = ({ header }: CsvFile, column: number): string =>
  header ? `column ${quoted(header[column] ?? '')}` : `column ${column + 1}`;

/** Rows as samples with named fields. */
export function rowFields(file: CsvFile): FieldSource {
  const { header = range(0, file.width).map(String) } = file;
  return {
    count: file.count,
    at: (places) =>
      file.at(places).map(({ line, fields }) => ({
        line,
        fields: Object.fromEntries(header.map((column, at) => [column, fields[at]])),
      })),
  };
}

function delimiterOf(line: string): string {
  const plain = line.replace(/"[^"]*"/g, '');
  const counts = delimiters.map((each) => plain.split(each).length);
  return delimiters[counts.indexOf(Math.max(...counts))] ?? ',';
}

function parse({ line, text }: TextRecord, delimiter: string, name: string): string[] {
  try {
    // Most lines have no quotes, and splitting is many times as fast as parsing.
    if (!text.includes('"')) return text.split(delimiter);
    const [fields = []] = loadCsv().parse(text, { delimiter, relax_column_count: true });
    return fields;
  } catch (error) {
    const { code = '' } = error as { code?: string };
    throw new UserError(
      'badInput',
      `Line ${line} of ${name} ${reasons[code] ?? 'cannot be read as CSV'}.`,
    );
  }
}

function checkHeader(header: readonly string[], name: string): void {
  const twice = header.find((column, at) => header.indexOf(column) !== at);
  if (twice === undefined) return;
  throw new UserError('badInput', `${name} has two columns of the name ${quoted(twice)}.`);
}

import { messageOf } from '../src/base/errors';
import type { Row, RowPage, RowQuery } from '../src/protocol/viewApi';
import type { TableQuery } from './state';

/** Rows are fetched and kept in pages of this many: two or three screens of a large window. */
const pageSize = 128;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The rows of the table as far as they are known here. */
export interface RowSource {
  /** Rows in all; undefined until the first answer. */
  readonly total: number | undefined;
  /** What is wrong with the filter, or why rows could not be had. */
  readonly problem: string | undefined;
  /** The largest share among the rows seen under this query: the scale of the share bars. */
  readonly largestShare: number;
  at(index: number): Row | undefined;
  /** Says which rows are to be shown; missing ones are fetched. Only the latest range counts. */
  want(start: number, end: number): void;
  /** Where a layer's row is once these groups are unfolded; undefined where the query leaves it out. */
  find(id: string): Promise<RowPage['found']>;
  /** The rows of a range, fetched where need be; fewer where they cannot be had. */
  load(start: number, end: number): Promise<readonly Row[]>;
  /** Another question: rows on show stay until the answer is there. */
  ask(query: TableQuery): void;
  /** The same question, but the figures may have changed. */
  refresh(): void;
}

/**
 * Fetches rows by range. At most one request is under way for what is on show; what scrolls by while it is answered is never asked for,
 * so dragging the scroll bar over 10,000 rows costs a handful of requests.
 */
export function createRowSource(
  fetch: (query: RowQuery) => Promise<RowPage>,
  changed: () => void,
): RowSource {
  const pages = createPages();
  let query: TableQuery | undefined;
  let wanted: Range = { start: 0, end: pageSize };
  let underWay = false;
  /** A version that could not be had is not asked for again, or a broken answer would be asked for without end. */
  let failed = -1;
  let problem: string | undefined;

  async function request(range: Range): Promise<void> {
    if (!query) return;
    const asked = pages.version;
    try {
      const page = await fetch({ ...query, ...range });
      if (asked !== pages.version) return;
      pages.keep(page, range);
      problem = page.problem;
    } catch (error) {
      if (asked !== pages.version) return;
      failed = asked;
      problem = messageOf(error);
    }
  }

  const missing = (range: Range) =>
    query && failed !== pages.version ? pages.missing(range) : undefined;

  async function pump(): Promise<void> {
    if (underWay) return;
    underWay = true;
    for (let range = missing(wanted); range; range = missing(wanted)) {
      await request(range);
      changed();
    }
    underWay = false;
  }

  async function load(start: number, end: number): Promise<readonly Row[]> {
    const all = { start, end };
    for (let range = missing(all); range; range = missing(all)) await request(range);
    const last = Math.min(end, pages.total ?? 0);
    const indices = Array.from({ length: Math.max(0, last - start) }, (_, i) => start + i);
    return indices.flatMap((index) => pages.at(index) ?? []);
  }

  return {
    get total() {
      return pages.total;
    },
    get problem() {
      return problem;
    },
    get largestShare() {
      return pages.largestShare;
    },
    at: pages.at,
    want(start, end) {
      wanted = { start, end };
      void pump();
    },
    load,
    async find(id) {
      if (!query) return undefined;
      const page = await fetch({ ...query, start: 0, end: 0, find: id });
      return page.found;
    },
    ask(next) {
      if (JSON.stringify(next) === JSON.stringify(query)) return;
      query = next;
      pages.outdate();
      pages.replaceOnArrival();
      void pump();
    },
    refresh() {
      pages.outdate();
      void pump();
    },
  };
}

interface Page {
  readonly rows: readonly Row[];
  readonly version: number;
}

/** Pages by number. Outdated ones are shown until newer ones are there. */
function createPages() {
  const pages = new Map<number, Page>();
  let version = 0;
  let total: number | undefined;
  let totalVersion = -1;
  let replaces = false;
  let largestShare = 0;

  const isFresh = (page: number) => pages.get(page)?.version === version;

  function makeRoom(newTotal: number) {
    const last = replaces ? 0 : Math.ceil(newTotal / pageSize);
    for (const page of [...pages.keys()]) if (page >= last) pages.delete(page);
    if (replaces) largestShare = 0;
    replaces = false;
  }

  return {
    get version() {
      return version;
    },
    get total() {
      return total;
    },
    get largestShare() {
      return largestShare;
    },
    at: (index: number) => pages.get(Math.floor(index / pageSize))?.rows[index % pageSize],
    /** The run of pages inside the range that has to be fetched, as rows. */
    missing({ start, end }: Range): Range | undefined {
      const known = totalVersion === version ? (total ?? end) : end;
      const last = Math.ceil(Math.min(end, known) / pageSize);
      let from = Math.floor(Math.max(0, start) / pageSize);
      while (from < last && isFresh(from)) from++;
      let to = last;
      while (to > from && isFresh(to - 1)) to--;
      return from < to ? { start: from * pageSize, end: to * pageSize } : undefined;
    },
    keep(answer: RowPage, range: Range) {
      makeRoom(answer.total);
      total = answer.total;
      totalVersion = version;
      for (let start = range.start; start < range.end; start += pageSize) {
        const rows = answer.rows.slice(start - range.start, start - range.start + pageSize);
        pages.set(start / pageSize, { rows, version });
      }
      for (const row of answer.rows) largestShare = Math.max(largestShare, row.share ?? 0);
    },
    outdate() {
      version++;
    },
    /** What is kept answers another question: it goes as soon as the first answer to this one comes. */
    replaceOnArrival() {
      replaces = true;
    },
  };
}

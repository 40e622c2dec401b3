import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowPage, RowQuery } from '../../src/protocol/viewApi';
import { queryRows } from '../../src/report/rows';
import { createRowSource } from '../../webview/rows';
import type { TableQuery } from '../../webview/state';
import { encoder } from '../report/fixture';

const model = encoder(1250);
const all: TableQuery = {
  filter: '',
  sort: 'order',
  descending: false,
  group: 'none',
  collapsed: [],
};

/** A source whose answers wait until they are let go, one by one. */
function held(
  answer: (query: RowQuery) => RowPage = (query) => queryRows(model, undefined, query),
) {
  const waiting: { query: RowQuery; give: () => void }[] = [];
  const asked: RowQuery[] = [];
  const source = createRowSource(
    (query) => {
      asked.push(query);
      return new Promise<RowPage>((resolve, reject) => {
        const give = () => {
          try {
            resolve(answer(query));
          } catch (error) {
            reject(error as Error);
          }
        };
        waiting.push({ query, give });
      });
    },
    () => {},
  );
  const settle = () => new Promise((done) => setImmediate(done));
  return {
    source,
    asked,
    waiting,
    async release() {
      waiting.shift()?.give();
      await settle();
    },
    async releaseAll() {
      for (; waiting.length > 0; await settle()) waiting.shift()?.give();
    },
  };
}

test('rows that are wanted are fetched once, in whole pages', async () => {
  const { source, asked, releaseAll } = held();
  source.ask(all);
  source.want(0, 40);
  await releaseAll();
  assert.deepEqual(
    asked.map(({ start, end }) => [start, end]),
    [[0, 128]],
  );
  assert.equal(source.total, 10_002);
  assert.equal(source.at(0)?.name, 'embeddings.word');
  source.want(10, 60);
  await releaseAll();
  assert.equal(asked.length, 1);
});

test('one request at a time: what scrolled by meanwhile is never asked for', async () => {
  const { source, asked, release, releaseAll } = held();
  source.ask(all);
  for (let top = 0; top < 9000; top += 50) source.want(top, top + 40);
  assert.equal(asked.length, 1);
  await release();
  await releaseAll();
  assert.deepEqual(
    asked.map(({ start }) => start),
    [0, 8832],
  );
  assert.ok(source.at(8960));
  assert.equal(source.at(4000), undefined);
});

test('old rows stay on show until the answer to another question is there', async () => {
  const { source, waiting, release, releaseAll } = held();
  source.ask(all);
  await releaseAll();
  const before = source.at(1)?.id;
  source.ask({ ...all, sort: 'macs', descending: true });
  assert.equal(source.at(1)?.id, before);
  assert.equal(waiting.length, 1);
  await release();
  assert.notEqual(source.at(1)?.id, before);
});

test('an answer that comes too late is dropped', async () => {
  const { source, waiting, release, releaseAll } = held();
  source.ask({ ...all, filter: 'query' });
  source.ask({ ...all, filter: 'intermediate' });
  assert.deepEqual(
    waiting.map(({ query }) => query.filter),
    ['query'],
  );
  await release();
  assert.equal(source.at(0), undefined);
  await releaseAll();
  assert.match(source.at(0)?.name ?? '', /intermediate/);
});

test('a filter that matches nothing is an answer, and the next filter is asked for', async () => {
  const { source, asked, releaseAll } = held();
  source.ask({ ...all, filter: 'no-such-layer' });
  source.want(0, 40);
  await releaseAll();
  assert.equal(source.total, 0);
  assert.equal(asked.length, 1);
  source.ask(all);
  await releaseAll();
  assert.equal(source.total, 10_002);
});

test('fresh figures replace rows in their places', async () => {
  let time: number | null = null;
  const { source, releaseAll } = held((query) => {
    const page = queryRows(model, undefined, query);
    return { ...page, rows: page.rows.map((row) => ({ ...row, timeMs: time })) };
  });
  source.ask(all);
  await releaseAll();
  assert.equal(source.at(3)?.timeMs, null);
  time = 2;
  source.refresh();
  assert.ok(source.at(3), 'rows do not vanish meanwhile');
  await releaseAll();
  assert.equal(source.at(3)?.timeMs, 2);
});

test('a range across pages is loaded as a whole', async () => {
  const { source, releaseAll } = held();
  source.ask(all);
  await releaseAll();
  const loading = source.load(100, 700);
  await releaseAll();
  const rows = await loading;
  assert.equal(rows.length, 600);
  assert.equal(new Set(rows.map((row) => row.id)).size, 600);
});

test('a host that fails is asked once, says why, and is asked again for another query', async () => {
  let works = false;
  const { source, asked, releaseAll } = held((query) => {
    if (!works) throw new Error('The engine stopped.');
    return queryRows(model, undefined, query);
  });
  source.ask(all);
  source.want(0, 40);
  await releaseAll();
  source.want(0, 50);
  await releaseAll();
  assert.equal(asked.length, 1);
  assert.equal(source.problem, 'The engine stopped.');
  works = true;
  source.ask({ ...all, sort: 'macs' });
  await releaseAll();
  assert.equal(source.problem, undefined);
  assert.equal(source.total, 10_002);
});

test('a host that sends fewer rows than there are is not asked without end', async () => {
  const { source, asked, releaseAll } = held(({ start }) => ({ total: 500, start, rows: [] }));
  source.ask(all);
  source.want(0, 40);
  await releaseAll();
  assert.equal(asked.length, 1);
  assert.equal(source.total, 500);
});

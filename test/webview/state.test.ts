import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DashboardState } from '../../src/protocol/viewApi';
import {
  canCancel,
  defaultView,
  figuresChanged,
  folded,
  groupedBy,
  initialState,
  queryOf,
  sortedBy,
  timesSettled,
  withColumn,
  withDashboard,
  type State,
} from '../../webview/state';
import { comparisonView } from '../../src/report/comparisonView';
import { comparisonOf, measuredFacts } from '../report/fixture';

const dashboard: DashboardState = {
  file: 'model.onnx',
  settings: { threads: 0, providers: ['cpu'], provider: 'cpu', data: null, runs: 30 },
  trusted: true,
};
const busy = { what: 'Profiling', fraction: 0.4, note: '12 of 30 runs' };
const fresh = initialState(undefined);

test('what was kept comes back, and only what still fits', () => {
  const saved = {
    filter: 'role:up',
    sort: 'macs',
    threads: 4,
    columns: 'all',
    scroll: 7,
    asTable: 1,
  };
  const { view } = initialState(saved);
  assert.equal(view.filter, 'role:up');
  assert.equal(view.sort, 'macs');
  assert.equal(view.threads, 4);
  assert.deepEqual(view.columns, defaultView.columns);
  assert.equal(view.asTable, false);
  assert.equal('scroll' in view, false);
  for (const odd of [null, 3, 'x', []]) assert.deepEqual(initialState(odd).view, defaultView);
});

test('a header sorts its useful way first, then the other, then not at all', () => {
  const steps = (column: 'macs' | 'name', numeric: boolean) => {
    let view = defaultView;
    return [0, 1, 2].map(() => {
      view = sortedBy(view, column, numeric);
      return `${view.sort} ${view.descending ? 'down' : 'up'}`;
    });
  };
  assert.deepEqual(steps('macs', true), ['macs down', 'macs up', 'order up']);
  assert.deepEqual(steps('name', false), ['name up', 'name down', 'order up']);
});

test('folding adds and removes a group once, and another grouping begins unfolded', () => {
  const once = folded(folded(defaultView, 'block:0', true), 'block:0', true);
  assert.deepEqual(once.collapsed, ['block:0']);
  assert.deepEqual(folded(once, 'block:0', false).collapsed, []);
  assert.deepEqual(groupedBy(once, 'part').collapsed, []);
});

test('columns keep their order whichever is switched on last', () => {
  const all = ['name', 'role', 'op', 'macs'] as const;
  const few = { ...defaultView, columns: ['name', 'macs'] as const };
  assert.deepEqual(withColumn(few, 'op', true, all).columns, ['name', 'op', 'macs']);
  assert.deepEqual(withColumn(few, 'macs', false, all).columns, ['name']);
});

test('rows keep their places while times come in', () => {
  const byTime = { ...defaultView, sort: 'timeMs', descending: true } as const;
  const state = { ...fresh, view: byTime };
  assert.equal(queryOf({ ...state, dashboard }).sort, 'timeMs');
  assert.equal(queryOf({ ...state, dashboard: { ...dashboard, busy } }).sort, 'order');
  const done = { ...dashboard, measured: measuredFacts, measuredComplete: true };
  assert.equal(queryOf({ ...state, dashboard: done }).sort, 'timeMs');
  const byShare = { ...state, view: { ...byTime, sort: 'share' } as const };
  assert.equal(queryOf({ ...byShare, dashboard: { ...dashboard, busy } }).sort, 'macs');
});

test('times are drawn once they no longer move', () => {
  const measured = { ...dashboard, measured: measuredFacts };
  assert.equal(timesSettled(dashboard), false);
  assert.equal(timesSettled({ ...measured, busy, measuredComplete: false }), false);
  assert.equal(timesSettled({ ...measured, measuredComplete: false }), true);
  assert.equal(timesSettled({ ...measured, busy, measuredComplete: true }), true);
});

test('the start and the end of a measurement are announced, and nothing in between', () => {
  const started = withDashboard(withDashboard(fresh, dashboard), { ...dashboard, busy });
  assert.equal(started.announcement, 'Profiling started.');
  const going = withDashboard(started, { ...dashboard, busy: { ...busy, note: '13 of 30 runs' } });
  assert.equal(going.announcement, started.announcement);
  const done = { ...dashboard, measured: measuredFacts, measuredComplete: true };
  assert.match(withDashboard(going, done).announcement, /^Profiling finished: 50\.0 ms/);
  const cancelled = withDashboard(going, dashboard);
  assert.equal(cancelled.announcement, 'Profiling stopped.');
});

test('a model that is read anew can neither be cancelled nor is it announced as measured', () => {
  const reading = { ...dashboard, busy: { what: 'Reading', fraction: 0, note: '' } };
  assert.equal(canCancel(reading), false);
  assert.equal(canCancel({ ...dashboard, busy }), true);
  assert.equal(canCancel(dashboard), false);
  const read = withDashboard(withDashboard(fresh, reading), dashboard);
  assert.equal(read.announcement, 'Reading finished.');
});

test('building and measuring are announced when they begin and end, and what was measured only once', () => {
  const recipe = { file: 'm.featherweight.json', steps: [], bytes: null, problem: null };
  const idle = { ...recipe, data: { calibration: null, evaluation: null } };
  const at = (what: string) => ({ ...idle, busy: { what, fraction: 0.1, note: '' } });
  const comparison = comparisonView(comparisonOf(), true);
  const said = [
    { recipe: at('Building') },
    { recipe: { ...at('Building'), busy: { what: 'Building', fraction: 0.9, note: 'writing' } } },
    { recipe: idle },
    { recipe: at('Measuring') },
    { recipe: idle, comparison },
    { recipe: at('Building'), comparison },
    { recipe: idle, comparison: comparisonView(comparisonOf(), false) },
    { recipe: at('Building') },
    { recipe: { ...idle, error: { message: 'The disk is full.' } } },
  ].reduce<{ state: State; said: string[] }>(
    ({ state, said }, change) => {
      const next = withDashboard(state, { ...dashboard, ...change });
      return { state: next, said: [...said, next.announcement] };
    },
    { state: fresh, said: [] },
  ).said;
  assert.deepEqual(said, [
    'Building started.',
    'Building started.',
    'Building finished.',
    'Measuring started.',
    'Measuring finished, 4.0x smaller, 2.5x faster.',
    'Building started.',
    'Building finished.',
    'Building started.',
    'The disk is full.',
  ]);
});

test('progress alone fetches no rows; a run more does', () => {
  const going = { ...dashboard, busy, measured: measuredFacts, measuredComplete: false };
  const further = { ...going, busy: { ...busy, fraction: 0.5, note: '15 of 30 runs' } };
  assert.equal(figuresChanged(going, further), false);
  assert.equal(
    figuresChanged(going, { ...further, measured: { ...measuredFacts, runs: 31 } }),
    true,
  );
  assert.equal(figuresChanged(going, { ...going, measuredComplete: true }), true);
  assert.equal(figuresChanged(undefined, dashboard), false);
});

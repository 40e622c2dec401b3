import type { RowQuery } from '../../src/protocol/viewApi';
import { queryRows } from '../../src/report/rows';
import { findInsights } from '../../src/report/insights';
import { encoder, profileOf } from '../report/fixture';
import { judge, medianTime, milliseconds } from './judge';

/** The dashboard's table over 10,000 layers: what a key in the filter, a click on a heading and a turn of the wheel take. */
const model = encoder(1250);
const profile = profileOf(model, (layer) => (layer.macs ?? 0) / 1e7 + 0.01);
const query: RowQuery = {
  filter: '',
  sort: 'timeMs',
  descending: true,
  group: 'none',
  collapsed: [],
  start: 0,
  end: 50,
};
const sorting = medianTime(15, () => {
  model.layers.map((layer) => profile.layers[layer.id]?.timeMs ?? 0).sort((a, b) => b - a);
});
const baseline = `sorting ${model.layers.length} plain numbers, ${milliseconds(sorting)}`;

let typed = 0;
const cases: [what: string, limit: number, next: () => Partial<RowQuery>][] = [
  ['a new filter', 10, () => ({ filter: `-nothing${typed++}` })],
  ['a new order', 10, () => ({ sort: typed++ % 2 ? 'macs' : 'timeMs' })],
  ['a new order by name', 15, () => ({ sort: typed++ % 2 ? 'name' : 'timeMs' })],
  ['scrolling', 1, () => ({ start: (typed = (typed + 37) % 9000), end: typed + 50 })],
  ['scrolling in blocks', 1, () => ({ group: 'block', start: typed++, end: typed + 50 })],
];
for (const [what, limit, next] of cases) {
  queryRows(model, profile, { ...query, ...next() });
  const value = medianTime(31, () => queryRows(model, profile, { ...query, ...next() }));
  judge({ what: `rows of 10,000 layers, ${what}`, value, limit, format: milliseconds, baseline });
}
for (const group of ['block', 'part', 'module'] as const) {
  const value = medianTime(15, () =>
    queryRows(model, profile, { ...query, group, filter: `-nothing${typed++}` }),
  );
  judge({ what: `grouping by ${group}`, value, limit: 50, format: milliseconds, baseline });
}
const insights = medianTime(5, () => findInsights(model, profile));
judge({ what: 'what stands out', value: insights, limit: 100, format: milliseconds, baseline });

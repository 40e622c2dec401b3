import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Inspection, Profile } from '../../src/protocol/types';
import type { RowQuery } from '../../src/protocol/viewApi';
import { queryRows } from '../../src/report/rows';
import { encoder, inspectionOf, layerOf, profileOf, weightOf } from './fixture';

const all: RowQuery = {
  filter: '',
  sort: 'order',
  descending: false,
  group: 'none',
  collapsed: [],
  start: 0,
  end: 1000,
};
const names = (model: Inspection, query: Partial<RowQuery>, profile?: Profile) =>
  queryRows(model, profile, { ...all, ...query }).rows.map((row) => row.name);

const model = encoder(3);
const profile = profileOf(model, (layer) => (layer.macs ?? 0) / 1e7 + 0.01);

test('all layers come in the order of the file, cut to the range asked for', () => {
  const page = queryRows(model, undefined, { ...all, start: 1, end: 3 });
  assert.equal(page.total, 26);
  assert.equal(page.start, 1);
  assert.deepEqual(
    page.rows.map((row) => row.name),
    ['encoder.layer.0.attention.query', 'encoder.layer.0.attention.key'],
  );
  assert.equal(queryRows(model, undefined, { ...all, start: 999, end: 2000 }).rows.length, 0);
});

test('a share is of the MACs until times are measured', () => {
  const query = { ...all, filter: 'name:"layer.0.intermediate"' };
  const [counted] = queryRows(model, undefined, query).rows;
  assert.equal(counted?.share, (128 * 384 * 1536) / (model.totals.macs ?? 0));
  assert.equal(counted?.timeMs, null);
  const [measured] = queryRows(model, profile, query).rows;
  const whole = Object.values(profile.layers).reduce((sum, layer) => sum + layer.timeMs, 0);
  assert.equal(measured?.share, (measured?.timeMs ?? 0) / whole);
});

test('sorting keeps what is unknown last, both ways', () => {
  const odd = inspectionOf([
    layerOf({ name: 'a', macs: null }),
    layerOf({ name: 'b', macs: 1 }),
    layerOf({ name: 'c', macs: 2 }),
  ]);
  assert.deepEqual(names(odd, { sort: 'macs', descending: true }), ['c', 'b', 'a']);
  assert.deepEqual(names(odd, { sort: 'macs' }), ['b', 'c', 'a']);
});

test('a layer is found where it will stand once the groups around it are unfolded', () => {
  const find = 'encoder.layer.1.output';
  const collapsed = ['module:encoder', 'module:encoder.layer.1', 'module:encoder.layer.2'];
  const query = { ...all, group: 'module', collapsed } as const;
  const { found } = queryRows(model, undefined, { ...query, find });
  assert.deepEqual(found?.groups, ['module:encoder', 'module:encoder.layer.1']);
  const open = { ...query, collapsed: ['module:encoder.layer.2'] };
  assert.equal(queryRows(model, undefined, open).rows[found.index]?.id, find);
  const filtered = queryRows(model, undefined, { ...all, filter: 'part:embedding', find });
  assert.equal(filtered.found, undefined, 'a filter that leaves it out is not undone');
});

test('names sort as people count', () => {
  const layers = ['layer.10', 'layer.9', 'layer.1'].map((name) => layerOf({ name }));
  assert.deepEqual(names(inspectionOf(layers), { sort: 'name' }), [
    'layer.1',
    'layer.9',
    'layer.10',
  ]);
});

test('blocks group with their sums, and names drop the block they stand in', () => {
  const page = queryRows(model, profile, { ...all, group: 'block' });
  const blocks = page.rows.filter((row) => row.kind === 'group');
  assert.deepEqual(
    blocks.map((row) => row.name),
    ['Outside blocks', 'encoder.layer.0', 'encoder.layer.1', 'encoder.layer.2'],
  );
  assert.equal(blocks[1]?.parameters, model.blocks[0]?.parameters);
  assert.equal(blocks[1]?.weights, '8 layers');
  const query = page.rows[page.rows.indexOf(blocks[1]!) + 1];
  assert.equal(query?.name, 'attention.query');
  assert.equal(query?.depth, 1);
});

test('a folded group keeps its row and hides its layers', () => {
  const page = queryRows(model, undefined, {
    ...all,
    group: 'block',
    collapsed: ['block:encoder.layer.0', 'block:none'],
  });
  assert.equal(page.total, 4 + 16);
  assert.equal(page.rows.find((row) => row.id === 'block:encoder.layer.0')?.collapsed, true);
});

test('modules nest, and a module that holds only another is shown with it', () => {
  const page = queryRows(model, undefined, { ...all, group: 'module' });
  const shown = page.rows.slice(0, 6).map((row) => `${row.depth} ${row.kind} ${row.name}`);
  assert.deepEqual(shown, [
    '0 group embeddings',
    '1 layer word',
    '0 group encoder',
    '1 group layer.0',
    '2 group attention',
    '3 layer query',
  ]);
  assert.equal(page.rows[3]?.id, 'module:encoder.layer.0');
});

test('a layer that is numbered stands beside the module of its name', () => {
  const layers = ['conv.0', 'conv.0.inner', 'conv.1'].map((name) => layerOf({ name }));
  const page = queryRows(inspectionOf(layers), undefined, { ...all, group: 'module' });
  assert.deepEqual(
    page.rows.map((row) => `${row.depth} ${row.kind} ${row.name}`),
    ['0 layer conv.0', '0 group conv.0', '1 layer inner', '0 layer conv.1'],
  );
});

test('groups sort by their sums and their layers inside', () => {
  const slow = profileOf(model, (layer) => (layer.block ?? 0) + (layer.role === 'down' ? 0.5 : 0));
  const query = { ...all, group: 'block', sort: 'timeMs', descending: true } as const;
  const rows = queryRows(model, slow, query).rows;
  assert.deepEqual(
    rows.slice(0, 2).map((row) => row.name),
    ['encoder.layer.2', 'output'],
  );
});

test('a weight that two layers share counts once in a sum', () => {
  const table = weightOf('table', [1000, 64]);
  const tied = inspectionOf([
    layerOf({ name: 'word', part: 'embedding', weights: [table] }),
    layerOf({
      name: 'head',
      part: 'embedding',
      tiedTo: 'word',
      weights: [{ ...table }, weightOf('bias', [1000])],
    }),
  ]);
  assert.equal(tied.totals.parameters, 65_000);
  const [group] = queryRows(tied, undefined, { ...all, group: 'part' }).rows;
  assert.equal(group?.name, 'Embedding');
  assert.equal(group?.parameters, 65_000);
  assert.equal(group?.weightBytes, 260_000);
});

test('a weight that is stored a second time counts once as learnt and twice as bytes', () => {
  const table = weightOf('table', [1000, 64]);
  const tied = inspectionOf([
    layerOf({ name: 'a.word', weights: [table] }),
    layerOf({ name: 'a.head', tiedTo: 'a.word', weights: [{ ...table, name: 'turned' }] }),
  ]);
  const [group] = queryRows(tied, undefined, { ...all, group: 'module' }).rows;
  assert.equal(group?.parameters, 64_000);
  assert.equal(group?.weightBytes, 2 * 256_000);
});

test('one name in two bodies means two weights', () => {
  const layers = ['then', 'else'].map((name) =>
    layerOf({ name: `if.${name}`, weights: [weightOf('w', [5, 2])] }),
  );
  const [group] = queryRows(inspectionOf(layers), undefined, { ...all, group: 'module' }).rows;
  assert.equal(group?.parameters, 20);
});

test('a sum leaves out what is unknown, and is unknown only when nothing is known', () => {
  const odd = inspectionOf([
    layerOf({ name: 'a.x', macs: null }),
    layerOf({ name: 'a.y', macs: 5 }),
    layerOf({ name: 'b.x', macs: null }),
  ]);
  const groups = queryRows(odd, undefined, { ...all, group: 'module' }).rows.filter(
    (row) => row.kind === 'group',
  );
  assert.deepEqual(
    groups.map((row) => row.macs),
    [5, null],
  );
});

test('a filter applies inside groups, and groups without a match go', () => {
  const rows = queryRows(model, undefined, {
    ...all,
    group: 'block',
    filter: 'role:query block:1',
  });
  assert.deepEqual(
    rows.rows.map((row) => row.name),
    ['encoder.layer.1', 'attention.query'],
  );
});

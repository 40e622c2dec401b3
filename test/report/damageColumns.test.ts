import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sensitivity, SensitivityRow } from '../../src/protocol/sensitivity';
import type { RowQuery } from '../../src/protocol/viewApi';
import { queryRows } from '../../src/report/rows';
import { encoder } from './fixture';

const model = encoder(3);
const all: RowQuery = {
  ...{ filter: '', sort: 'order', descending: false, group: 'none', collapsed: [] },
  ...{ start: 0, end: 1000 },
};
const values = model.layers.filter(({ role }) => role === 'value');

/** Of the value projections 0.001, 0.002 and 0.003; a block as a whole besides. */
function swept(probe: string, factor = 1): Sensitivity {
  const rows = values.map(({ id, name, part, role, block }, index): SensitivityRow => {
    const damage = ((index + 1) * factor) / 1000;
    const place = { id, name, part, role, block, probe };
    return {
      ...{ ...place, damage, low: damage / 2, high: damage * 2 },
      ...{ samples: 8, settled: index > 0, bytes: null },
    };
  });
  const step = null;
  const strength = { kind: 'bits', value: 4 } as const;
  const [first] = rows;
  return {
    probes: [
      { name: probe, title: '', strength, unit: 'layer', step },
      { name: 'removedBlock', title: '', strength, unit: 'block', step },
    ],
    layers: [...rows, { ...first!, probe: 'removedBlock', damage: 9 }],
  } as unknown as Sensitivity;
}
const int4 = swept('int4');
const ask = (query: Partial<RowQuery>, sweep: Sensitivity | undefined = int4) =>
  queryRows(model, undefined, { ...all, ...query }, undefined, sweep);
const blocks = (query: Partial<RowQuery>, sweep = int4) =>
  ask(query, sweep).rows.map(({ id }) => model.layers.find((layer) => layer.id === id)?.block);

test('every layer has its figures under the probes of layers, and none of those of blocks', () => {
  const { rows } = ask({});
  const value = rows.find(({ id }) => id === values[1]?.id);
  assert.deepEqual(value?.damage, {
    int4: { damage: 0.002, low: 0.001, high: 0.004, samples: 8, settled: true },
  });
  assert.deepEqual(rows[0]?.damage, {});
  assert.deepEqual(ask({}, undefined).rows[0]?.damage, {});
});

test('rows are in the order of a probe, what is not measured last either way round', () => {
  const sort = 'probe:int4';
  assert.deepEqual(blocks({ sort, descending: true }).slice(0, 4), [2, 1, 0, null]);
  assert.deepEqual(blocks({ sort }).slice(0, 4), [0, 1, 2, null]);
});

test('a group has the sum of its layers, settled where all of them are', () => {
  const { rows } = ask({ group: 'part', collapsed: ['part:attention'], sort: 'probe:int4' });
  const [attention, next] = rows;
  assert.equal(attention?.id, 'part:attention');
  const { damage, low, high, settled } = attention!.damage['int4']!;
  assert.ok(Math.abs(damage - 0.006) < 1e-12 && Math.abs(low - 0.003) < 1e-12);
  assert.ok(Math.abs(high - 0.012) < 1e-12);
  assert.equal(settled, false);
  assert.deepEqual(next?.damage, {});
});

test('the filter compares what a probe does, in any case of its name', () => {
  assert.deepEqual(blocks({ filter: 'int4>0.0015' }), [1, 2]);
  assert.deepEqual(blocks({ filter: 'INT4<=1e-3' }), [0]);
  assert.deepEqual(blocks({ filter: 'role:value -int4>0.0015' }), [0]);
  assert.deepEqual(blocks({ filter: 'removed>0.0015' }, swept('removed')), [1, 2]);
});

test('new figures are taken up', () => {
  assert.deepEqual(blocks({ filter: 'int4>0.0015' }), [1, 2]);
  assert.deepEqual(blocks({ filter: 'int4>0.0015' }, swept('int4', 10)), [0, 1, 2]);
});

test('a probe that was not measured, and a number that is none, are said', () => {
  const problem = (filter: string, sweep?: Sensitivity) => ask({ filter }, sweep).problem;
  assert.match(problem('int3>0.1') ?? '', /No layer is measured under "int3": there are int4\./);
  const unmeasured = queryRows(model, undefined, { ...all, filter: 'int4>0.1' });
  assert.match(unmeasured.problem ?? '', /measure sensitivity first/);
  assert.match(problem('int4>much') ?? '', /needs a number, as in int4>0\.001/);
  assert.match(problem('removedBlock>1') ?? '', /cannot be compared/);
});

test('names that look like it are still names', () => {
  assert.equal(ask({ filter: 'layer.0=x' }).problem, undefined);
  assert.equal(ask({ filter: '"int3>1"' }).problem, undefined);
});

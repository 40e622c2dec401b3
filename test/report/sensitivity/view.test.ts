import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sensitivity, SensitivityRow } from '../../../src/protocol/sensitivity';
import { comparisonView } from '../../../src/report/comparisonView';
import { sensitivityCsv } from '../../../src/report/sensitivity/exports';
import { sensitivityView, standsOn } from '../../../src/report/sensitivity/view';
import { comparisonOf } from '../fixture';

const row = (id: string, role: SensitivityRow['role'], probe: string, damage: number) => ({
  ...{ id, name: id, part: 'attention', role, block: 0, probe, damage },
  ...{ low: damage / 2, high: damage * 2, samples: 64, settled: true, bytes: null },
});
const layer = { unit: 'layer', step: null } as const;

const swept = (rows: SensitivityRow[], more: Partial<Sensitivity> = {}): Sensitivity => ({
  featherweight: '0.1.0',
  model: { file: 'model.onnx', sha256: 'a' },
  metric: { name: 'kl', title: 'KL divergence', unit: 'nats' },
  tier: 'exact',
  ...{ hints: [], propagation: [], stability: [], shard: null, notes: [] },
  ...{ data: 'dev.npz', dataSha256: 'd', samples: 64, layers: rows, skipped: [], complete: true },
  ...{ seconds: 2, reused: 0, peakMemoryBytes: 1e8 },
  probes: [
    { name: 'int8', title: 'int8 weights', strength: { kind: 'bits', value: 8 }, ...layer },
    { name: 'int4', title: '4-bit weights', strength: { kind: 'bits', value: 4 }, ...layer },
  ],
  ranking: [{ probe: 'int8', layers: ['q', 'v', 'up'] }],
  ...more,
});

const rows = [
  row('up', 'up', 'int8', 1e-7),
  row('v', 'value', 'int8', 2e-6),
  row('v', 'value', 'int4', 3e-4),
  row('q', 'query', 'int8', 5e-6),
  row('q', 'query', 'int4', 1e-4),
] as SensitivityRow[];

const stability = [{ probe: 'int8', rows: 3, samples: 64, spearman: 0.9, low: 0.8, high: 0.95 }];

test('a table for spreadsheets has one line for each layer and probe', () => {
  const lines = sensitivityCsv(swept(rows, { stability })).trimEnd().split('\r\n');
  assert.equal(lines.length, 1 + rows.length);
  assert.equal(
    lines[0],
    'layer,part,role,block,probe,kl,low,high,samples,data,settled,tier,stability,stability_low,stability_high,model',
  );
  assert.equal(
    lines[1],
    'up,attention,up,0,int8,1e-7,5e-8,2e-7,64,dev.npz,true,exact,0.9,0.8,0.95,a',
  );
  assert.equal(
    lines[3],
    'v,attention,value,0,int4,0.0003,0.00015,0.0006,64,dev.npz,true,exact,,,,a',
  );
});

test('the view keeps the order of the model, and of too many layers those that suffer most', () => {
  const whole = sensitivityView(swept(rows));
  assert.deepEqual(
    whole.lines.map(({ id, cells }) => [id, ...cells.map((cell) => cell?.damage ?? null)]),
    [
      ['up', 1e-7, null],
      ['v', 2e-6, 3e-4],
      ['q', 5e-6, 1e-4],
    ],
  );
  assert.equal(whole.omitted, 0);
  const few = sensitivityView(swept(rows), undefined, 2);
  assert.deepEqual(
    few.lines.map(({ id }) => id),
    ['v', 'q'],
  );
  assert.equal(few.omitted, 1);
});

test('what figures stand on is said in a line', () => {
  const sensitivity = swept(rows, { data: '/data/dev.npz' });
  assert.equal(standsOn(sensitivity), 'KL divergence, 64 samples of dev.npz');
  const madeUp = swept(rows, { data: 'synthetic', samples: 8 });
  assert.equal(standsOn(madeUp), 'KL divergence, 8 synthetic inputs');
});

test('what the data is goes with the figures', () => {
  const facts = {
    ...({ kind: 'arrays', name: 'dev.npz', samples: 872, used: 64, drawnWith: null } as const),
    ...{ classes: 2, lengths: null, assumed: ['channels are RGB'] },
  };
  assert.deepEqual(sensitivityView(swept(rows, { facts })).facts, facts);
  assert.equal(sensitivityView(swept(rows)).facts, undefined);
  assert.deepEqual(comparisonView(comparisonOf({ facts }), true).facts, facts);
});

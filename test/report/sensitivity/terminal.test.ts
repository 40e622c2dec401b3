import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sensitivity, SensitivityRow, Unit } from '../../../src/protocol/sensitivity';
import { plainPalette } from '../../../src/report/paint';
import { terminalSensitivity } from '../../../src/report/sensitivity/terminal';

const row = (
  id: string,
  role: SensitivityRow['role'],
  probe: string,
  damage: number,
  block = 0,
) => ({
  ...{ id, name: id, part: 'attention' as const, role, block, probe, damage },
  ...{ low: damage / 2, high: damage * 1.5, samples: 64, settled: true, bytes: null },
});

const probe = (
  name: string,
  title: string,
  unit: Unit = 'layer',
): Sensitivity['probes'][number] => ({
  ...{ name, title, unit, step: null },
  strength: { kind: 'bits', value: 4 },
});

const rows = [
  row('up', 'up', 'int8', 1e-7, 1),
  row('v', 'value', 'int8', 2e-6),
  row('v', 'value', 'int4', 3e-4),
  row('q', 'query', 'int8', 5e-6),
  row('q', 'query', 'int4', 1e-4),
];

const swept = (more: Partial<Sensitivity> = {}): Sensitivity => ({
  featherweight: '0.1.0',
  model: { file: 'model.onnx', sha256: 'a' },
  metric: { name: 'kl', title: 'KL divergence', unit: 'nats' },
  ...{
    tier: 'exact',
    hints: [],
    propagation: [],
    stability: [],
    shard: null,
    notes: [],
    skipped: [],
  },
  ...{ data: 'dev.npz', dataSha256: 'd', samples: 64, layers: rows, complete: true },
  ...{ seconds: 2, reused: 0, peakMemoryBytes: 1.25e8 },
  probes: [probe('int8', 'int8 weights'), probe('int4', '4-bit weights')],
  ranking: [
    { probe: 'int8', layers: ['q', 'v', 'up'] },
    { probe: 'int4', layers: ['v', 'q'] },
  ],
  ...more,
});

const printed = (sensitivity: Sensitivity, layers = 20, width = 100) =>
  terminalSensitivity(sensitivity, { width, layers, palette: plainPalette });

test('the head says what the figures stand on, what it took, and what went otherwise', () => {
  const text = printed(
    swept({
      reused: 3,
      notes: ['Finished rows could not be kept.'],
      skipped: [
        { layer: 'head', why: 'Its weight is int8.' },
        { layer: 'head', why: 'It does not fit.' },
      ],
    }),
  ).replaceAll(/\s+/g, ' ');
  assert.match(text, /^Sensitivity KL divergence \(nats\) of the whole model's answers/);
  assert.match(text, /mean of 64 samples of dev\.npz with its 95 % interval; 2\.0 s, 3 rows kept/);
  assert.match(text, /125 MB of memory at most/);
  assert.match(text, /1 layer could not be asked about/);
  assert.match(text, /Finished rows could not be kept\./);
  assert.match(printed(swept({ complete: false })), /^Sensitivity, not complete/);
});

test('layers stand by the ranking of the first probe, each figure with its interval', () => {
  const lines = printed(swept(), 2).split('\n');
  const at = lines.findIndex((line) => line.startsWith('layer '));
  assert.equal(lines[at - 1], 'Worst under int8 weights first:');
  assert.match(lines[at]!, /^layer +role +int8 weights +± +4-bit weights +±$/);
  assert.match(lines[at + 1]!, /^q +query +5\.0e-6 +± 2\.5e-6 +0\.0001 +± 5\.0e-5$/);
  assert.match(lines[at + 2]!, /^v +value +2\.0e-6 +± 1\.0e-6 +0\.0003 +± 0\.00015$/);
  assert.equal(lines[at + 3], '… and 1 more: --layers 3');
  // What was not measured is open, and has no interval.
  assert.match(printed(swept()), /\nup +up +1\.0e-7 +± 5\.0e-8 +–\n/);
  assert.match(printed(swept()), /\nWorst under 4-bit weights: v, q\n/);
});

test('intervals go where the screen is narrow', () => {
  const narrow = printed(swept(), 20, 50);
  assert.match(narrow, /\nq +query +5\.0e-6 +0\.0001\n/);
  assert.ok(narrow.split('\n').every((line) => line.length <= 50));
});

test('how far rankings hang on the samples is said, of many probes by the extremes', () => {
  const stability = ['int8', 'int4', 'c', 'd', 'e'].map((probe, at) => ({
    ...{ probe, rows: 3, samples: 64, spearman: 0.9 - at / 10 },
    ...{ low: 0.8 - at / 10, high: 0.95 - at / 10 },
  }));
  const said = (count: number) =>
    printed(swept({ stability: stability.slice(0, count) })).replaceAll(/\s+/g, ' ');
  assert.match(
    said(2),
    / two halves of the 64 samples correlate by 0\.90 \(0\.80 to 0\.95\) under int8 weights and 0\.80 \(0\.70 to 0\.85\) under 4-bit weights – Spearman/,
  );
  assert.match(said(5), / correlate from 0\.50 .* under e to 0\.90 .* under int8 weights –/);
  assert.equal(said(2).split('Spearman').length, 2, 'said once');
  assert.doesNotMatch(said(0), /Spearman/);
});

test('what more samples may change is marked', () => {
  const open = rows.map((each, at) => (at === 3 ? { ...each, settled: false } : each));
  const text = printed(swept({ tier: 'adaptive', layers: open }));
  assert.match(text, /\nq +query +~5\.0e-6/);
  assert.match(text, /\n~ more samples may change its place\n/);
  assert.match(text, /up to 64\s+samples/);
  assert.doesNotMatch(printed(swept()), /~/);
});

test('means are by role and by block', () => {
  const text = printed(swept());
  assert.match(
    text,
    /mean by role +layers +int8 weights +4-bit weights\nvalue +1 +2\.0e-6 +0\.0003\n/,
  );
  assert.match(text, /mean by block +layers.*\n0 +2 +3\.5e-6 +0\.0002\n1 +1 +1\.0e-7 +–\n/);
});

test('blocks and heads have tables of their own', () => {
  const heads = [
    row('o#head 0', 'context', 'removedHead', 0.2),
    row('o#head 1', 'context', 'removedHead', 0.4),
  ];
  const text = printed(
    swept({
      layers: [...rows, ...heads],
      probes: [...swept().probes, probe('removedHead', 'head removed', 'head')],
      ranking: [...swept().ranking, { probe: 'removedHead', layers: ['o#head 1', 'o#head 0'] }],
    }),
  );
  assert.match(text, /\nhead +head removed +±\no#head 1 +0\.4 +± 0\.2\no#head 0 +0\.2 +± 0\.1\n/);
  assert.doesNotMatch(text.split('\nhead ')[0]!, /head removed/);
});

test('hints say that they measure no damage', () => {
  const hint = { outlierRatio: 12.3, channelSpread: 4, zeros: 0.5 };
  const text = printed(
    swept({
      ...{ tier: 'hints', layers: [], ranking: [], data: '', dataSha256: null, samples: 0 },
      hints: [
        {
          id: 'q',
          ...hint,
          weightSnrDb: [
            { probe: 'int8', db: 40 },
            { probe: 'int4', db: 18.21 },
          ],
        },
        {
          id: 'v',
          ...hint,
          weightSnrDb: [
            { probe: 'int8', db: 30 },
            { probe: 'int4', db: null },
          ],
        },
      ],
    }),
  );
  assert.match(text, /^Hints on sensitivity\nFrom the weights alone.*no measure of damage/);
  assert.match(text, /\nq +40\.0 dB +18\.2 dB +12\.3x +4\.0x +50 %\n/);
  assert.match(text, /\nv +30\.0 dB +–/);
  assert.doesNotMatch(text, /KL/);
});

test('errors are followed from where they enter to the answers', () => {
  const propagation = [
    {
      ...row('q', 'query', 'int4', 0),
      local: 0.01,
      blocks: [
        { id: 'b0', error: 0.02 },
        { id: 'b1', error: 0.03 },
      ],
      output: 0.04,
    },
    { ...row('v', 'value', 'int4', 0), local: 0.02, blocks: [], output: 0.5 },
  ];
  const text = printed(swept({ propagation }));
  assert.match(text, /Where the error of 4-bit weights enters/);
  assert.match(text, /\nv +0\.02 +– +– +0\.5 +25\.0x\nq +0\.01 +0\.02 +0\.03 +0\.04 +4\.0x\n/);
});

test('names are a file’s, and may hold anything', () => {
  const hostile = swept({ layers: [row('a\u001b[31mb\nc', 'up', 'int8', 1)], ranking: [] });
  assert.ok(!printed(hostile).includes('\u001b'));
});

test('errors that are a share of energy are told in decibels too', () => {
  const metric = { name: 'nmse', title: 'Normalized squared error', unit: 'share of energy' };
  assert.match(printed(swept({ metric })), /\nq +query +5\.0e-6 53 dB +± 2\.5e-6 +0\.0001 40 dB /);
  assert.doesNotMatch(printed(swept()), /dB/);
});

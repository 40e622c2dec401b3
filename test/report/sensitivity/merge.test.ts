import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUserError } from '../../../src/base/errors';
import type { Sensitivity, SensitivityRow, Shard } from '../../../src/protocol/sensitivity';
import {
  exclusionFormats,
  sensitivityExcept,
  sensitivityIds,
} from '../../../src/report/sensitivity/exports';
import { mergeSensitivities } from '../../../src/report/sensitivity/merge';

const probeNames = ['int8', 'int4'] as const;
const all = ['a', 'b', 'c', 'd', 'e'];

const row = (id: string, probe: string): SensitivityRow => {
  const damage = (id.charCodeAt(0) - 96) * (probe === 'int4' ? 0.1 : 0.001);
  return {
    ...{ id, name: id, part: 'attention', role: 'query', block: 0, probe, damage },
    ...{ low: damage / 2, high: damage * 2, samples: 64, settled: true, bytes: null },
  };
};

/** What the sweep of a part, or of the whole, gives. */
function swept(shard: Shard | null, more: Partial<Sensitivity> = {}): Sensitivity {
  const own = shard ? all.filter((_, at) => at % shard.of === shard.index) : all;
  const rows = own.flatMap((id) => probeNames.map((probe) => row(id, probe)));
  const ranked = (probe: string) =>
    rows
      .filter((each) => each.probe === probe)
      .sort((x, y) => y.damage - x.damage)
      .map(({ id }) => id);
  return {
    featherweight: '0.1.0',
    model: { file: 'model.onnx', sha256: 'a' },
    metric: { name: 'kl', title: 'KL divergence', unit: 'nats' },
    ...{ tier: 'exact', data: 'dev.npz', dataSha256: 'd', samples: 64 },
    probes: probeNames.map((name) => ({
      ...{ name, title: name, unit: 'layer', step: null },
      strength: { kind: 'bits', value: 4 },
    })),
    layers: rows,
    hints: own.map((id) => ({ id, outlierRatio: 1, channelSpread: 1, zeros: 0, weightSnrDb: [] })),
    propagation: [],
    stability: [],
    skipped: [{ layer: 'head', why: 'It shares its weight with a layer before it.' }],
    ranking: probeNames.map((probe) => ({ probe, layers: ranked(probe) })),
    ...{ shard, notes: [], complete: true, seconds: 2, reused: 0 },
    peakMemoryBytes: 1e8,
    ...more,
  };
}

const part = (index: number, of: number, more: Partial<Sensitivity> = {}) => ({
  name: `${index}.json`,
  sensitivity: swept({ index, of }, more),
});

function refused(parts: Parameters<typeof mergeSensitivities>[0], what: RegExp): void {
  assert.throws(
    () => mergeSensitivities(parts),
    (error) => isUserError(error) && error.code === 'badInput' && what.test(error.message),
  );
}

test('the parts together are the whole, in whatever order they come', () => {
  const whole = mergeSensitivities([part(2, 3), part(0, 3), part(1, 3)]);
  assert.deepEqual({ ...whole, seconds: 2 }, swept(null));
  assert.equal(whole.seconds, 6);
  assert.deepEqual(mergeSensitivities([{ name: 'whole', sensitivity: swept(null) }]), swept(null));
});

test('the whole tells how stable its rankings are, as it would had it been measured as one', () => {
  const scoresOf = (id: string) => [1, 2, 3, 4, 5, 6].map((at) => at * id.charCodeAt(0));
  const scored = (index: number) => {
    const { name, sensitivity } = part(index, 2);
    const layers = sensitivity.layers.map((each) => ({ ...each, scores: scoresOf(each.id) }));
    return { name, sensitivity: { ...sensitivity, layers } };
  };
  const { layers, stability } = mergeSensitivities([scored(1), scored(0)]);
  assert.deepEqual(layers, swept(null).layers);
  assert.deepEqual(stability[0], {
    ...{ probe: 'int8', rows: 5, samples: 6, spearman: 1 },
    ...{ low: 1, high: 1 },
  });
  assert.deepEqual(mergeSensitivities([part(1, 2), part(0, 2)]).stability, []);
});

test('missing parts are named, and where they may be missing the result says so', () => {
  refused([part(0, 4), part(2, 4)], /^Of the sweep’s 4 parts 2 are missing: 1\/4, 3\/4\.$/);
  const some = mergeSensitivities([part(0, 4), part(1, 4), part(3, 4)], { partial: true });
  assert.equal(some.complete, false);
  assert.deepEqual(some.notes, ['Of the sweep’s 4 parts one is missing: 2/4.']);
  assert.deepEqual(
    some.ranking.map(({ layers }) => layers),
    [
      ['e', 'd', 'b', 'a'],
      ['e', 'd', 'b', 'a'],
    ],
  );
});

test('a part that is there twice, and rows that two parts have, are refused', () => {
  refused([part(0, 2), part(0, 2)], /0\.json and 0\.json both have the part 0\/2/);
  const overlap = {
    ...part(1, 2),
    sensitivity: { ...part(1, 2).sensitivity, layers: [row('a', 'int4')] },
  };
  refused([part(0, 2), overlap], /0\.json and 1\.json both have the layer a \(int4\)/);
  refused([], /nothing to merge/);
});

test('parts of different sweeps are refused with what differs', () => {
  const differing: [Partial<Sensitivity>, RegExp][] = [
    [
      { featherweight: '0.2.0' },
      /another version of Featherweight than 0\.json \(0\.2\.0, not 0\.1\.0\)/,
    ],
    [{ model: { file: 'model.onnx', sha256: 'b' } }, /another model than 0\.json/],
    [{ samples: 32 }, /other data than 0\.json \(dev\.npz d 32, not dev\.npz d 64\)/],
    [{ dataSha256: 'other' }, /other data/],
    [{ metric: { name: 'nmse', title: 'NMSE', unit: '' } }, /another metric.*\(nmse, not kl\)/],
    [{ tier: 'adaptive' }, /another tier.*\(adaptive, not exact\)/],
    [{ probes: swept(null).probes.slice(1) }, /other probes.*\(int4, not int8 int4\)/],
  ];
  for (const [more, what] of differing) refused([part(0, 2), part(1, 2, more)], what);
  refused([part(0, 2), part(1, 3)], /another number of parts.*\(3, not 2\)/);
  refused([part(0, 2), { name: 'w', sensitivity: swept(null) }], /another number of parts/);
});

test('what any part says of it is said of the whole once', () => {
  const trouble = 'Finished rows could not be kept.';
  const reason = { layer: 'c', why: 'Conv does not fit.' };
  const whole = mergeSensitivities([
    part(0, 2, { notes: [trouble], reused: 3, complete: false }),
    part(1, 2, { notes: [trouble], reused: 4, skipped: [...swept(null).skipped, reason] }),
  ]);
  assert.deepEqual(whole.notes, [trouble]);
  assert.equal(whole.skipped.length, 2);
  assert.equal(whole.reused, 7);
  assert.equal(whole.complete, false);
});

test('parts of an adaptive sweep are put together with what they could not know of each other', () => {
  const adaptive = { tier: 'adaptive' } as const;
  const whole = mergeSensitivities([part(1, 2, adaptive), part(0, 2, adaptive)]);
  assert.deepEqual(whole.layers, swept(null).layers);
  assert.equal(whole.notes.length, 1);
  assert.match(whole.notes[0]!, /^Each part settled its rows by itself/);
});

test('layers above a damage are listed for a recipe’s step, and as ids', () => {
  const whole = swept(null);
  assert.equal(sensitivityIds(whole, 0.25), 'c\nd\ne\n');
  const found = JSON.parse(sensitivityExcept(whole, 0.25)) as Record<string, unknown>;
  assert.deepEqual(found['except'], [{ layers: ['c', 'd', 'e'] }]);
  assert.equal(
    found['note'],
    'Above 0.25 under int8 and int4: KL divergence, 64 samples of dev.npz.',
  );
  assert.equal(sensitivityIds(whole, 1), '');
  assert.deepEqual((JSON.parse(sensitivityExcept(whole, 1)) as { except: [] }).except, []);
  const stable = { ...{ rows: 5, samples: 64, spearman: 0.956 }, low: 0.9, high: 0.98 };
  const told = {
    ...whole,
    ...({ tier: 'adaptive', complete: false } as const),
    stability: [{ probe: 'int4', ...stable }],
  };
  assert.equal(
    exclusionFormats.ids.write(told, 0.25),
    '# Above 0.25 under int8 and int4: KL divergence, 64 samples of dev.npz. Samples were spent where the ranking was open. ' +
      'The sweep is not complete. Rankings by two halves of the 64 samples correlate by 0.96 (0.90 to 0.98) under int4 – ' +
      'Spearman, 95 % of the ways of halving.\nc\nd\ne\n',
  );
  const broken = [{ layer: 'a', why: 'int8: no finite numbers.', brokenBy: 'int8' }];
  assert.equal(sensitivityIds({ ...whole, skipped: broken }, 1), 'a\n');
  // Blocks and heads are nothing that a recipe names.
  const blocks = whole.probes.map((probe) => ({ ...probe, unit: 'block' as const }));
  assert.equal(sensitivityIds({ ...whole, probes: blocks }, 0), '');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeFacts, Sensitivity, SensitivityRow } from '../../src/protocol/sensitivity';
import { nextSteps } from '../../src/report/compressNext';
import type { Choices } from '../../src/report/table';
import { encoder, profileOf } from './fixture';

const inspection = encoder(4);
const probe = (name: string, bits: number): ProbeFacts => ({
  ...{ name, title: `${bits}-bit weights`, strength: { kind: 'bits', value: bits } },
  ...{ unit: 'layer', step: { action: 'weightOnly', params: { bits: String(bits) } } },
});
const probes = [probe('int8', 8), probe('int4', 4)];

/** Damage by probe and layer; the rows are those of the values and the up projections. */
function swept(damageOf: (row: { probe: string; role: string; block: number }) => number) {
  const layers = inspection.layers.filter(({ role }) => role === 'value' || role === 'up');
  const rows = layers.flatMap(({ id, name, part, role, block, weightBytes }) =>
    probes.map(({ name: probe, strength }): SensitivityRow => {
      const damage = damageOf({ probe, role, block: block ?? 0 });
      return {
        ...{ id, name, part, role, block, probe, damage, low: damage * 0.9, high: damage * 1.1 },
        ...{ samples: 64, settled: true },
        bytes: { before: weightBytes, after: (weightBytes * strength.value) / 32 },
      };
    }),
  );
  return { probes, layers: rows } as unknown as Sensitivity;
}

const even = swept(({ probe, role }) => (probe === 'int8' ? 1e-7 : role === 'up' ? 2e-5 : 1e-3));
const titles = (steps: readonly { title: string }[]) => steps.map(({ title }) => title);

test('layers of one role make a step together, the most saved for the least damage first', () => {
  const steps = nextSteps(even, inspection);
  assert.deepEqual(titles(steps), [
    '8-bit weights for 4 up projections, blocks 0 to 3',
    '8-bit weights for 4 value projections, blocks 0 to 3',
    '4-bit weights for 4 up projections, blocks 0 to 3',
    '4-bit weights for 4 value projections, blocks 0 to 3',
  ]);
  const [, , up] = steps;
  const whole = inspection.layers.find(({ role }) => role === 'up')!.weightBytes * 4;
  assert.deepEqual(up?.bytes, { before: whole, after: whole / 8 });
  assert.ok(Math.abs(up!.damage - 8e-5) < 1e-12 && Math.abs(up!.high - 8.8e-5) < 1e-12);
  assert.deepEqual(up?.params, { bits: '4' });
  assert.equal(up?.timeShare, null, 'nothing was profiled');
});

test('what saves next to nothing is not first for a damage that is next to nothing', () => {
  const uneven = swept(({ probe, role }) =>
    probe === 'int4' ? 0.01 : role === 'value' ? 1e-12 : 1e-9,
  );
  assert.match(titles(nextSteps(uneven, inspection))[0] ?? '', /^8-bit weights for 4 up/);
});

test('a layer that suffers far more than its like is judged by itself', () => {
  const odd = swept(({ probe, block }) => (probe === 'int4' && block === 2 ? 0.05 : 1e-4));
  const alone = { ...odd, probes: probes.slice(1) };
  const all = titles(nextSteps(alone, inspection));
  assert.ok(all.includes('4-bit weights for encoder.layer.2.attention.value'), all.join('\n'));
  assert.ok(all.includes('4-bit weights for 3 value projections, blocks 0, 1 and 3'));
});

test('a difference inside the intervals splits nothing', () => {
  const odd = swept(({ probe, block }) => (probe === 'int4' && block === 2 ? 0.05 : 1e-4));
  const unsure = {
    ...odd,
    probes: probes.slice(1),
    layers: odd.layers.map((row) => ({ ...row, low: 0 })),
  };
  assert.ok(nextSteps(unsure, inspection).every(({ layers }) => layers.length === 4));
});

test('layers that the recipe compresses are left out, those it only prepares are not', () => {
  const chosen = (factor: number | null) => ({ label: '', title: '', steps: [0], factor });
  const ups = inspection.layers.filter(({ role }) => role === 'up').map(({ id }) => id);
  const compressed: Choices = new Map(ups.map((id) => [id, chosen(4)]));
  assert.ok(
    titles(nextSteps(even, inspection, undefined, compressed)).every((t) => /value/.test(t)),
  );
  const prepared: Choices = new Map(ups.map((id) => [id, chosen(null)]));
  assert.equal(nextSteps(even, inspection, undefined, prepared).length, 4);
});

test('what saves as much and hurts less leaves the other out, for the same layers only', () => {
  const nf4 = { ...probe('nf4', 4), title: 'NF4 weights' };
  const better = even.layers
    .filter((row) => row.probe === 'int4' && row.role === 'value')
    .map((row) => ({ ...row, probe: 'nf4', damage: row.damage / 2 }));
  const both = { ...even, probes: [...probes, nf4], layers: [...even.layers, ...better] };
  const all = titles(nextSteps(both, inspection));
  assert.ok(all.some((title) => title.startsWith('NF4 weights for 4 value')));
  assert.ok(!all.some((title) => title.startsWith('4-bit weights for 4 value')));
  assert.ok(all.some((title) => title.startsWith('4-bit weights for 4 up')));
});

test('a probe without a step, and rows whose step does not fit, are no steps', () => {
  const without = { ...even, probes: probes.map((each) => ({ ...each, step: null })) };
  assert.deepEqual(nextSteps(without, inspection), []);
  const unfit = { ...even, layers: even.layers.map((row) => ({ ...row, bytes: null })) };
  assert.deepEqual(nextSteps(unfit, inspection), []);
});

test('the share of time is that of all layers together', () => {
  const profile = profileOf(inspection, () => 1);
  const [first] = nextSteps(even, inspection, profile);
  assert.equal(first?.timeShare, 4 / inspection.layers.length);
});

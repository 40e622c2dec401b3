import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Role } from '../../../src/base/terms';
import type { DamageGrid } from '../../../src/protocol/sensitivity';
import { ratioInterval } from '../../../src/report/ratioInterval';
import { sensitivityFindings } from '../../../src/report/sensitivity/findings';
import { meansByDepth, meansByRole } from '../../../src/report/sensitivity/means';

const roles: readonly Role[] = ['query', 'key', 'value', 'output', 'up', 'down'];

/** Every block has one layer of each role; something below a tenth tells the layers apart. */
function grid(blocks: number, damageOf: (role: Role, block: number) => number): DamageGrid {
  const lines = Array.from({ length: blocks }, (_, block) =>
    roles.map((role, at) => {
      const damage = damageOf(role, block) * (1 + ((block * 7 + at * 3) % 5) / 50);
      const cell = { damage, low: damage * 0.9, high: damage * 1.1, samples: 64, settled: true };
      const id = `${block}.${role}`;
      return { id, name: id, part: 'attention' as const, role, block, cells: [cell] };
    }),
  ).flat();
  const strength = { kind: 'bits', value: 2 } as const;
  return { probes: [{ name: 'int2', title: '2-bit weights', strength, unit: 'layer' }], lines };
}

const suffers = (role: Role) => (role === 'value' || role === 'output' ? 3e-3 : 1e-3);

test('value and output projections that suffer most are said to, with the ratio and its interval', () => {
  const [first] = sensitivityFindings(grid(6, suffers));
  assert.match(
    first ?? '',
    /^Value and output projections suffer more than the other layers of their block under 2-bit weights \(3\.0x, 2\.9x to 3\.1x\) – 6 blocks, 95 % intervals\.$/,
  );
});

test('where they do not, no clear difference is said', () => {
  const noise = grid(6, (role, block) => (role === 'value' ? 1e-3 * 4 ** ((block % 3) - 1) : 1e-3));
  assert.match(
    sensitivityFindings(noise)[0] ?? '',
    /^Value and output projections do not clearly suffer more or less than .* under 2-bit weights \(1\.0/,
  );
});

test('the first block that suffers most is told from the last one, which does not', () => {
  const findings = sensitivityFindings(grid(6, (_, block) => (block === 0 ? 1e-2 : 1e-3)));
  assert.match(findings[1] ?? '', /^The first block suffers more than those between under 2-bit/);
  assert.match(
    findings[2] ?? '',
    /^The last block does not clearly suffer more or less than those between/,
  );
});

test('without blocks the first layer is compared by the interval of its own figure', () => {
  const flat = grid(2, (role, block) => (block === 0 && role === 'query' ? 1e-2 : 1e-3));
  const lines = flat.lines.map((line) => ({ ...line, block: null, role: 'conv' as const }));
  const findings = sensitivityFindings({ ...flat, lines });
  assert.equal(findings.length, 2);
  assert.match(findings[0] ?? '', /^The first layer, 0\.query, suffers more than .* \(9\.\dx, /);
  assert.match(findings[1] ?? '', /does not clearly suffer more or less/);
});

test('of too few layers nothing is said', () => {
  const few = grid(2, suffers);
  assert.deepEqual(sensitivityFindings({ ...few, lines: few.lines.slice(0, 4) }), []);
  assert.deepEqual(sensitivityFindings({ probes: [], lines: [] }), []);
});

test('an interval of ratios is that of the mean of their logarithms', () => {
  // Logarithms −1, 0 and 1: mean 0, standard error 1/√3, Student's t of two degrees 4.303.
  const { ratio, low, high, count } = ratioInterval([
    [Math.exp(-1), 1],
    [1, 1],
    [Math.E, 1],
    [0, 1],
  ])!;
  const half = 4.303 / Math.sqrt(3);
  assert.ok(Math.abs(Math.log(ratio)) < 1e-12 && count === 3);
  assert.ok(Math.abs(Math.log(low) + half) < 1e-9 && Math.abs(Math.log(high) - half) < 1e-9);
  assert.equal(ratioInterval([[1, 1]]), undefined);
});

test('means are by role, the worst first, and by block in their order', () => {
  const both = grid(3, suffers);
  assert.deepEqual(
    meansByRole(both)
      .slice(0, 2)
      .map(({ name }) => name)
      .sort(),
    ['output', 'value'],
  );
  assert.deepEqual(
    meansByDepth(both).map(({ name, layers }) => [name, layers]),
    [
      ['0', 6],
      ['1', 6],
      ['2', 6],
    ],
  );
  const [mean] = meansByRole(grid(1, () => 1))[0]!.means;
  assert.ok(mean!.low < mean!.mean && mean!.mean < mean!.high);
  assert.deepEqual(meansByDepth(grid(1, suffers)), []);
});

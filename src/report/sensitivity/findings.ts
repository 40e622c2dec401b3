import { formatRatio } from '../../base/format';
import type { Role } from '../../base/terms';
import { printable } from '../../base/text';
import type { DamageGrid, SensitivityViewLine } from '../../protocol/sensitivity';
import { listed } from '../facts';
import { geometricMean, ratioInterval, type Ratio } from '../ratioInterval';

/** Under one probe, how many times as much the one suffers as the other. */
interface Compared {
  readonly probe: string;
  readonly ratio: Ratio;
}

/** The projections that published work finds to suffer most at few bits. */
const suspects: readonly Role[] = ['value', 'output'];
/** First and last are compared with what lies between them: that takes two in the middle. */
const fewestBlocks = 4;
const fewestLayers = 5;

/**
 * Whether value and output projections suffer most, and whether the first and the last layers do: a sentence each with ratios and their
 * 95 % intervals, or that there is no clear difference. Nothing where there are too few layers to tell.
 */
export function sensitivityFindings(grid: DamageGrid): string[] {
  return [roleFinding(grid), ...endFindings(grid)].filter((text) => text !== undefined);
}

/** Block by block, so that what a block suffers as a whole does not count. */
function roleFinding({ lines, probes }: DamageGrid): string | undefined {
  const blocks = [...blocksOf(lines).values()];
  const present = suspects.filter((role) => lines.some((line) => line.role === role));
  const isSuspect = ({ role }: SensitivityViewLine) => present.includes(role);
  const compared = probes.flatMap(({ title }, at) => {
    const pairs = blocks.flatMap((own) => {
      const suspected = typical(own.filter(isSuspect), at);
      const others = typical(
        own.filter((line) => !isSuspect(line)),
        at,
      );
      return suspected && others ? [[suspected, others] as const] : [];
    });
    const ratio = ratioInterval(pairs);
    return ratio ? [{ probe: title, ratio }] : [];
  });
  const names = listed(present);
  const who = `${names.charAt(0).toUpperCase()}${names.slice(1)} projections`;
  return sentence(who, 'suffer', 'the other layers of their block', compared, 'blocks');
}

function endFindings(grid: DamageGrid): (string | undefined)[] {
  const blocks = [...blocksOf(grid.lines)].sort(([a], [b]) => a - b).map(([, own]) => own);
  const ofBlocks = blocks.length >= fewestBlocks ? blockEnds(grid, blocks) : [];
  // Blocks of one or two layers have too few pairs to tell.
  return ofBlocks.some((text) => text !== undefined) ? ofBlocks : layerEnds(grid);
}

/** Role by role, so that blocks of other roles are not compared. */
function blockEnds(
  { probes }: DamageGrid,
  blocks: readonly (readonly SensitivityViewLine[])[],
): (string | undefined)[] {
  const between = blocks.slice(1, -1).flat();
  const roles = new Set(between.map(({ role }) => role));
  const alike = new Map([...roles].map((own) => [own, between.filter(({ role }) => role === own)]));
  return (
    [
      ['The first block', blocks[0]],
      ['The last block', blocks.at(-1)],
    ] as const
  ).map(([who, own = []]) => {
    const compared = probes.flatMap(({ title }, at) => {
      // Once for a role: every layer of the block asks about it.
      const typicals = new Map([...alike].map(([role, lines]) => [role, typical(lines, at)]));
      const pairs = own.flatMap((line) => {
        const damage = line.cells[at]?.damage;
        const others = typicals.get(line.role);
        return damage !== undefined && others ? [[damage, others] as const] : [];
      });
      const ratio = ratioInterval(pairs);
      return ratio ? [{ probe: title, ratio }] : [];
    });
    return sentence(who, 'suffers', 'those between', compared, 'layers');
  });
}

/** Single layers have no like to make an interval of: theirs is that of the measurement, against that of the mean between. */
function layerEnds({ lines, probes }: DamageGrid): (string | undefined)[] {
  if (lines.length < fewestLayers) return [];
  const between = lines.slice(1, -1);
  return (
    [
      ['first', lines[0]],
      ['last', lines.at(-1)],
    ] as const
  ).map(([place, line]) => {
    const compared = probes.flatMap(({ title }, at) => {
      const own = line?.cells[at];
      const others = between.flatMap(({ cells }) => cells[at] ?? []);
      const mean = (of: (cell: (typeof others)[number]) => number) =>
        others.reduce((sum, cell) => sum + of(cell), 0) / others.length;
      const [middle, low, high] = [
        mean((cell) => cell.damage),
        mean((cell) => cell.low),
        mean((cell) => cell.high),
      ];
      if (!own || !(middle > 0) || !(low > 0)) return [];
      const ratio = { ratio: own.damage / middle, low: own.low / high, high: own.high / low };
      return [{ probe: title, ratio: { ...ratio, count: others.length } }];
    });
    const who = `The ${place} layer, ${printable(line?.name ?? '', 60)},`;
    return sentence(who, 'suffers', 'those between', compared, 'layers');
  });
}

function blocksOf(lines: readonly SensitivityViewLine[]): Map<number, SensitivityViewLine[]> {
  const blocks = new Map<number, SensitivityViewLine[]>();
  for (const line of lines) {
    if (line.block === null) continue;
    const own = blocks.get(line.block) ?? [];
    own.push(line);
    blocks.set(line.block, own);
  }
  return blocks;
}

const typical = (lines: readonly SensitivityViewLine[], at: number): number | undefined =>
  geometricMean(lines.flatMap(({ cells }) => cells[at]?.damage ?? []));

/**
 * "Value and output projections suffer more than the other layers of their block under 2-bit weights (3.1x, 2.2x to 4.3x); no clear
 * difference under int8 weights (1.1x, 0.9x to 1.3x) – 6 blocks, 95 % intervals."
 */
function sentence(
  who: string,
  verb: 'suffer' | 'suffers',
  others: string,
  compared: readonly Compared[],
  counted: string,
): string | undefined {
  const [first] = compared;
  if (!first) return undefined;
  const clauses = [
    [`${verb} more than ${others}`, compared.filter(({ ratio }) => ratio.low > 1)],
    [`${verb} less than ${others}`, compared.filter(({ ratio }) => ratio.high < 1)],
  ] as const;
  const unclear = compared.filter(({ ratio }) => ratio.low <= 1 && ratio.high >= 1);
  const clear = clauses.flatMap(([what, own]) =>
    own.length > 0 ? [`${what} under ${ways(own, compared.length)}`] : [],
  );
  const count = Math.max(...compared.map(({ ratio }) => ratio.count));
  const end = `– ${count} ${counted}, 95 % intervals.`;
  if (clear.length === 0) {
    const does = verb === 'suffer' ? 'do' : 'does';
    return `${who} ${does} not clearly suffer more or less than ${others} under ${ways(unclear, compared.length, 'any of the')} ${end}`;
  }
  const rest =
    unclear.length > 0 ? `; no clear difference under ${ways(unclear, compared.length)}` : '';
  return `${who} ${clear.join(', and ')}${rest} ${end}`;
}

/** More ways than this are said by their extremes. */
const mostWays = 2;

/** "2-bit weights (3.1x, 2.2x to 4.3x)"; of many the extremes: "all 6 ways, from int8 weights (…) to 2-bit weights (…)". */
function ways(own: readonly Compared[], all: number, every = 'all'): string {
  if (own.length <= mostWays) return listed(own.map(withRatio));
  const sorted = [...own].sort((a, b) => a.ratio.ratio - b.ratio.ratio);
  const [least] = sorted;
  const most = sorted.at(-1);
  const count = own.length === all ? `${every} ${all} ways` : `${own.length} of ${all} ways`;
  return least && most ? `${count}, from ${withRatio(least)} to ${withRatio(most)}` : count;
}

const withRatio = ({ probe, ratio: { ratio, low, high } }: Compared) =>
  `${probe} (${formatRatio(ratio)}x, ${formatRatio(low)}x to ${formatRatio(high)}x)`;

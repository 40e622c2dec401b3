import type { DamageGrid, MeanLine, SensitivityViewLine } from '../../protocol/sensitivity';

/**
 * Means over the layers of each role: whether value and output projections suffer most. The worst under the last probe first; in the model's order
 * while figures still arrive, or the lines would change places with each of them.
 */
export function meansByRole(grid: DamageGrid, complete = true): MeanLine[] {
  const last = grid.probes.length - 1;
  const worst = ({ means }: MeanLine) => means[last]?.mean ?? -Infinity;
  const means = meansBy(grid, ({ role }) => role);
  return complete ? means.sort((a, b) => worst(b) - worst(a)) : means;
}

/** Means over the layers of each block, in the model's order: whether the first or the last suffer most. Empty below two blocks. */
export function meansByDepth(grid: DamageGrid): MeanLine[] {
  const means = meansBy(grid, ({ block }) => (block === null ? undefined : String(block)));
  return means.length < 2 ? [] : means.sort((a, b) => Number(a.name) - Number(b.name));
}

function meansBy(
  { lines, probes }: DamageGrid,
  keyOf: (line: SensitivityViewLine) => string | undefined,
): MeanLine[] {
  const found = new Map<string, SensitivityViewLine[]>();
  for (const line of lines) {
    const key = keyOf(line);
    if (key === undefined) continue;
    const own = found.get(key) ?? [];
    own.push(line);
    found.set(key, own);
  }
  return [...found].map(([name, own]) => ({
    name,
    layers: own.length,
    means: probes.map((_, at) => meanAt(own, at)),
  }));
}

function meanAt(lines: readonly SensitivityViewLine[], at: number): MeanLine['means'][number] {
  const cells = lines.flatMap((line) => line.cells[at] ?? []);
  if (cells.length === 0) return null;
  const mean = (of: (cell: (typeof cells)[number]) => number) =>
    cells.reduce((sum, cell) => sum + of(cell), 0) / cells.length;
  return {
    mean: mean(({ damage }) => damage),
    low: mean(({ low }) => low),
    high: mean(({ high }) => high),
  };
}

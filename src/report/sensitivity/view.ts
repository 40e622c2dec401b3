import type {
  DamageGrid,
  HintLine,
  Sensitivity,
  SensitivityRow,
  SensitivityView,
  SensitivityViewLine,
  Unit,
} from '../../protocol/sensitivity';
import type { Inspection } from '../../protocol/types';
import { sensitivityFindings } from './findings';
import { meansByDepth, meansByRole } from './means';
import { stabilityText } from './stability';

/** More lines than this nobody reads as a picture; the exports have them all. */
const mostLines = 400;
const mostHints = 100;

/**
 * A sweep as the dashboard draws it: lines in the model's order, of very many those that suffer most. Of one that is not complete the layers
 * that `inspection` lets expect are there from the start, so that nothing moves when their figures arrive.
 */
export function sensitivityView(
  sensitivity: Sensitivity,
  inspection?: Inspection,
  most = mostLines,
): SensitivityView {
  const { metric, tier, data, facts, samples, skipped, complete, notes, propagation } = sensitivity;
  const layers = gridOf(sensitivity, 'layer');
  const stability = stabilityText(sensitivity);
  const shown = inspection && !complete ? withExpected(layers, sensitivity, inspection) : layers;
  return {
    metric: { title: metric.title, unit: metric.unit },
    ...{ tier, data, samples, complete, notes },
    ...(facts ? { facts } : {}),
    ...cut(shown, most),
    wholes: (['block', 'head'] as const).flatMap((unit) => {
      const grid = gridOf(sensitivity, unit);
      return grid.lines.length > 0 ? [{ ...cut(grid, most), unit }] : [];
    }),
    roles: meansByRole(shown, complete),
    depth: meansByDepth(shown),
    findings: complete ? [...sensitivityFindings(layers), ...(stability ? [stability] : [])] : [],
    hints: hintsOf(sensitivity),
    propagation: propagation.slice(0, most),
    skipped: skipped.length,
  };
}

/** The rows of the probes that change one kind of thing, as lines. */
function gridOf({ probes, layers }: Sensitivity, wanted: Unit): DamageGrid {
  const own = probes.filter(({ unit }) => unit === wanted);
  const places = new Map(own.map(({ name }, at) => [name, at]));
  const lines = new Map<string, SensitivityViewLine>();
  for (const row of layers) {
    const at = places.get(row.probe);
    if (at === undefined) continue;
    const { id, name, part, role, block } = row;
    const line = lines.get(id) ?? { id, name, part, role, block, cells: own.map(() => null) };
    line.cells[at] = cellOf(row);
    lines.set(id, line);
  }
  return {
    probes: own.map(({ name, title, strength, unit }) => ({ name, title, strength, unit })),
    lines: [...lines.values()],
  };
}

/** The smallest weight that is compressed. */
const smallest = 64;

function withExpected(
  { probes, lines }: DamageGrid,
  { skipped }: Sensitivity,
  { layers }: Inspection,
): DamageGrid {
  const known = new Map(lines.map((line) => [line.id, line]));
  const left = new Set(skipped.map(({ layer }) => layer));
  const expected = layers.flatMap((layer) => {
    const line = known.get(layer.id);
    if (line) return [line];
    if (left.has(layer.id) || layer.tiedTo !== null || layer.part === 'norm') return [];
    const isAsked = layer.weights.some(
      ({ shape, dtype, parameters }) =>
        shape.length > 1 && dtype === 'float32' && parameters >= smallest,
    );
    const { id, name, part, role, block } = layer;
    return isAsked ? [{ id, name, part, role, block, cells: probes.map(() => null) }] : [];
  });
  return { probes, lines: expected };
}

const cellOf = ({ damage, low, high, samples, settled }: SensitivityRow) => ({
  ...{ damage, low, high, samples, settled },
});

function cut({ probes, lines }: DamageGrid, most: number): DamageGrid & { omitted: number } {
  const worstOf = new Map(lines.map((line) => [line, worst(line)]));
  const suffering = (line: SensitivityViewLine) => worstOf.get(line) ?? -Infinity;
  const kept = new Set([...lines].sort((a, b) => suffering(b) - suffering(a)).slice(0, most));
  return {
    probes,
    lines: lines.filter((line) => kept.has(line)),
    omitted: lines.length - kept.size,
  };
}

const worst = ({ cells }: SensitivityViewLine) =>
  Math.max(...cells.map((cell) => cell?.damage ?? -Infinity));

function hintsOf({ hints, probes }: Sensitivity): SensitivityView['hints'] {
  const asked = probes.filter(({ name }) =>
    hints.some(({ weightSnrDb }) =>
      weightSnrDb.some(({ probe, db }) => probe === name && db !== null),
    ),
  );
  const lines = hints.map(({ id, outlierRatio, channelSpread, zeros, weightSnrDb }): HintLine => {
    const snrDb = asked.map(({ name }) => weightSnrDb.find(({ probe }) => probe === name)?.db);
    return { id, outlierRatio, channelSpread, zeros, snrDb: snrDb.map((db) => db ?? null) };
  });
  const least = new Map(
    lines.map((line) => [line, Math.min(...line.snrDb.map((db) => db ?? Infinity))]),
  );
  const keeps = (line: HintLine) => least.get(line) ?? Infinity;
  const kept = lines.sort((a, b) => keeps(a) - keeps(b)).slice(0, mostHints);
  return {
    probes: asked.map(({ title }) => title),
    lines: kept,
    omitted: lines.length - kept.length,
  };
}

/** "KL divergence, 128 samples of dev.npz": what the figures stand on. */
export function standsOn({ metric, samples, data }: Sensitivity): string {
  const inputs = data === 'synthetic' ? 'synthetic inputs' : `samples of ${lastName(data)}`;
  return `${metric.title}, ${samples} ${inputs}`;
}

const lastName = (path: string) => path.split(/[\\/]/).at(-1) ?? path;

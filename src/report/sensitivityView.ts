import { formatSmall } from '../base/format';
import type {
  Sensitivity,
  SensitivityRow,
  SensitivityView,
  SensitivityViewLine,
} from '../protocol/sensitivity';
import { byRole, sensitivityLines, type SensitivityLine } from './sensitivityTable';

/** More lines than this nobody reads as a picture; the exports have them all. */
const mostLines = 400;

/** A sweep as the dashboard draws it: lines in the model's order, of very many those that suffer most. */
export function sensitivityView(sensitivity: Sensitivity, most = mostLines): SensitivityView {
  const { metric, tier, data, samples, probes, skipped, complete } = sensitivity;
  const lines = sensitivityLines(sensitivity);
  const kept = [...lines].sort((a, b) => worst(b) - worst(a)).slice(0, most);
  const place = new Map([...new Set(sensitivity.layers.map(({ id }) => id))].map(placed));
  kept.sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
  return {
    metric: { title: metric.title, unit: metric.unit },
    ...{ tier, data, samples, complete },
    probes: probes.map(({ name, title, strength, unit }) => ({ name, title, strength, unit })),
    lines: kept.map(viewLine),
    omitted: lines.length - kept.length,
    roles: byRole(sensitivity).map(({ role, layers, means }) => ({
      ...{ role, layers },
      means: [...means],
    })),
    skipped: skipped.length,
  };
}

const placed = (id: string, at: number) => [id, at] as const;

const worst = ({ cells }: SensitivityLine) =>
  Math.max(...cells.map((cell) => cell?.damage ?? -Infinity));

function viewLine({ id, name, part, role, cells }: SensitivityLine): SensitivityViewLine {
  const figures = cells.map((cell) => {
    if (!cell) return null;
    const { damage, low, high, samples, settled } = cell;
    return { damage, low, high, samples, settled };
  });
  return { id, name, part, role, cells: figures };
}

/** "int8 weights 1.2e-7 ± 3e-8, 4-bit weights 0.0003 ± 0.0001": what the probes did to one layer; undefined where none was tried. */
export function layerSensitivity(
  { layers, probes }: Sensitivity,
  layer: string,
): string | undefined {
  const own = layers.filter(({ id }) => id === layer);
  const said = probes.flatMap(({ name, title }) => {
    const row = own.find(({ probe }) => probe === name);
    return row ? [`${title} ${withSpread(row)}`] : [];
  });
  return said.length > 0 ? said.join(', ') : undefined;
}

const withSpread = ({ damage, high }: SensitivityRow) =>
  `${formatSmall(damage)} ± ${formatSmall(high - damage)}`;

/** "KL divergence, 128 samples of dev.npz": what the figures stand on. */
export function standsOn({ metric, samples, data }: Sensitivity): string {
  const inputs = data === 'synthetic' ? 'synthetic inputs' : `samples of ${lastName(data)}`;
  return `${metric.title}, ${samples} ${inputs}`;
}

const lastName = (path: string) => path.split(/[\\/]/).at(-1) ?? path;

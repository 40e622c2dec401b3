import { useMemo, useRef } from 'preact/hooks';
import { formatSmall } from '../../src/base/format';
import { printable } from '../../src/base/text';
import type { DamageGrid, MeanLine, SensitivityViewLine } from '../../src/protocol/sensitivity';
import { damageText, exact, shortProbe, type DamageScale } from '../damage';
import { roleText } from '../roles';
import { useStretch } from '../widgets/stretch';

interface Props {
  readonly grid: DamageGrid;
}

/** The map's figures with their intervals, to read, to copy and to listen to. */
export function DamageTable({
  grid,
  lines,
}: Props & { readonly lines: readonly SensitivityViewLine[] }) {
  return (
    <div
      class="figures-scroll damage-table"
      tabIndex={0}
      role="region"
      aria-label="Sensitivity, as a table"
    >
      <table class="figures">
        <Head first="layer" second="role" grid={grid} />
        <tbody>
          {lines.map((line) => (
            <tr key={line.id} class={`part-${line.part}`}>
              <th scope="row">
                <i class="swatch" />
                {printable(line.name)}
              </th>
              <td>{roleText(line.role)}</td>
              {line.cells.map((cell, at) => (
                <td key={grid.probes[at]?.name}>
                  <span class={cell?.settled === false ? 'not-settled' : ''}>
                    {damageText(cell)}
                  </span>
                  {cell?.settled === false && <span class="hidden-text"> not settled</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface MeanProps extends Props {
  readonly title: string;
  readonly means: readonly MeanLine[];
  readonly scale: DamageScale | undefined;
}

/** As in whereItGoes.css, in pixels. */
const rowHeight = 22;

/** Means over layers that belong together, each with its place on the map's scale. Of very many only the rows on show are in the page. */
export function MeanTable({ grid, title, means, scale }: MeanProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [{ from, to }, onScroll] = useStretch(scroller, 'down');
  const first = Math.max(0, Math.floor(from / rowHeight));
  const last = Math.min(means.length, Math.ceil(to / rowHeight));
  return (
    <div
      class="figures-scroll mean-table"
      tabIndex={0}
      role="region"
      aria-label={title}
      ref={scroller}
      onScroll={onScroll}
    >
      <table class="figures" aria-rowcount={means.length + 1}>
        <Head first={title} second="layers" grid={grid} />
        <tbody>
          {last - first < means.length && <Widest means={means} />}
          <Gap rows={first} />
          {means.slice(first, last).map(({ name, layers, means: figures }, index) => (
            <tr key={name} aria-rowindex={first + index + 2}>
              <th scope="row">{roleText(name)}</th>
              <td>{layers}</td>
              {figures.map((figure, at) => (
                <td
                  key={grid.probes[at]?.name}
                  data-tip={figure ? meanTip(figure, layers) : undefined}
                >
                  {figure && scale && <Level level={scale.levelOf(figure.mean)} />}
                  <span class="mean-figure">{formatSmall(figure?.mean)}</span>
                </td>
              ))}
            </tr>
          ))}
          <Gap rows={means.length - last} />
        </tbody>
      </table>
    </div>
  );
}

/** In the place of rows that are not drawn. */
function Gap({ rows }: { readonly rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr aria-hidden="true">
      <td style={{ height: `${rows * rowHeight}px` }} />
    </tr>
  );
}

/** A row that takes no height and gives every column the width of its longest text, so that columns stay as wide whatever rows are drawn. */
function Widest({ means }: { readonly means: readonly MeanLine[] }) {
  return useMemo(() => {
    const texts = means.map(({ name, layers, means: figures }) => [
      roleText(name),
      String(layers),
      ...figures.map((figure) => formatSmall(figure?.mean)),
    ]);
    const widest = texts.reduce((longest, row) =>
      longest.map((text, at) => ((row[at] ?? '').length > text.length ? (row[at] ?? '') : text)),
    );
    return (
      <tr class="widest" aria-hidden="true">
        {widest.map((text, at) => (
          <td key={at}>
            {at > 1 && <Level level={0} />}
            <span class={at > 1 ? 'mean-figure' : ''}>{text}</span>
          </td>
        ))}
      </tr>
    );
  }, [means]);
}

/** A place on the ramp beside its figure. */
export function Level({ level }: { readonly level: number }) {
  return (
    <span class="heat level" style={{ '--level': `${level}%` }}>
      <i />
    </span>
  );
}

const meanTip = ({ mean, low, high }: NonNullable<MeanLine['means'][number]>, layers: number) =>
  [
    `mean ${exact(mean)} of ${layers} ${layers === 1 ? 'layer' : 'layers'}`,
    Number.isFinite(high - low)
      ? `mean of their 95 % intervals ${formatSmall(low)} to ${formatSmall(high)}`
      : '',
  ]
    .filter((line) => line !== '')
    .join('\n');

function Head({ first, second, grid }: Props & { first: string; second: string }) {
  return (
    <thead>
      <tr>
        {[first, second, ...grid.probes.map(({ title }) => shortProbe(title))].map((title) => (
          <th scope="col" key={title}>
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

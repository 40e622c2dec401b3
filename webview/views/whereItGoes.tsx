import { formatExact, formatMs, formatShare, unknownText } from '../../src/base/format';
import { parts, type Part } from '../../src/base/terms';
import { termOf } from '../filter';
import { barsOf, outside, outsideTitle, presentParts, type Bar, type Slice } from '../figures';
import { isSynthetic, timesSettled } from '../state';
import { DataLine } from '../widgets/dataLine';
import { StackedBars, type StackedBar } from '../widgets/stackedBars';
import { dataName } from './facts';
import type { ViewProps } from './props';
import './whereItGoes.css';

/** What every part of the model takes of its five costs, one bar under the other, so that the eye compares down the column. */
export function WhereItGoes({ state, dashboard, act }: ViewProps) {
  const bars = barsOf(dashboard);
  const present = presentParts(bars);
  const { asTable, filter } = state.view;
  const chosen = partIn(filter, present);
  return (
    <section aria-labelledby="where-it-goes">
      <div class="section-head">
        <h2 id="where-it-goes">Where it goes</h2>
        <div class="legend" role="group" aria-label="Parts of the model">
          {present.map((part) => (
            <button
              key={part}
              type="button"
              class={`legend-item part-${part}`}
              aria-pressed={chosen === part}
              data-faded={chosen !== undefined && chosen !== part}
              onClick={() => act.toggleFilter({ part })}
            >
              <i class="swatch" />
              {parts[part]}
            </button>
          ))}
        </div>
        <button
          type="button"
          class="link"
          aria-pressed={asTable}
          onClick={() => act.setView({ asTable: !asTable })}
        >
          {asTable ? 'As bars' : 'As a table'}
        </button>
      </div>
      {asTable ? (
        <FiguresTable bars={bars} present={present} />
      ) : (
        <StackedBars
          bars={bars.map((bar) => stackedBar(bar, dashboard))}
          chosen={chosen}
          empty={(id) => <Empty id={id} dashboard={dashboard} act={act} />}
          onPress={(part) => act.toggleFilter({ part })}
        />
      )}
      <p class="caption">{caption(dashboard)}</p>
      {timesSettled(dashboard) && <DataLine facts={dashboard.measured?.facts} />}
    </section>
  );
}

function partIn(filter: string, present: readonly Part[]): Part | undefined {
  const value = termOf(filter, 'part')?.toLowerCase();
  return present.find((part) => part.toLowerCase() === value);
}

function Empty({ id, dashboard, act }: Omit<ViewProps, 'state'> & { readonly id: string }) {
  if (id !== 'timeMs') return <span>not countable in this model</span>;
  if (dashboard.busy) return <span>{dashboard.busy.what.toLowerCase()}…</span>;
  return (
    <>
      <span>not measured yet</span>
      <button type="button" class="link" onClick={() => act.profile()}>
        Profile
      </button>
    </>
  );
}

function stackedBar(bar: Bar, dashboard: ViewProps['dashboard']): StackedBar {
  return {
    id: bar.metric,
    title: bar.title,
    total: totalText(bar),
    ...(bar.empty ? {} : { totalTip: totalTip(bar) }),
    summary: summary(bar),
    segments: bar.empty
      ? []
      : bar.slices.map((slice) => ({
          id: slice.part,
          colour: `part-${slice.part}`,
          share: slice.share,
          tip: sliceTip(bar, slice, dashboard),
          pressable: slice.part !== outside,
        })),
  };
}

const totalText = (bar: Bar) =>
  bar.empty ? unknownText : `${bar.partial ? '> ' : ''}${bar.format(bar.total)}`;

function totalTip(bar: Bar): string {
  const all = `${bar.title} of all layers: ${exactText(bar, bar.total)}`;
  return bar.beside > 0 ? `${all}\n${bar.format(bar.beside)} more of a run are in no node` : all;
}

const exactText = (bar: Bar, value: number | null) =>
  bar.metric === 'timeMs' ? bar.format(value) : formatExact(value);

function sliceTip(bar: Bar, slice: Slice, dashboard: ViewProps['dashboard']): string {
  const lines = [
    slice.value === null
      ? `${slice.title}: ${bar.title} not known`
      : `${slice.title}: ${formatShare(slice.share)} of ${bar.title}`,
    slice.value === null ? '' : `${exactText(bar, slice.value)} of ${exactText(bar, bar.total)}`,
    slice.part === outside ? 'Inputs of the model that are alive at the peak' : '',
    bar.metric === 'timeMs' && isSynthetic(dashboard) ? 'Measured on synthetic inputs' : '',
  ];
  return lines.filter((line) => line !== '').join('\n');
}

/** "time: Attention 39 %, Feed-forward 50 %, …": the bar for those who cannot see it. */
function summary(bar: Bar): string {
  if (bar.empty) return `${bar.title}: not known`;
  const slices = bar.slices.map(({ title, share }) => `${title} ${formatShare(share)}`);
  return `${bar.title}, ${totalText(bar)}: ${slices.join(', ')}`;
}

/** How the times were had: their sum is not the model's latency. */
function caption(dashboard: ViewProps['dashboard']): string {
  const { measured } = dashboard;
  if (!measured || !timesSettled(dashboard)) {
    return 'Parameters, bytes, MACs and activations are counted; time is measured when you profile.';
  }
  const { plainLatencyMs, latencyMs, data, unattributedMs } = measured;
  const plain = plainLatencyMs === null ? '' : `: ${formatMs(plainLatencyMs.median)} a run`;
  const beside = unattributedMs ? `, ${formatMs(unattributedMs)} of it outside any node` : '';
  return (
    `Time is measured per node with optimisations off${plain}${beside}, on ${dataName(data)}. ` +
    `Optimised, the model takes ${formatMs(latencyMs.median)}. The rest is counted.`
  );
}

/** The same figures to read, to copy and to listen to. */
function FiguresTable({
  bars,
  present,
}: {
  readonly bars: readonly Bar[];
  readonly present: readonly Part[];
}) {
  const hasOutside = bars.some(
    (bar) => bar.beside > 0 || bar.slices.some((slice) => slice.part === outside),
  );
  const rows: readonly Slice['part'][] = hasOutside ? [...present, outside] : present;
  return (
    <div class="figures-scroll" tabIndex={0} role="region" aria-label="Where it goes, as a table">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">part</th>
            {bars.map((bar) => (
              <th scope="col" colSpan={2} key={bar.metric}>
                {bar.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((part) => (
            <tr key={part} class={`part-${part}`}>
              <th scope="row">
                <i class="swatch" />
                {part === outside ? outsideTitle : parts[part]}
              </th>
              {bars.map((bar) => (
                <FigureCells key={bar.metric} bar={bar} part={part} />
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">all</th>
            {bars.map((bar) => (
              <td class="figure" colSpan={2} key={bar.metric}>
                {totalText({ ...bar, total: bar.total + bar.beside })}
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function FigureCells({ bar, part }: { readonly bar: Bar; readonly part: Slice['part'] }) {
  const slice = bar.slices.find((other) => other.part === part);
  // A part that takes none of a metric has no slice; that is a zero only where the metric is known at all.
  const none = !slice && !bar.empty;
  if (!slice && part === outside) {
    return (
      <>
        <td class="figure">{bar.beside > 0 && bar.format(bar.beside)}</td>
        <td />
      </>
    );
  }
  return (
    <>
      <td class="figure">{figureText(slice, none, bar.format)}</td>
      <td class="figure quiet">{figureText(slice, none, () => formatShare(slice?.share))}</td>
    </>
  );
}

const figureText = (slice: Slice | undefined, none: boolean, format: Bar['format']) =>
  none ? '0' : format(slice?.value);

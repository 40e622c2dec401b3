import { useMemo } from 'preact/hooks';
import { formatExact, formatSmall } from '../../src/base/format';
import type { SensitivityView } from '../../src/protocol/sensitivity';
import {
  damageScale,
  inputsText,
  orderedLines,
  standsOnText,
  tierText,
  type DamageScale,
} from '../damage';
import { Button, Ring } from '../kit';
import { letterLegend } from '../roles';
import { DataLine } from '../widgets/dataLine';
import { DamageMap } from './damageMap';
import { DamageTable, MeanTable } from './damageTables';
import { Hints } from './hints';
import { LayerDetail } from './layerDetail';
import { Propagation } from './propagation';
import type { ViewProps } from './props';
import { Wholes } from './wholes';
import './sensitivity.css';

/** How much the model's answers change when one layer alone is compressed. */
export function Sensitivity({ state, dashboard, act }: ViewProps) {
  const { sensitivity } = dashboard;
  return (
    <section class="sensitivity" aria-labelledby="sensitivity">
      <div class="section-head">
        <h2 id="sensitivity">Sensitivity</h2>
        {sensitivity && (
          <span class="quiet" data-tip={tierText(sensitivity)}>
            {standsOnText(sensitivity)}
          </span>
        )}
        {sensitivity && (
          <span class="sensitivity-act">
            <button type="button" class="link" onClick={() => act.exportSensitivity()}>
              Export…
            </button>
            <Act dashboard={dashboard} act={act} again />
          </span>
        )}
      </div>
      {sensitivity ? (
        <Measured state={state} dashboard={dashboard} act={act} view={sensitivity} />
      ) : (
        <div class="recipe-empty">
          <span>
            How much each layer would suffer from fewer bits or fewer weights is not measured yet.
          </span>
          <Act dashboard={dashboard} act={act} again={false} />
        </div>
      )}
    </section>
  );
}

interface MeasuredProps extends ViewProps {
  readonly view: SensitivityView;
}

function Measured({ state, dashboard, act, view }: MeasuredProps) {
  const { sensitivityLinear } = state.view;
  const { selected } = state;
  const scale = useMemo(() => damageScale(view, sensitivityLinear), [view, sensitivityLinear]);
  const goTo = (layer: string) => act.goTo(layer);
  if (view.lines.length === 0 && view.wholes.length === 0) {
    return <Hints hints={view.hints} folded={false} onGoTo={goTo} />;
  }
  return (
    <>
      <Toolbar state={state} dashboard={dashboard} act={act} view={view} scale={scale} />
      <Layers state={state} act={act} view={view} scale={scale} />
      {view.lines.length > 0 && !state.view.sensitivityTable && <Letters view={view} />}
      <p class="caption">{caption(view)}</p>
      <DataLine facts={view.facts} />
      <Wholes view={view} scale={scale} act={act} />
      <Summary view={view} scale={scale} state={state} act={act} />
      <Propagation view={view} blocks={dashboard.blocks ?? []} selected={selected} onPress={goTo} />
      {view.propagation.length === 0 && view.complete && (
        <p class="caption">
          Where errors enter and where they grow is not measured yet.{' '}
          <button
            type="button"
            class="link"
            disabled={dashboard.busy !== undefined}
            onClick={() => act.measureSensitivity()}
          >
            Follow the error…
          </button>
        </p>
      )}
      <Hints hints={view.hints} folded onGoTo={goTo} />
    </>
  );
}

/** Every layer under every probe, as a map or as a table. */
function Layers({ state, act, view, scale }: SummaryProps) {
  const { selected } = state;
  const { sensitivityTable: asTable, sensitivitySort: sort } = state.view;
  // Thousands of cells, which a filter that is being typed does not concern.
  return useMemo(() => {
    if (view.lines.length === 0) return null;
    if (asTable) return <DamageTable grid={view} lines={orderedLines(view, sort)} />;
    return (
      <DamageMap
        label="Sensitivity of each layer to each way of compressing it"
        view={view}
        grid={view}
        scale={scale}
        sort={sort}
        selected={selected}
        onSort={(sensitivitySort) => act.setView({ sensitivitySort })}
        onPress={({ id }) => act.point(id)}
        hasMenu
      />
    );
  }, [view, scale, sort, selected, asTable]);
}

/** What the letters over the map stand for. */
function Letters({ view: { lines } }: { readonly view: SensitivityView }) {
  const legend = letterLegend(lines.map(({ role }) => role));
  return (
    <p class="caption letters" aria-hidden="true">
      {legend.map(({ letter, roles }) => (
        <span key={letter}>
          <b>{letter}</b> {roles}
        </span>
      ))}
    </p>
  );
}

interface SummaryProps extends Pick<MeasuredProps, 'view' | 'state' | 'act'> {
  readonly scale: DamageScale | undefined;
}

/** One layer's curve, what the roles and the depth have in common, and what follows from that. */
function Summary({ view, scale, state, act }: SummaryProps) {
  const { roles, depth, findings } = view;
  return (
    <>
      <div class="sensitivity-columns">
        <LayerDetail
          view={view}
          selected={state.selected}
          linear={state.view.sensitivityLinear}
          onGoTo={(layer) => act.goTo(layer)}
        />
        <div>
          {roles.length > 1 && (
            <MeanTable grid={view} title="mean by role" means={roles} scale={scale} />
          )}
          {depth.length > 1 && (
            <MeanTable grid={view} title="mean by block" means={depth} scale={scale} />
          )}
        </div>
      </div>
      {findings.length > 0 && (
        <ul class="findings">
          {findings.map((finding) => (
            <li key={finding}>{finding}</li>
          ))}
        </ul>
      )}
    </>
  );
}

interface ToolbarProps extends MeasuredProps {
  readonly scale: DamageScale | undefined;
}

function Toolbar({ state, dashboard, act, view, scale }: ToolbarProps) {
  const { sensitivityTable: asTable, sensitivityLinear: linear } = state.view;
  const isMeasuring = dashboard.busy?.task === 'sensitivity';
  return (
    <div class="sensitivity-toolbar">
      <span class="quiet">{progressText(view, isMeasuring)}</span>
      {view.stale === true && (
        <b role="alert">The model has changed since this was measured: measure again.</b>
      )}
      <Settled view={view} />
      {scale && <Ramp view={view} scale={scale} linear={linear} />}
      <button
        type="button"
        class="link"
        aria-pressed={linear}
        onClick={() => act.setView({ sensitivityLinear: !linear })}
      >
        {linear ? 'Logarithmic scale' : 'Linear scale'}
      </button>
      <button
        type="button"
        class="link"
        aria-label={`Sensitivity ${asTable ? 'as a map' : 'as a table'}`}
        onClick={() => act.setView({ sensitivityTable: !asTable })}
      >
        {asTable ? 'As a map' : 'As a table'}
      </button>
    </div>
  );
}

interface ActProps extends Omit<ViewProps, 'state'> {
  readonly again: boolean;
}

/** Begins, takes up again or stops the measurement. */
function Act({ dashboard, act, again }: ActProps) {
  const { busy, sensitivity, trusted } = dashboard;
  if (busy?.task === 'sensitivity') {
    return (
      <>
        <span class="quiet busy">
          <Ring />
          {busy.note || busy.what}
        </span>
        <Button label="Cancel the measurement of sensitivity" onPress={() => act.cancel()}>
          Cancel
        </Button>
      </>
    );
  }
  return (
    <Button
      disabled={busy !== undefined}
      tip={trusted ? undefined : 'Asks you to trust this workspace first'}
      onPress={() => act.measureSensitivity()}
    >
      {!again ? 'Measure Sensitivity…' : sensitivity?.complete ? 'Measure Again…' : 'Continue…'}
    </Button>
  );
}

interface RampProps {
  readonly view: SensitivityView;
  readonly scale: DamageScale;
  readonly linear: boolean;
}

function Ramp({ view, scale: { lowest, highest, isCut }, linear }: RampProps) {
  const kind = linear ? 'linear' : 'logarithmic';
  const [low, high] = [`${isCut ? '≤ ' : ''}${formatSmall(lowest)}`, formatSmall(highest)];
  const { title, unit } = view.metric;
  const label = `Colours: ${title} in ${unit} from ${low} to ${high} on a ${kind} scale`;
  return (
    <div class="ramp" role="img" aria-label={label}>
      <span aria-hidden="true">{low}</span>
      <i />
      <span aria-hidden="true">
        {high} {unit}
      </span>
    </div>
  );
}

/** What the dot on a cell means, and how many figures have one. */
function Settled({ view: { lines, wholes } }: { readonly view: SensitivityView }) {
  const cells = [...lines, ...wholes.flatMap((grid) => grid.lines)].flatMap((line) => line.cells);
  const known = cells.filter((cell) => cell !== null);
  const open = known.filter(({ settled }) => !settled).length;
  if (open === 0) return null;
  return (
    <span
      class="quiet not-settled"
      data-tip="More samples may change their place in the ranking, or their side of the limit"
    >
      {formatExact(open)} of {formatExact(known.length)} not settled
    </span>
  );
}

/** How far an unfinished one has come; nothing of a finished one. */
function progressText({ complete, lines }: SensitivityView, isMeasuring: boolean): string {
  if (complete) return '';
  const measured = lines.filter(({ cells }) => cells.some((cell) => cell !== null)).length;
  const so = measured === 1 ? '1 layer' : `${measured} layers`;
  return isMeasuring ? `${so} so far` : `stopped after ${so}`;
}

/** What the figures stand on. */
function caption(view: SensitivityView): string {
  const { metric, data, facts, omitted, skipped, notes } = view;
  return [
    `${metric.title} (${metric.unit}) between the whole model’s answers before and after one layer alone is changed: mean over ${inputsText(view)}.`,
    data === 'synthetic' && !facts && 'Choose real data for figures that hold for yours.',
    omitted > 0 && `${omitted} more layers suffer less and are not shown; exports have them all.`,
    skipped > 0 && `${skipped} ${skipped === 1 ? 'layer' : 'layers'} could not be asked about.`,
    ...notes,
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ');
}

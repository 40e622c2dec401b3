import { formatSmall } from '../../src/base/format';
import type { SensitivityView } from '../../src/protocol/sensitivity';
import { damageScale, inputsText, orderedLines } from '../damage';
import { Button, Ring } from '../kit';
import { DamageMap } from './damageMap';
import { DamageTable, RoleTable } from './damageTables';
import type { ViewProps } from './props';
import './sensitivity.css';

/** How much the model's answers change when one layer alone is compressed: layers by probes. */
export function Sensitivity({ state, dashboard, act }: ViewProps) {
  const { sensitivity, busy } = dashboard;
  const isMeasuring = busy?.task === 'sensitivity';
  const { sensitivityTable: asTable, sensitivitySort } = state.view;
  return (
    <section class="sensitivity" aria-labelledby="sensitivity">
      <div class="section-head">
        <h2 id="sensitivity">Sensitivity</h2>
        <span class="quiet">{sensitivity && progressText(sensitivity, isMeasuring)}</span>
        {sensitivity && !asTable && <Ramp view={sensitivity} />}
        {sensitivity && (
          <button
            type="button"
            class={`link ${asTable ? 'at-end' : ''}`}
            aria-label={`Sensitivity ${asTable ? 'as a map' : 'as a table'}`}
            onClick={() => act.setView({ sensitivityTable: !asTable })}
          >
            {asTable ? 'As a map' : 'As a table'}
          </button>
        )}
        {sensitivity && <Act dashboard={dashboard} act={act} again />}
      </div>
      {!sensitivity && (
        <div class="recipe-empty">
          <span>
            How much each layer would suffer from fewer bits or fewer weights is not measured yet.
          </span>
          <Act dashboard={dashboard} act={act} again={false} />
        </div>
      )}
      {sensitivity && (
        <>
          <div class="sensitivity-columns">
            {asTable ? (
              <DamageTable view={sensitivity} lines={orderedLines(sensitivity, sensitivitySort)} />
            ) : (
              <DamageMap
                view={sensitivity}
                sort={sensitivitySort}
                selected={state.selected}
                onSort={(sort) => act.setView({ sensitivitySort: sort })}
                onPress={(layer) => act.point(layer)}
              />
            )}
            {sensitivity.roles.length > 1 && <RoleTable view={sensitivity} />}
          </div>
          <p class="caption">{caption(sensitivity)}</p>
        </>
      )}
    </section>
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
      <span class="sensitivity-act">
        {!again && (
          <span class="quiet busy">
            <Ring />
            {busy.note || busy.what}
          </span>
        )}
        <Button label="Cancel the measurement of sensitivity" onPress={() => act.cancel()}>
          Cancel
        </Button>
      </span>
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

function Ramp({ view }: { readonly view: SensitivityView }) {
  const scale = damageScale(view.lines);
  if (!scale) return null;
  return (
    <div class="ramp" role="img" aria-label={rampText(view, scale.lowest, scale.highest)}>
      <span aria-hidden="true">
        {view.metric.title} {formatSmall(scale.lowest)}
      </span>
      <i />
      <span aria-hidden="true">{formatSmall(scale.highest)}, log scale</span>
    </div>
  );
}

const rampText = ({ metric }: SensitivityView, lowest: number, highest: number) =>
  `Colours: ${metric.title} from ${formatSmall(lowest)} to ${formatSmall(highest)} on a logarithmic scale`;

/** How far an unfinished one has come; nothing of a finished one. */
function progressText({ complete, lines, omitted }: SensitivityView, isMeasuring: boolean): string {
  if (complete) return '';
  const layers = lines.length + omitted;
  const so = layers === 1 ? '1 layer' : `${layers} layers`;
  return isMeasuring ? `${so} so far` : `stopped after ${so}`;
}

/** What the figures stand on. */
function caption(view: SensitivityView): string {
  const { metric, data, omitted, skipped } = view;
  return [
    `${metric.title} (${metric.unit}) between the whole model’s answers before and after one layer alone is changed: mean over ${inputsText(view)}.`,
    data === 'synthetic' && 'Choose real data for figures that hold for yours.',
    omitted > 0 && `${omitted} more layers suffer less and are not shown; exports have them all.`,
    skipped > 0 && `${skipped} ${skipped === 1 ? 'layer' : 'layers'} could not be asked about.`,
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ');
}
